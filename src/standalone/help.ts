import { VARIABLES } from './variables.js';

/** Every variable with its unit, default and meaning: what `--help` prints. */
export function help(): string {
  const entries = VARIABLES.map(({ name, aliases, unit, fallback, meaning }) => {
    const also = aliases.length > 0 ? `\n      also: ${aliases.join(', ')}` : '';
    return `  ${name}  (${unit}; default: ${fallback})\n      ${meaning}${also}`;
  });
  return [
    'nestjs-mercure: a Mercure hub, configured by the environment.',
    '',
    'Usage: npx nestjs-mercure [--help | --version | --health | import <file>]',
    '  --help         this text',
    '  --version      of the package',
    '  --health       asks the hub this environment starts whether it is up; exits 0 or 1',
    "  import <file>  stores an export of the Go hub's Bolt file where MERCURE_TRANSPORT_URL says; - reads it from a pipe",
    '',
    'Variables (lists are separated by spaces or commas; an empty variable is not set):',
    ...entries,
    '',
  ].join('\n');
}
