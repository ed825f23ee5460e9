import { proveRows } from './support/blackbox.js';
import { GENERATIONS } from './support/row.js';
import { asProgram } from './support/target.js';

for (const generation of GENERATIONS) proveRows(generation, asProgram);
