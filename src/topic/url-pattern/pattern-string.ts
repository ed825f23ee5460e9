import { InvalidPattern } from '../automaton/invalid-pattern.js';
import type { Modifier, Part } from './part.js';
import type { Syntax } from './syntax.js';
import { type Token, tokenize, type TokenType } from './tokenizer.js';

const MODIFIERS: ReadonlyMap<string, Modifier> = new Map([
  ['?', 'optional'],
  ['*', 'zero-or-more'],
  ['+', 'one-or-more'],
]);

/** How the standard spells `:name` as a regular expression. */
const SEGMENT_REGEXPS: Readonly<Record<Syntax['delimiter'], string>> = {
  '': '[^]+?',
  '.': '[^\\.]+?',
  '/': '[^\\/]+?',
};

/**
 * Reads the pattern string of one component (WHATWG URL Pattern, "parse a pattern string").
 *
 * @throws InvalidPattern
 */
export function parsePatternString(input: string, syntax: Syntax): Part[] {
  return new PatternParser(tokenize(input, 'strict'), syntax).parse();
}

class PatternParser {
  private readonly parts: Part[] = [];
  private pendingFixedValue = '';
  private index = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly syntax: Syntax,
  ) {}

  parse(): Part[] {
    while (this.tokens[this.index]!.type !== 'end') {
      // Either [char] [:name] [(group) | *] [modifier] …
      const char = this.take('char');
      const name = this.take('name');
      const group = this.takeGroup(name);
      if (name !== undefined || group !== undefined) {
        const isPrefix = char !== undefined && char.value === this.syntax.prefix;
        if (!isPrefix) this.pendingFixedValue += char?.value ?? '';
        this.addPart(isPrefix ? char.value : '', name, group, '', this.takeModifier());
        continue;
      }
      // … or more fixed text …
      const fixed = char ?? this.take('escaped-char');
      if (fixed !== undefined) {
        this.pendingFixedValue += fixed.value;
        continue;
      }
      // … or { prefix [:name] [(group) | *] suffix } [modifier].
      this.require('open', 'a modifier must follow a group, and a "}" needs its "{"');
      const prefix = this.takeText();
      const innerName = this.take('name');
      const innerGroup = this.takeGroup(innerName);
      const suffix = this.takeText();
      this.require('close', 'a "{" must be closed by "}" and hold at most one group');
      this.addPart(prefix, innerName, innerGroup, suffix, this.takeModifier());
    }
    this.flushFixedValue();
    const names = this.parts.map(({ name }) => name).filter((name) => name !== '');
    if (new Set(names).size < names.length) {
      throw new InvalidPattern('each name may be used once in a component');
    }
    return this.parts;
  }

  private addPart(
    prefix: string,
    name: Token | undefined,
    group: Token | undefined,
    suffix: string,
    modifier: Modifier,
  ): void {
    const hasGroup = name !== undefined || group !== undefined;
    if (!hasGroup && modifier === 'none') {
      // `{text}` is no more than the text, and joins what stands around it.
      this.pendingFixedValue += prefix;
      return;
    }
    this.flushFixedValue();
    if (!hasGroup) {
      if (prefix !== '') this.pushFixed(prefix, modifier);
      return;
    }
    const type = this.typeOf(group);
    this.parts.push({
      type,
      name: name?.value ?? '',
      value: type === 'regexp' ? group!.value : '',
      modifier,
      prefix: this.syntax.canonicalize(prefix),
      suffix: this.syntax.canonicalize(suffix),
    });
  }

  /** Wildcards spelled as groups are wildcards. */
  private typeOf(group: Token | undefined): Part['type'] {
    if (group === undefined || group.value === SEGMENT_REGEXPS[this.syntax.delimiter])
      return 'segment-wildcard';
    if (group.type === 'asterisk' || group.value === '.*') return 'full-wildcard';
    return 'regexp';
  }

  private flushFixedValue(): void {
    if (this.pendingFixedValue === '') return;
    const value = this.pendingFixedValue;
    this.pendingFixedValue = '';
    this.pushFixed(value, 'none');
  }

  private pushFixed(value: string, modifier: Modifier): void {
    this.parts.push({
      type: 'fixed-text',
      name: '',
      value: this.syntax.canonicalize(value),
      modifier,
      prefix: '',
      suffix: '',
    });
  }

  private take(type: TokenType): Token | undefined {
    const token = this.tokens[this.index]!;
    if (token.type !== type) return undefined;
    this.index += 1;
    return token;
  }

  private takeGroup(name: Token | undefined): Token | undefined {
    // After a name an asterisk is its modifier.
    return this.take('regexp') ?? (name === undefined ? this.take('asterisk') : undefined);
  }

  private takeModifier(): Modifier {
    const token = this.take('other-modifier') ?? this.take('asterisk');
    return MODIFIERS.get(token?.value ?? '') ?? 'none';
  }

  private takeText(): string {
    let text = '';
    for (;;) {
      const token = this.take('char') ?? this.take('escaped-char');
      if (token === undefined) return text;
      text += token.value;
    }
  }

  private require(type: TokenType, advice: string): void {
    if (this.take(type) === undefined) throw new InvalidPattern(advice);
  }
}
