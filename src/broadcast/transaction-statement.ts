/** A statement that begins or ends a transaction or a savepoint. */
export type TransactionStatement = Bracket | SavepointStatement;

interface Bracket {
  readonly kind: 'begin' | 'commit' | 'rollback';
  /** Whether another transaction begins at once (`AND CHAIN`). */
  readonly chained?: boolean;
}

interface SavepointStatement {
  readonly kind: 'savepoint' | 'release' | 'rollbackTo';
  /** Without quotes, in lower case. */
  readonly name: string;
}

/** What such a statement may begin with: every statement is looked at, and nearly all are something else. */
const FIRST_WORD = /^\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE)\b/i;
/** How nearly all statements begin: most of what is sent is seen through by its first letters. */
const OTHER_WORD = /^(?:SELECT|INSERT|UPDATE|DELETE) /;
const COMMENT = /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/)*/;

const END = String.raw`(?:\s+(?:WORK|TRANSACTION))?`;
const CHAIN = String.raw`(?:\s+AND\s+(NO\s+)?CHAIN)?(?:\s+(?:NO\s+)?RELEASE)?`;
const NAME = String.raw`(?:SAVEPOINT\s+)?("[^"]+"|\x60[^\x60]+\x60|\[[^\]]+\]|[^\s;]+)`;

const BEGIN = /^(?:BEGIN(?!\s+NOT\s+ATOMIC)|START\s+TRANSACTION)\b/i;
const COMMIT = new RegExp(`^(?:COMMIT|END)${END}${CHAIN}$`, 'i');
const ROLLBACK = new RegExp(`^(?:ROLLBACK|ABORT)${END}${CHAIN}$`, 'i');
const SAVEPOINT = new RegExp(`^SAVEPOINT\\s+${NAME.slice(NAME.indexOf('('))}$`, 'i');
const RELEASE = new RegExp(`^RELEASE\\s+${NAME}$`, 'i');
const ROLLBACK_TO = new RegExp(`^ROLLBACK${END}\\s+TO\\s+${NAME}$`, 'i');
/** The session has it no longer; what becomes of it, another will say. */
const PREPARE = /^PREPARE\s+TRANSACTION\b/i;

/**
 * The statements on transactions in a text: one, or where the text begins with one, several (`BEGIN; …; COMMIT`). It
 * knows the spellings of SQLite, PostgreSQL, MySQL and MariaDB.
 */
export function transactionStatements(text: string): readonly TransactionStatement[] {
  if (OTHER_WORD.test(text)) return NONE;
  if (!FIRST_WORD.test(text) && !mayHideComment(text)) return NONE;
  let statements = known.get(text);
  if (!statements) {
    statements = text.split(';').flatMap((part) => parse(part.replace(COMMENT, '').trimEnd()) ?? []);
    if (known.size < MAX_KNOWN && text.length < 100) known.set(text, statements);
  }
  return statements;
}

/** What TypeORM sends is the same few texts, each of which is asked for when it is sent and when it is answered. */
const known = new Map<string, readonly TransactionStatement[]>();
const MAX_KNOWN = 100;

const NONE: readonly never[] = [];

/** Only what begins with a comment is looked at behind it. */
function mayHideComment(text: string): boolean {
  return /^\s*(?:--|\/\*)/.test(text) && FIRST_WORD.test(text.replace(COMMENT, ''));
}

function parse(statement: string): TransactionStatement | undefined {
  if (BEGIN.test(statement)) return { kind: 'begin' };
  const commit = COMMIT.exec(statement);
  if (commit) return { kind: 'commit', chained: isChained(commit) };
  const rollback = ROLLBACK.exec(statement);
  if (rollback) return { kind: 'rollback', chained: isChained(rollback) };
  if (PREPARE.test(statement)) return { kind: 'rollback' };
  return (
    named('savepoint', SAVEPOINT.exec(statement)) ??
    named('release', RELEASE.exec(statement)) ??
    named('rollbackTo', ROLLBACK_TO.exec(statement))
  );
}

function isChained([text, no]: RegExpExecArray): boolean {
  return no === undefined && /\bCHAIN\b/i.test(text);
}

function named(kind: SavepointStatement['kind'], found: RegExpExecArray | null) {
  const name = found?.[1];
  return name === undefined
    ? undefined
    : { kind, name: name.replaceAll(/^["`[]|["`\]]$/g, '').toLowerCase() };
}
