import { MercureError } from '../errors.js';
import { ALL, type Matcher } from './matcher.js';

/**
 * Topics as application code names them. A string is always an exact topic, `'*'` too: what comes from a path
 * parameter must not open everything. Everything is `{ all: true }`.
 */
export type TopicsInput =
  | string
  | readonly string[]
  | {
      match?: string | readonly string[];
      urlPattern?: string | readonly string[];
      template?: string | readonly string[];
      all?: true;
    };

const TYPES = { match: 'exact', urlPattern: 'urlpattern', template: 'template' } as const;

/** @throws MercureError MATCHER_UNKNOWN, MATCHER_INVALID where it names nothing, or something else */
export function matchersOfInput(input: TopicsInput): Matcher[] {
  if (typeof input === 'string' || Array.isArray(input)) return exact(listOf(input));
  const named = Object.entries(input).flatMap(([name, value]: [string, unknown]): Matcher[] => {
    if (value === undefined) return [];
    if (name === 'all' && value === true) return [ALL];
    if (!Object.hasOwn(TYPES, name)) throw unknownName(name);
    const type = TYPES[name as keyof typeof TYPES];
    return listOf(value).map((pattern) => ({ type, pattern }));
  });
  if (named.length === 0) throw nothing();
  return named;
}

function exact(topics: readonly string[]): Matcher[] {
  if (topics.length === 0) throw nothing();
  return topics.map((pattern) => ({ type: 'exact', pattern }));
}

function listOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.every((item) => typeof item === 'string')) return list;
  throw new MercureError(
    'MATCHER_INVALID',
    400,
    'a topic is not a string',
    'Name topics and patterns as strings.',
  );
}

function unknownName(name: string): MercureError {
  return new MercureError(
    'MATCHER_UNKNOWN',
    400,
    `unknown matcher "${name}"`,
    'Use match, urlPattern, template or all.',
  );
}

function nothing(): MercureError {
  return new MercureError(
    'TOPIC_MISSING',
    400,
    'no topic to subscribe to',
    'Name a topic, or say { all: true }.',
  );
}
