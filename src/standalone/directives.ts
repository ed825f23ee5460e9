import { nearestName } from '../options/nearest-name.js';
import { type Directive, parseDirectives } from './caddyfile.js';
import { readIssuer } from './issuer-directive.js';
import type { Settings } from './settings.js';
import { startError } from './start-error.js';
import { ALGORITHM } from './value-types.js';
import { VARIABLES } from './variables.js';

/** What directives say, laid over what variables said. */
export interface DirectiveSettings {
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

type Reader = (directive: Directive, source: string) => Settings;

/** Directives without a variable of one value. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['publisher_jwt', ({ words }, source) => jwt('publisher', words, source)],
  ['subscriber_jwt', ({ words }, source) => jwt('subscriber', words, source)],
  ['issuer', (directive, source) => ({ issuers: [readIssuer(directive, source)] })],
  ['transport', readTransport],
  ['protocol_version_compatibility', readCompatibility],
  // A label, where one Caddy has several hubs.
  ['name', () => ({})],
]);

/** Directives of what this hub does not have, and does not need to serve a client. */
const WITHOUT_EFFECT = [
  'playground',
  'debugger',
  'ui',
  'demo',
  'topic_matcher_cache',
  'topic_selector_cache',
  'subscriber_list_cache_size',
];

const BY_DIRECTIVE = new Map(VARIABLES.flatMap((each) => (each.directive ? [[each.directive, each]] : [])));
const NAMES = [...READERS.keys(), ...WITHOUT_EFFECT, ...BY_DIRECTIVE.keys()];

/**
 * Reads the Go hub's directives, one per line.
 *
 * @param name of the variable that holds them, for messages
 * @throws MercureError OPTIONS_INVALID naming the line, where a directive is unknown or its value is none
 */
export function readDirectives(text: string, name: string): DirectiveSettings {
  const warnings: string[] = [];
  let settings: Settings = {};
  for (const directive of parseDirectives(text, name)) {
    const word = directive.words[0]!;
    const source = `${name}, line ${directive.line}`;
    if (WITHOUT_EFFECT.includes(word)) warnings.push(`${source}: ${word} has no effect on this hub.`);
    const added = readDirective(directive, source);
    const issuers = [...(settings.issuers ?? []), ...(added.issuers ?? [])];
    settings = { ...settings, ...added, ...(issuers.length > 0 && { issuers }) };
  }
  return { settings, warnings };
}

function readDirective(directive: Directive, source: string): Settings {
  const [word, ...values] = directive.words as [string, ...string[]];
  if (WITHOUT_EFFECT.includes(word)) return {};
  const reader = READERS.get(word);
  if (reader) return reader(directive, `${source}: ${word}`);
  const variable = BY_DIRECTIVE.get(word);
  if (!variable) throw unknownDirective(word, source);
  const isFlag = variable.unit === 'boolean' && values.length === 0;
  if (values.length === 0 && !isFlag) throw startError(`${source}: ${word} has no value`, 'Give it one.');
  return variable.read(isFlag ? 'on' : values.join(' '), `${source}: ${word}`);
}

/** The word is only told where it looks like a directive's: a secret that was broken into lines must not be. */
function unknownDirective(word: string, source: string): Error {
  if (!/^[a-z_]{1,40}$/.test(word)) {
    return startError(`${source} does not begin with a directive`, 'Quote values of several lines.');
  }
  const nearest = nearestName(word, NAMES)!;
  const remedy = nearest.edits <= 2 ? `The nearest is "${nearest.name}".` : `There are ${NAMES.join(', ')}.`;
  return startError(`${source}: unknown directive "${word}"`, remedy);
}

function jwt(role: 'publisher' | 'subscriber', words: readonly string[], source: string): Settings {
  const [, key, algorithm] = words;
  const parsed = algorithm === undefined ? undefined : ALGORITHM.parse(algorithm);
  if (!key || (algorithm !== undefined && !parsed)) {
    throw startError(`Invalid ${source}`, `Write "${role}_jwt <key> [<algorithm>]", quoting a PEM key.`);
  }
  return { [`${role}Key`]: key, ...(parsed && { [`${role}Algorithm`]: parsed }) };
}

/** `transport local`, or `transport bolt { … }`. */
function readTransport({ words }: Directive, source: string): Settings {
  const engine = words[1];
  if (words.length === 2 && engine && /^[a-z]+$/.test(engine)) return { transportUrl: `${engine}://` };
  throw startError(`Invalid ${source}`, 'Write "transport local", or set MERCURE_TRANSPORT_URL.');
}

/** Draft 07's hubs let any publisher publish public updates; later ones want a selector for each topic. */
function readCompatibility({ words }: Directive, source: string): Settings {
  if (words[1] === '7') return { publicUpdates: 'any' };
  if (words[1] === '8') return {};
  throw startError(`Invalid ${source}`, 'It must be 7 or 8; both generations are spoken without it.');
}
