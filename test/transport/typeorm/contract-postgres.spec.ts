import { beforeAll, describe, it } from 'vitest';
import { transportContract } from 'nestjs-mercure/testing';
import { postgresAnswers } from '../../support/postgres.js';
import { buildProgram } from '../../standalone/support/program.js';
import { named } from '../../support/named.js';
import { postgresStore } from './support/stores.js';
import { subject } from './support/subject.js';

describe.skipIf(!(await postgresAnswers('the contract of a log in PostgreSQL')))(
  'a log in PostgreSQL',
  () => {
    beforeAll(() => void buildProgram(), 180_000);

    it.each(named(transportContract(subject(postgresStore, 'many'))))('%s', (_, { run }) => run());
  },
);
