import { beforeAll, describe, it } from 'vitest';
import { transportContract } from 'nestjs-mercure/testing';
import { mariadbAnswers } from '../../support/mariadb.js';
import { buildProgram } from '../../standalone/support/program.js';
import { named } from '../../support/named.js';
import { mariadbStore } from './support/stores.js';
import { subject } from './support/subject.js';

describe.skipIf(!(await mariadbAnswers('the contract of a log in MariaDB')))('a log in MariaDB', () => {
  beforeAll(() => void buildProgram(), 180_000);

  it.each(named(transportContract(subject(mariadbStore, 'many'))))('%s', (_, { run }) => run());
});
