import { defineConfig } from 'vitest/config';

/** What `npm pack` makes, in applications outside the repository. Needs the registry: `npm run test:package`. */
export default defineConfig({
  test: {
    include: ['test/package/*.spec.ts'],
    globalSetup: ['test/package/pack.ts'],
    // Installations and compilers, on machines that are shared.
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
