import { ASYMMETRIC, HMAC } from '../authorization/algorithms.js';
import type { Algorithm } from '../options/mercure-options.js';

/** How a kind of value is written in the environment, and read from it. */
export interface ValueType<T> {
  /** One or two words for `--help`. */
  readonly unit: string;
  /** The end of "it must be …". */
  readonly expected: string;
  /** Undefined where the text is no such value. The text is trimmed, unless the type is `verbatim`. */
  readonly parse: (text: string) => T | undefined;
  readonly verbatim?: true;
}

const TRUE = ['1', 'true', 'yes', 'on'];
const FALSE = ['0', 'false', 'no', 'off'];
const ALGORITHMS: readonly Algorithm[] = [...HMAC, ...ASYMMETRIC];

/** The units of Go's durations, and days, which its configuration files have besides. */
const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** `k` and `kb` are thousands, `kib` is 1,024. */
const BYTES = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  kib: 2 ** 10,
  m: 1e6,
  mb: 1e6,
  mib: 2 ** 20,
  g: 1e9,
  gb: 1e9,
  gib: 2 ** 30,
};

export const BOOLEAN: ValueType<boolean> = {
  unit: 'boolean',
  expected: `one of ${TRUE.join(', ')}, ${FALSE.join(', ')}`,
  parse: (text) => {
    const word = text.toLowerCase();
    return TRUE.includes(word) ? true : FALSE.includes(word) ? false : undefined;
  },
};

export const DURATION: ValueType<number> = {
  unit: 'duration',
  expected: 'a duration with its units, like 40s, 1m30s or 500ms; or 0',
  parse: (text) => {
    if (text === '0') return 0;
    if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined;
    const parts = [...text.matchAll(/([\d.]+)(ms|[smhd])/g)];
    return safe(parts.reduce((sum, [, n, unit]) => sum + Number(n) * MILLISECONDS[unit as 's'], 0));
  },
};

export const SIZE: ValueType<number> = {
  unit: 'bytes',
  expected: 'a number of bytes, like 1048576, 512KB or 1MiB; or 0',
  parse: (text) => {
    const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([kmg]?i?b?)$/i.exec(text) ?? [];
    const factor = BYTES[unit?.toLowerCase() as keyof typeof BYTES];
    return digits === undefined || factor === undefined ? undefined : safe(Number(digits) * factor);
  },
};

export const COUNT: ValueType<number> = {
  unit: 'number',
  expected: 'a whole number of 0 or more',
  parse: (text) => (/^\d+$/.test(text) ? safe(Number(text)) : undefined),
};

export const PORT: ValueType<number> = {
  unit: 'port',
  expected: 'a port from 0 (any that is free) to 65535',
  parse: (text) => (/^\d+$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
};

export const TEXT: ValueType<string> = { unit: 'text', expected: 'text', parse: (text) => text };

/** A URL that is judged where it is used. */
export const URL_TEXT: ValueType<string> = { unit: 'URL', expected: 'a URL', parse: (text) => text };

export const FILE: ValueType<string> = {
  unit: 'path',
  expected: 'the path of a file',
  parse: (text) => text,
};

/** As it stands: white space may be part of a secret. */
export const SECRET: ValueType<string> = {
  unit: 'key',
  expected: 'a secret, a PEM key or a JSON Web Key',
  parse: (text) => text,
  verbatim: true,
};

export const LIST: ValueType<string[]> = {
  unit: 'list',
  expected: 'a list, separated by spaces or commas',
  // Named twice is meant once.
  parse: (text) => [...new Set(text.split(/[\s,]+/).filter((entry) => entry !== ''))],
};

export const ALGORITHM: ValueType<Algorithm> = oneOf(...ALGORITHMS);

/** A URL of HTTP. Its text is kept as it is: what it is compared with is compared byte for byte. */
export const HTTP_URL: ValueType<string> = {
  unit: 'URL',
  expected: 'an absolute http or https URL',
  parse: (text) => (isHttpUrl(text) ? text : undefined),
};

export const HTTP_URLS: ValueType<string[]> = {
  unit: 'list of URLs',
  expected: 'absolute http or https URLs, separated by spaces or commas',
  parse: (text) => {
    const urls = LIST.parse(text)!;
    return urls.every(isHttpUrl) ? urls : undefined;
  },
};

/** One of some words, exactly. */
export function oneOf<const T extends string>(...words: readonly T[]): ValueType<T> {
  return {
    unit: words.length > 4 ? 'name' : words.join(' or '),
    expected: `one of ${words.join(', ')}`,
    parse: (text) => words.find((word) => word === text),
  };
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function safe(value: number): number | undefined {
  return Number.isSafeInteger(Math.round(value)) ? Math.round(value) : undefined;
}
