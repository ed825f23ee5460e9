/** A JSON object as it came: nothing is known of its members. */
export type JsonObject = Readonly<Record<string, unknown>>;

const LEXEME = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs;

/**
 * Parses a JSON object whose member names are unique.
 *
 * Two members of one name read differently in different parsers: what an issuer checked need not be what the hub
 * sees (RFC 7515 §4, RFC 7519 §4: such a JWT is refused or its last member is used; refusing is the safer half).
 *
 * @throws SyntaxError where the text is no JSON object, or names a member twice
 */
export function parseStrictJson(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new SyntaxError('not a JSON object');
  if (hasDuplicateNames(text)) throw new SyntaxError('a member name is used twice');
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Walks text that `JSON.parse` has taken, so that every lexeme is known to be in its place. */
function hasDuplicateNames(text: string): boolean {
  const objects: (Set<unknown> | undefined)[] = [];
  let lastString = '';
  for (const [lexeme] of text.matchAll(LEXEME)) {
    if (lexeme === '{') objects.push(new Set());
    else if (lexeme === '[') objects.push(undefined);
    else if (lexeme === '}' || lexeme === ']') objects.pop();
    else if (lexeme === ':') {
      const names = objects.at(-1);
      // Parsed, because `"\u0065xp"` and `"exp"` are one name.
      const name: unknown = JSON.parse(lastString);
      if (names?.has(name)) return true;
      names?.add(name);
    } else if (lexeme !== ',') lastString = lexeme;
  }
  return false;
}
