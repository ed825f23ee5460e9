import type { Expression } from './expression.js';
import { InvalidPattern } from './invalid-pattern.js';
import { StateSet } from './state-set.js';
import { steps } from './steps.js';
import { SymbolClasses } from './symbol-classes.js';
import { SymbolSet } from './symbol-set.js';

/**
 * States an automaton may have. "Linear" means O(states × topic): without a cap, thousands of states make even a
 * linear engine stall for seconds on one topic of a few kilobytes.
 */
export const MAX_STATES = 256;

const ACCEPT = 0;
const READ = 1;
const FORK = 2;
const START = 3;
const END = 4;

/** Thompson's construction: an expression as states joined by moves that read one symbol or nothing. */
export class Nfa {
  private readonly kinds: number[] = [];
  /** Where a state leads. */
  private readonly next: number[] = [];
  /** The other way of a fork. */
  private readonly other: number[] = [];
  /** What a reading state reads: a set, or one symbol. */
  private readonly reads: (SymbolSet | number | undefined)[] = [];
  private readonly start: number;
  /** Whether each class of symbols is read by each state. */
  private readonly table: Uint8Array;
  readonly classes: SymbolClasses;
  readonly acceptsEmpty: boolean;

  /** @throws InvalidPattern when it would have more than MAX_STATES states */
  constructor(expression: Expression) {
    // Built backwards, each piece knowing where it leads: no state has to be patched but the fork of a loop.
    this.start = this.build(expression, this.state(ACCEPT, 0));
    const reads = this.reads.filter((read) => read !== undefined);
    this.classes = SymbolClasses.telling(
      reads.filter((read) => typeof read === 'number'),
      reads.filter((read) => typeof read !== 'number'),
    );
    this.table = new Uint8Array(this.size * this.classes.count);
    this.reads.forEach((read, state) => this.fillRow(state, read));
    this.acceptsEmpty = this.acceptsAtEnd(this.initial(new StateSet()), true);
  }

  get size(): number {
    return this.kinds.length;
  }

  /** The states before the first symbol. */
  initial(into: StateSet): StateSet {
    into.clear();
    this.follow(this.start, into, true, false);
    return into;
  }

  /** The states that a symbol of the class leads to. */
  move(from: StateSet, symbolClass: number, into: StateSet): StateSet {
    const { table, next } = this;
    const columns = this.classes.count;
    into.clear();
    steps.count += from.size + 1;
    for (let i = 0; i < from.size; i++) {
      const state = from.members[i]!;
      if (table[state * columns + symbolClass] === 1) this.follow(next[state]!, into, false, false);
    }
    return into;
  }

  /** Whether the text may end in these states. */
  acceptsAtEnd(states: StateSet, atStart = false): boolean {
    const closed = new StateSet();
    for (let i = 0; i < states.size; i++) this.follow(states.members[i]!, closed, atStart, true);
    return closed.has(ACCEPT);
  }

  /** Adds a state and all that it leads to without reading. Each state is visited once per set. */
  private follow(state: number, into: StateSet, atStart: boolean, atEnd: boolean): void {
    const pending = [state];
    for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
      if (into.has(current)) continue;
      steps.count += 1;
      const kind = this.kinds[current]!;
      // Only states that wait for something are members; forks and passed gates are marked as visited.
      if (kind === FORK) {
        into.mark(current);
        pending.push(this.other[current]!, this.next[current]!);
      } else if ((kind === START && atStart) || (kind === END && atEnd)) {
        into.mark(current);
        pending.push(this.next[current]!);
      } else if (kind === START) {
        into.mark(current);
      } else into.add(current);
    }
  }

  private fillRow(state: number, read: SymbolSet | number | undefined): void {
    if (read === undefined) return;
    const { classes, table } = this;
    if (typeof read === 'number') table[state * classes.count + classes.of[read]!] = 1;
    else {
      classes.examples.forEach((example, column) => {
        if (read.has(example)) table[state * classes.count + column] = 1;
      });
    }
  }

  private state(kind: number, next: number, other = 0, read?: SymbolSet | number): number {
    if (this.kinds.length >= MAX_STATES) {
      throw new InvalidPattern('it is too complex: use fewer groups, modifiers and counted repetitions');
    }
    this.kinds.push(kind);
    this.next.push(next);
    this.other.push(other);
    this.reads.push(read);
    return this.kinds.length - 1;
  }

  private build(expression: Expression, next: number): number {
    switch (expression.kind) {
      case 'text': {
        let first = next;
        for (let i = expression.text.length - 1; i >= 0; i--) {
          first = this.state(READ, first, 0, expression.text.charCodeAt(i));
        }
        return first;
      }
      case 'set':
        return this.state(READ, next, 0, expression.set);
      case 'sequence':
        return expression.items.reduceRight((following, item) => this.build(item, following), next);
      case 'choice':
        return expression.items
          .map((item) => this.build(item, next))
          .reduceRight((others, first) => this.state(FORK, first, others));
      case 'repeat':
        return this.buildRepeat(expression.item, expression.min, expression.max, next);
      case 'start':
        return this.state(START, next);
      default:
        return this.state(END, next);
    }
  }

  private buildRepeat(item: Expression, min: number, max: number, next: number): number {
    let first = next;
    if (max === Infinity) {
      const loop = this.state(FORK, 0, next);
      this.next[loop] = this.build(item, loop);
      // `x+` enters through its own loop; there is no need to spell one more `x` in front.
      first = min > 0 ? this.next[loop] : loop;
      for (let i = 1; i < min; i++) first = this.build(item, first);
      return first;
    }
    // Optional ones are nested, x(x(x)?)?: leaving early is one fork, straight to what follows.
    for (let i = min; i < max; i++) first = this.state(FORK, this.build(item, first), next);
    for (let i = 0; i < min; i++) first = this.build(item, first);
    return first;
  }
}
