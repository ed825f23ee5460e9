import { describe, it } from 'vitest';
import { transportContract } from 'nestjs-mercure/testing';
import { named } from '../../support/named.js';
import { sqliteStore } from './support/stores.js';
import { subject } from './support/subject.js';

describe('a log in SQLite', () => {
  it.each(named(transportContract(subject(sqliteStore, 'one'))))('%s', (_, { run }) => run());
});
