import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';

export default defineConfig({
  // The package by its name is its source: one copy of every class, and nothing to build first.
  resolve: {
    alias: [
      { find: /^nestjs-mercure$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) },
      { find: /^nestjs-mercure\//, replacement: fileURLToPath(new URL('src/', import.meta.url)) },
    ],
  },
  test: {
    include: ['test/**/*.spec.ts', 'test/**/*.e2e-spec.ts'],
    exclude: [
      ...configDefaults.exclude,
      // It installs from the registry: `npm run test:package`.
      'test/package/**',
      // It plays against a hub that somebody names.
      ...(process.env['BLACKBOX_URL'] ? [] : ['test/blackbox/elsewhere.e2e-spec.ts']),
    ],
    // One for each core. The default leaves one core to itself: of two, half the machine.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    // A file has a process of its own. Those that shared one saved a second each and lost more: it grew to 1.6 GB, what
    // mocks a module failed, and several of test/hub, green alone, hung.
    isolate: true,
    // A hang guard, never a measurement: the machines that run this are shared.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
