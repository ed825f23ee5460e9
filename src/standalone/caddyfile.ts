import { startError } from './start-error.js';

/** A directive: its words, the first being its name, and the directives of its block. */
export interface Directive {
  readonly words: readonly string[];
  readonly block?: readonly Directive[];
  readonly line: number;
}

/** A word as written: quoted with `"` (with `\"`) or a backtick, over lines too; a comment; a line's end; or bare. */
const TOKEN = /"((?:\\"|[^"])*)"|`([^`]*)`|(#[^\n]*)|(\n)|([^\s"`#]\S*)|(["`])/g;

interface Token {
  /** Undefined: the end of a line. */
  readonly word?: string;
  readonly bare: boolean;
  readonly line: number;
}

/**
 * Reads directives in the syntax of a Caddyfile, as far as a hub's have it: words, quotes, comments, blocks.
 *
 * @param source of the text, for messages
 */
export function parseDirectives(text: string, source: string): Directive[] {
  return readBlock(tokensOf(text, source), source);
}

function* tokensOf(text: string, source: string): Generator<Token, undefined> {
  let line = 1;
  for (const [all, quoted, raw, comment, end, bare, open] of `${text}\n`.matchAll(TOKEN)) {
    if (open !== undefined) throw startError(`${source}, line ${line}: a quote is not closed`, 'Close it.');
    if (end !== undefined) yield { bare: true, line };
    else if (comment === undefined) {
      yield { word: quoted?.replaceAll(String.raw`\"`, '"') ?? raw ?? bare, bare: bare !== undefined, line };
    }
    line += all.split('\n').length - 1;
  }
}

/** Directives up to the end, or to the `}` of the block. (Not `for … of`, which would end the tokens with the block.) */
function readBlock(tokens: Generator<Token, undefined>, source: string, opened?: number): Directive[] {
  const directives: Directive[] = [];
  let words: string[] = [];
  let block: Directive[] | undefined;
  let begun = 0;
  for (let next = tokens.next(); !next.done; next = tokens.next()) {
    const { word, bare, line } = next.value;
    const closes = bare && word === '}';
    if (bare && word === '{' && words.length > 0) block = readBlock(tokens, source, line);
    else if (word !== undefined && !closes) {
      if (words.length === 0) begun = line;
      words.push(word);
    } else {
      if (words.length > 0) directives.push({ words, block, line: begun });
      words = [];
      block = undefined;
      if (closes && opened !== undefined) return directives;
      if (closes) throw startError(`${source}, line ${line}: a "}" without "{"`, 'Remove it.');
    }
  }
  if (opened !== undefined) throw startError(`${source}, line ${opened}: a "{" is not closed`, 'Add a "}".');
  return directives;
}
