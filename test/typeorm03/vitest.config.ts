import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.js';

/** The broadcast suites with the oldest TypeORM that is supported: `npm run test:typeorm03`. */
export default defineConfig({
  ...base,
  resolve: { alias: [{ find: /^typeorm$/, replacement: 'typeorm03' }] },
  test: {
    ...base.test,
    include: ['test/broadcast/*.spec.ts', 'test/broadcast/outbox/*.spec.ts'],
    // About what is not installed.
    exclude: ['test/broadcast/without-typeorm.spec.ts'],
    // Nest's own module takes this TypeORM too, not the one it finds.
    server: { deps: { inline: ['@nestjs/typeorm'] } },
    env: { TYPEORM: '0.3' },
  },
});
