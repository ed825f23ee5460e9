/** What an expression begins with and how its values are joined (RFC 6570, 2.2 and 3.2); '' is simple expansion. */
export type Operator = '' | '+' | '#' | '.' | '/' | ';' | '?' | '&';

const OPERATORS: readonly Operator[] = ['', '+', '#', '.', '/', ';', '?', '&'];

/** `{op var, …}`. The names play no part in matching, nor do prefix lengths (`:3`). */
export interface TemplateExpression {
  readonly operator: Operator;
  /** Whether each variable is exploded (`*`). */
  readonly exploded: readonly boolean[];
}

/** A URI Template of RFC 6570: literals and expressions in turn. */
export type Template = readonly (string | TemplateExpression)[];

/** Literals (2.1): no controls, space, quotes, `<>\^`{|}`; `'` is let through, as everybody does; `%` begins a triplet. */
const LITERAL = /(?:[^\p{Cc} "%<>\\^`{|}]|%[0-9A-Fa-f]{2})+/uy;
/** Expressions (2.2); the operators reserved for extensions (`= , ! @ |`) are none. */
const EXPRESSION = /\{([+#./;?&]?)([^{}]*)\}/y;
/** Variables (2.3, 2.4). */
const VARIABLE = /^(?:\w|%[0-9A-Fa-f]{2})+(?:\.(?:\w|%[0-9A-Fa-f]{2})+)*(?:\*|:[1-9]\d{0,3})?$/;

/** Reads a URI Template; undefined when it is none. */
export function parseTemplate(value: string): Template | undefined {
  const parts: (string | TemplateExpression)[] = [];
  let at = 0;
  while (at < value.length) {
    const isExpression = value[at] === '{';
    const pattern = isExpression ? EXPRESSION : LITERAL;
    pattern.lastIndex = at;
    const match = pattern.exec(value);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    if (!isExpression) parts.push(match[0]);
    else {
      const variables = match[2]!.split(',');
      if (!variables.every((variable) => VARIABLE.test(variable))) return undefined;
      parts.push({
        operator: OPERATORS.find((operator) => operator === match[1]) ?? '',
        exploded: variables.map((variable) => variable.endsWith('*')),
      });
    }
  }
  return parts;
}
