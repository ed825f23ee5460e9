#!/usr/bin/env node
import 'reflect-metadata';
import { run } from './standalone/run.js';

/** The second time it is told, the process ends at once, as without a handler. */
const ended = new Promise<void>((resolve) => {
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
});

const code = await run({
  args: process.argv.slice(2),
  environment: process.env,
  print: (text) => process.stdout.write(`${text}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  ended,
});
process.exit(code);
