import { choice, type Expression, oneOf, optional, repeat, sequence, text } from '../automaton/expression.js';
import { SymbolSet } from '../automaton/symbol-set.js';
import { utf8 } from '../topic.js';
import type { Operator, Template, TemplateExpression } from './template.js';

const UNRESERVED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~';
const RESERVED = "!#$&'()*+,/:;=?@[]";

const TRIPLET = ((hex) => sequence(text('%'), hex, hex))(oneOf(SymbolSet.of('0123456789ABCDEFabcdef')));

/** Any number of these characters and percent-encoded triplets. */
function value(characters: string): Expression {
  return repeat(choice(oneOf(SymbolSet.of(characters)), TRIPLET), 0);
}

const SIMPLE = value(`${UNRESERVED},`);
const NAMED = value(`${UNRESERVED},=`);
const ANYTHING = value(UNRESERVED + RESERVED);

interface Rule {
  readonly first: string;
  readonly separator: string;
  /** Whether values come as `name=value`, so that they hold a `=`. */
  readonly named: boolean;
}

/** RFC 6570, appendix A. */
const RULES: Readonly<Record<Operator, Rule>> = {
  '': { first: '', separator: ',', named: false },
  '+': { first: '', separator: ',', named: false },
  '#': { first: '#', separator: ',', named: false },
  '.': { first: '.', separator: '.', named: false },
  '/': { first: '/', separator: '/', named: false },
  ';': { first: ';', separator: ';', named: true },
  '?': { first: '?', separator: '&', named: true },
  '&': { first: '&', separator: '&', named: true },
};

/**
 * The texts that a template selects, as UTF-8 bytes: every text it could expand to, whatever the names of the
 * variables and however long their values. RFC 6570 defines expansion only; this is the reading that hubs of the 0.x
 * protocol share. Nothing is normalised.
 */
export function templateExpression(template: Template): Expression {
  return sequence(...template.map((part) => (typeof part === 'string' ? text(utf8(part)) : expansion(part))));
}

function expansion({ operator, exploded }: TemplateExpression): Expression {
  const { first, separator, named } = RULES[operator];
  if (operator === '+' || operator === '#') return framed(first, ANYTHING);
  const [head, ...tail] = exploded;
  const headValue = named || head ? NAMED : SIMPLE;
  const isExploded = exploded.includes(true);
  // An exploded variable gives any number of values, and pairs of them (`k=v`) among those.
  const tailValue = named || isExploded ? NAMED : SIMPLE;
  const times = isExploded ? Infinity : tail.length;
  // Where the separator may occur in a value, further values add nothing that the value itself does not hold.
  if (separator === ',' || separator === '.') {
    const isOne = times === 0 || headValue === tailValue;
    return framed(
      first,
      isOne ? headValue : sequence(headValue, optional(sequence(text(separator), tailValue))),
    );
  }
  return framed(first, sequence(headValue, repeat(sequence(text(separator), tailValue), 0, times)));
}

/** Everything is optional: undefined variables expand to nothing at all. */
function framed(first: string, values: Expression): Expression {
  return first === '' ? values : optional(sequence(text(first), values));
}
