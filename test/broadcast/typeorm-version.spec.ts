import { expect, it } from 'vitest';
import { TYPEORM } from './databases.js';

it('runs with the TypeORM it says it does', () => {
  expect(TYPEORM).toBe(process.env['TYPEORM'] ?? '1');
});
