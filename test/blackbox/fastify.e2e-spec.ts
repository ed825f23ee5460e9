import { proveRows } from './support/blackbox.js';
import { GENERATIONS } from './support/row.js';
import { inApplication } from './support/target.js';

for (const generation of GENERATIONS) proveRows(generation, inApplication('fastify'));
