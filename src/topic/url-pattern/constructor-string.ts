import { COMPONENTS, type Component, type ComponentPatterns } from './components.js';
import { compileComponent, matchesSpecialScheme } from './component-matcher.js';
import { type Token, tokenize } from './tokenizer.js';

type State = Component | 'init' | 'authority' | 'done';

/**
 * Cuts a whole pattern (`https://example.com/books/:id`) into the patterns of its components
 * (WHATWG URL Pattern, "parse a constructor string").
 *
 * @throws InvalidPattern when the protocol is no pattern
 */
export function parseConstructorString(input: string): ComponentPatterns {
  return new ConstructorStringParser(input).parse();
}

class ConstructorStringParser {
  private readonly tokens: Token[];
  private readonly result: ComponentPatterns = {};
  private state: State = 'init';
  private componentStart = 0;
  private index = 0;
  private groupDepth = 0;
  private bracketDepth = 0;
  private isSpecial = false;

  constructor(private readonly input: string) {
    this.tokens = tokenize(input, 'lenient');
  }

  parse(): ComponentPatterns {
    while (this.state !== 'done') {
      const token = this.tokens[this.index]!;
      if (token.type === 'end') this.end();
      else if (token.type === 'open') {
        // A component never ends within braces.
        this.groupDepth += 1;
        this.index += 1;
      } else if (this.groupDepth > 0 && token.type !== 'close') this.index += 1;
      else {
        if (this.groupDepth > 0) this.groupDepth -= 1;
        if (!this.step()) this.index += 1;
      }
    }
    // Whoever leaves the port out means the default port; any port is spelled `:*`.
    if (this.result.hostname !== undefined) this.result.port ??= '';
    return this.result;
  }

  /** The end of the input ends the component, unless it shows that another one was being read. */
  private end(): void {
    if (this.state === 'init') {
      // No protocol was found: the pattern is relative.
      this.index = this.componentStart;
      if (this.isChar(this.index, '#')) this.change('hash', 1);
      else if (this.isSearchPrefix()) this.change('search', 1);
      else this.change('pathname', 0);
    } else if (this.state === 'authority') this.rewind('hostname');
    else this.change('done', 0);
  }

  /** @returns whether the state changed, which sets the index itself */
  private step(): boolean {
    switch (this.state) {
      case 'init':
        return this.isHere(':') && this.rewind('protocol');
      case 'protocol':
        return this.isHere(':') && this.leaveProtocol();
      case 'authority':
        if (this.isHere('@')) return this.rewind('username');
        return this.isPathEnd(true) && this.rewind('hostname');
      case 'username':
        if (this.isHere(':')) return this.change('password', 1);
        return this.isHere('@') && this.change('hostname', 1);
      case 'password':
        return this.isHere('@') && this.change('hostname', 1);
      case 'hostname':
        return this.stepHostname();
      case 'port':
        return this.stepPath(true);
      case 'pathname':
        return this.stepPath(false);
      case 'search':
        return this.isHere('#') && this.change('hash', 1);
      default:
        return false;
    }
  }

  private stepHostname(): boolean {
    if (this.isHere('[')) this.bracketDepth += 1;
    else if (this.isHere(']')) this.bracketDepth -= 1;
    else if (this.isHere(':') && this.bracketDepth === 0) return this.change('port', 1);
    else return this.stepPath(true);
    return false;
  }

  private stepPath(mayBegin: boolean): boolean {
    if (mayBegin && this.isHere('/')) return this.change('pathname', 0);
    if (this.isSearchPrefix()) return this.change('search', 1);
    return this.isHere('#') && this.change('hash', 1);
  }

  private leaveProtocol(): boolean {
    this.isSpecial = matchesSpecialScheme(compileComponent('protocol', this.componentText()));
    if (this.isChar(this.index + 1, '/') && this.isChar(this.index + 2, '/'))
      return this.change('authority', 3);
    return this.change(this.isSpecial ? 'authority' : 'pathname', 1);
  }

  private isPathEnd(mayBegin: boolean): boolean {
    return (mayBegin && this.isHere('/')) || this.isSearchPrefix() || this.isHere('#');
  }

  private change(next: State, skip: number): true {
    const { state, result } = this;
    if (state !== 'init' && state !== 'authority' && state !== 'done') result[state] = this.componentText();
    if (state !== 'init' && next !== 'done') {
      // What is skipped on the way to a later component is empty, not a wildcard.
      if (skips(state, next, 'hostname')) result.hostname ??= '';
      if (skips(state, next, 'pathname')) result.pathname ??= this.isSpecial ? '/' : '';
      if (skips(state, next, 'search')) result.search ??= '';
    }
    this.state = next;
    this.index += skip;
    this.componentStart = this.index;
    return true;
  }

  private rewind(state: State): true {
    this.index = this.componentStart;
    this.state = state;
    return true;
  }

  private componentText(): string {
    return this.input.slice(this.tokenAt(this.componentStart).index, this.tokens[this.index]!.index);
  }

  private isHere(value: string): boolean {
    return this.isChar(this.index, value);
  }

  /** Whether the token is this character without any meaning in the pattern syntax. */
  private isChar(index: number, value: string): boolean {
    const { type, value: actual } = this.tokenAt(index);
    return actual === value && (type === 'char' || type === 'escaped-char' || type === 'invalid-char');
  }

  /** A question mark begins the search, unless it is the modifier of the group before it. */
  private isSearchPrefix(): boolean {
    if (this.isHere('?')) return true;
    if (this.tokens[this.index]!.value !== '?') return false;
    const previous = this.index === 0 ? undefined : this.tokens[this.index - 1]!.type;
    return previous !== 'name' && previous !== 'regexp' && previous !== 'close' && previous !== 'asterisk';
  }

  private tokenAt(index: number): Token {
    return this.tokens[Math.min(index, this.tokens.length - 1)]!;
  }
}

/** In the order of a URL; the authority is where user name, password and host are still one text. */
const ORDER: readonly State[] = ['protocol', 'authority', ...COMPONENTS.slice(1)];

/** Whether going from one state to another leaves out the component in between. */
function skips(from: State, to: State, component: Component): boolean {
  const between = ORDER.indexOf(component);
  return ORDER.indexOf(from) < between && between < ORDER.indexOf(to);
}
