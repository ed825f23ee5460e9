import type { BroadcastOperation } from './broadcast-options.js';

/** What a statement does to a table, as far as its text says. */
export interface RawWrite {
  readonly operation: BroadcastOperation;
  /** The table's name with what qualifies it: `['public', 'book']`. */
  readonly table: readonly string[];
  /** Whether all rows are deleted. */
  readonly isWhole: boolean;
}

/** Of a statement no more than this is looked at: an INSERT may carry megabytes. */
const MAX_LENGTH = 10_000;

/** How a statement begins that may write. Everything else is left alone after its first letters. */
const MAY_WRITE = /^\s*(?:--|\/\*|(?:INSERT|UPDATE|DELETE|REPLACE|TRUNCATE|MERGE|WITH)\b)/i;

/** What is neither a name nor a keyword: texts, comments. Quoted names are kept. */
const NOISE = /("(?:[^"]|"")*"|`[^`]*`)|'(?:[^']|'')*'|--[^\n]*|\/\*[^]*?\*\/|\$(\w*)\$[^]*?\$\2\$/g;

const NAME = String.raw`(?:"(?:[^"]|"")+"|${'`[^`]+`'}|\[[^\]]+\]|[\w$\u0080-\uffff]+)`;
const PATH = String.raw`${NAME}(?: ?\. ?${NAME})*`;
const ONLY = '(?:ONLY )?';
const VERBS: readonly (readonly [BroadcastOperation, string])[] = [
  [
    'create',
    String.raw`INSERT (?:(?:OR \w+|LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE) )*(?:INTO )?(${PATH})`,
  ],
  ['update', String.raw`REPLACE (?:(?:LOW_PRIORITY|DELAYED) )?(?:INTO )?(${PATH})`],
  // Not that of `FOR UPDATE`, `DO UPDATE` and their kin.
  [
    'update',
    String.raw`(?<!\b(?:FOR|KEY|DO|ON|THEN) )UPDATE (?:(?:OR \w+|LOW_PRIORITY|IGNORE|ONLY) )*(${PATH})`,
  ],
  ['update', String.raw`MERGE (?:INTO )?${ONLY}(${PATH})`],
  ['delete', String.raw`DELETE (?:(?:LOW_PRIORITY|QUICK|IGNORE) )*FROM ${ONLY}(${PATH})`],
  ['delete', String.raw`TRUNCATE (?:TABLE )?${ONLY}(${PATH}(?: ?, ?${PATH})*)`],
];
const STATEMENT = VERBS.map(([operation, text]) => [operation, new RegExp(`^${text}(.*)$`, 'i')] as const);
const WITHIN = VERBS.map(
  ([operation, text]) => [operation, new RegExp(String.raw`\b${text}`, 'gi')] as const,
);

/**
 * Reads from a statement's text which tables it writes, also behind WITH, and in several statements. It is a reading for
 * warnings: what an engine alone would understand (a rule, a function, another way of quoting) it does not see.
 */
export function rawWritesIn(sql: string): readonly RawWrite[] {
  if (!MAY_WRITE.test(sql)) return [];
  return sql
    .slice(0, MAX_LENGTH)
    .replaceAll(NOISE, (_text, name?: string) => name ?? ' ')
    .split(';')
    .flatMap((text) => writesOf(text.replaceAll(/\s+/g, ' ').trim()));
}

function writesOf(text: string): readonly RawWrite[] {
  if (/^WITH\b/i.test(text)) {
    return WITHIN.flatMap(([operation, verb]) =>
      [...text.matchAll(verb)].map(([, table = '']) => ({
        operation,
        table: namesOf(table),
        isWhole: false,
      })),
    );
  }
  for (const [operation, verb] of STATEMENT) {
    const [found, tables = '', rest = ''] = verb.exec(text) ?? [];
    if (found === undefined) continue;
    const isTruncated = /^TRUNCATE\b/i.test(text);
    const isWhole = isTruncated || (operation === 'delete' && rest.trim() === '');
    const each = isTruncated ? (tables.match(new RegExp(PATH, 'g')) ?? []) : [tables];
    return each.map((table) => ({ operation, table: namesOf(table), isWhole }));
  }
  return [];
}

function namesOf(path: string): readonly string[] {
  return (path.match(new RegExp(NAME, 'g')) ?? []).map((name) =>
    /^["`[]/.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name,
  );
}
