import { proveElsewhere } from './support/blackbox.js';

proveElsewhere();
