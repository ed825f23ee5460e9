import { nearestName } from '../options/nearest-name.js';
import { startError } from './start-error.js';
import { VARIABLES } from './variables.js';

/**
 * Names that begin like ours and are others': the application's (Symfony's bundle), the official image's, and what
 * Kubernetes sets in every container beside a service called "mercure" or "mercure-…".
 */
const FOREIGN = [
  /^MERCURE_(?:URL|JWT_SECRET|LICENSE)$/,
  /^MERCURE_(?:\w+_)?SERVICE_/,
  /^MERCURE_PORT/,
  /^MERCURE_\w+_PORT(?:_\d+_\w+)?$/,
];

const KNOWN = VARIABLES.flatMap(({ name, aliases }) => [name, ...aliases]);
const PREFIXED = KNOWN.filter((name) => name.startsWith('MERCURE_'));
/** Two slips of a finger. Further apart, it may well be somebody else's variable. */
const TYPO_EDITS = 2;

/**
 * Warnings of names that begin like ours and are not read.
 *
 * @throws MercureError OPTIONS_INVALID where one is so near to a known name that it is a slip: the hub would run
 *   without what was asked for
 */
export function unknownNames(environment: NodeJS.ProcessEnv): string[] {
  const unknown = Object.keys(environment).filter(
    (name) =>
      name.startsWith('MERCURE_') && !KNOWN.includes(name) && !FOREIGN.some((pattern) => pattern.test(name)),
  );
  return unknown.toSorted().map((name) => {
    const nearest = nearestName(name, PREFIXED)!;
    if (nearest.edits <= TYPO_EDITS) {
      throw startError(`Unknown variable ${name}`, `Did you mean ${nearest.name}?`);
    }
    return `${name} is not read: there is no such variable. The nearest is ${nearest.name}; --help lists them all.`;
  });
}
