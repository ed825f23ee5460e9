import {
  ANY,
  everything,
  exactly,
  type PathPart,
  type Spec,
  type TemplatePart,
  uriTemplate,
  urlPattern,
} from './naive-spec.js';
import type { Random } from './random.js';

/** Texts that are the same to whoever joins, lowers, decodes, normalises or looks up properties where it should not. */
const LOOKALIKES = [
  'a',
  'b',
  'A',
  '%61',
  'a,b',
  'a|b',
  'a b',
  'a","b',
  'a\\u0000b',
  'a%00b',
  'a␀b',
  'a\u2028b',
  '["exact","a"]',
  'exact a',
  'é',
  'e\u0301',
  '%C3%A9',
  '%c3%a9',
  '__proto__',
  'constructor',
  'toString',
] as const;

const ORIGINS = [
  '',
  'https://hub.example',
  'https://x.example',
  'https://X.Example',
  'http://x.example',
  'https://x.example:443',
  'https://x.example:8443',
  'https://bücher.example',
  'https://xn--bcher-kva.example',
  'https://BÜCHER.example',
] as const;

const SEGMENTS = [
  'a',
  'b',
  'A',
  'ab',
  'é',
  'e\u0301',
  '%C3%A9',
  '%c3%a9',
  '%61',
  'a,b',
  '1',
  'a b',
  ':x',
] as const;

/** Topics that are written otherwise and mean the same as a URL, or look as if they did. */
const ODD_URLS = [
  '//x.example/a',
  '/a/../b',
  '/a/%2e%2e/b',
  '/a/./b',
  'https://user:secret@x.example/a',
  'https:/x.example/a',
  'https:\\\\x.example\\a',
  'https://x.example:99999/a',
  'foo://x.example/a',
  'urn:a:b',
  'https://',
  'https://%62.example/a',
] as const;

export function topicOf(random: Random): string {
  switch (random.below(8)) {
    case 0:
    case 1:
      return random.pick(LOOKALIKES);
    case 2:
      return random.pick(ODD_URLS);
    case 3:
      // The text of a pattern is a topic like any other.
      return plainTopic(matcherOf(random).matcher.pattern);
    default:
      return urlOf(random);
  }
}

/** The topic again, as it would come out of a cache or a store that changes what it keeps. */
export function likenessOf(topic: string, random: Random): string {
  const changes = [
    () => topic.toLowerCase(),
    () => topic.toUpperCase(),
    () => topic.normalize('NFD'),
    () => topic.normalize('NFC'),
    () => encodeURI(topic),
    () => topic.replace(/%[0-9a-f]{2}/gi, (triplet) => triplet.toLowerCase()),
    () => decodeURIComponent(topic),
    () => new URL(topic).href,
    () => topic.replace(/\/$/, ''),
  ];
  try {
    return random.pick(changes)();
  } catch {
    // Not every topic is a URL, nor is every `%` an escape.
    return `${topic}/`;
  }
}

export function matcherOf(random: Random): Spec {
  switch (random.below(10)) {
    case 0:
      return random.once(3) ? everything(random.pick(['all', 'urlpattern', 'template'])) : exactly('*');
    case 1:
      return exactly(random.pick(LOOKALIKES));
    case 2:
      return exactly(random.once(4) ? random.pick(ODD_URLS) : urlOf(random));
    case 3:
      // An exact value that reads like a pattern is not one.
      return exactly(plainTopic(patternOf(random).matcher.pattern));
    case 4:
    case 5:
    case 6:
      return patternOf(random);
    case 7:
    case 8:
      return templateOf(random);
    default:
      return random.pick(PRESENCE);
  }
}

/** Events about subscriptions, of both generations, in all the ways to ask for them. */
const ROOT = '/.well-known/mercure/subscriptions';
const PRESENCE: readonly Spec[] = [
  urlPattern('', [`${ROOT}/`, ANY]),
  urlPattern('', [`${ROOT}/`, { name: 'type' }, '/', { name: 'match' }, '/', { name: 'subscriber' }]),
  urlPattern('https://hub.example', [`${ROOT}/exact/`, { name: 'match' }, '/', { name: 'subscriber' }]),
  urlPattern('', [`${ROOT}/urlpattern/`, ANY]),
  urlPattern('', [`${ROOT}/topic/`, ANY]),
  uriTemplate([ROOT, { expression: 'segment' }, { expression: 'segment' }]),
  uriTemplate([`${ROOT}/exact/a/`, { expression: 'simple' }]),
  uriTemplate([`${ROOT}/`, { expression: 'reserved' }]),
  uriTemplate([`${ROOT}/a/`, { expression: 'simple' }]),
];

function urlOf(random: Random): string {
  const path = random.some(SEGMENTS, 1, 3).join('/');
  return `${random.pick(ORIGINS)}/${path}${random.pick(['', '', '', '?a=b', '#a', '/'])}`;
}

function patternOf(random: Random): Spec {
  const parts = random.some(SEGMENTS, 1, 3).flatMap((segment, index): PathPart[] => {
    switch (random.below(6)) {
      case 0:
      case 1:
        return ['/', { name: `n${index}` }];
      case 2:
        return ['/', ANY];
      case 3:
        return [`/${segment}-`, { name: `n${index}` }];
      default:
        return [`/${segment}`];
    }
  });
  return urlPattern(random.once(6) ? '*' : random.pick(ORIGINS), parts);
}

function templateOf(random: Random): Spec {
  const start = random.pick(['', 'a', '/', 'https://x.example/', 'https://x.example', 'a,']);
  const rest = random.some<TemplatePart>(
    [
      'a',
      '/',
      'b',
      { expression: 'simple' },
      { expression: 'simple' },
      { expression: 'reserved' },
      { expression: 'segment' },
    ],
    0,
    3,
  );
  const parts = [start, ...rest];
  // The protocol takes a text without an expression for a topic.
  return uriTemplate(
    parts.some((part) => typeof part !== 'string') ? parts : [...parts, { expression: 'simple' }],
  );
}

/** `*` alone is no topic. */
function plainTopic(text: string): string {
  return text === '*' ? 'star' : text;
}
