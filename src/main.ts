#!/usr/bin/env node
import 'reflect-metadata';
import { run } from './standalone/run.js';
import { toldToEnd } from './standalone/told-to-end.js';

const code = await run({
  args: process.argv.slice(2),
  environment: process.env,
  print: (text) => process.stdout.write(`${text}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  input: () => process.stdin,
  ended: toldToEnd(),
});
process.exit(code);
