import type { Expression } from './expression.js';
import { Nfa } from './nfa.js';
import { decided, type Reading, type Recognizer } from './recognizer.js';
import { StateSet } from './state-set.js';
import { steps } from './steps.js';
import { sharedTables, type Tables } from './table-budget.js';

/** Deterministic states kept per pattern. Ordinary patterns need a dozen; only hostile topics fill the table. */
const MAX_TABLE_STATES = 256;

/** Room for a set while the next one is worked out; nothing is kept in it between two calls. */
const scratch = new StateSet();

/** A set of states of the underlying automaton, known by one name. */
interface TableState {
  readonly states: StateSet;
  readonly accepting: boolean;
  readonly next: (TableState | undefined)[];
}

/**
 * The automaton for everything that is no chain: modifiers, groups, templates. A deterministic table is filled in as
 * topics are read, so that a symbol costs one step once its state is known. When a topic has filled the table, the
 * rest of it is read on the sets themselves: at most a step or two per state and symbol, whatever the topic.
 */
export class LazyDfa implements Recognizer, Tables {
  readonly positions: number;
  private readonly nfa: Nfa;
  private table = new Map<string, TableState>();
  private first: TableState | undefined;

  /** @throws InvalidPattern when it is over the cap on states */
  constructor(
    expression: Expression,
    private readonly budget = sharedTables,
  ) {
    this.nfa = new Nfa(expression);
    this.positions = this.nfa.size;
  }

  accepts(text: string): boolean {
    return this.read(text).advance(Infinity) === true;
  }

  read(text: string): Reading {
    if (text === '') return decided(this.nfa.acceptsEmpty);
    if (this.table.size >= MAX_TABLE_STATES) this.forget();
    return new TableReading(text, this, this.nfa);
  }

  /** How many states the table has now. */
  get tableSize(): number {
    return this.table.size;
  }

  /** Drops the table. Readings under way keep what they hold and end rightly. */
  forget(): void {
    this.table = new Map();
    this.first = undefined;
    this.budget.refund(this);
  }

  /** Where every text begins. */
  begin(): TableState {
    this.first ??= this.named(this.nfa.initial(scratch)) ?? tableState(this.nfa, scratch);
    return this.first;
  }

  /** Works out where a class of symbols leads; undefined when that is a new state and the table is full. */
  extend(from: TableState, symbolClass: number): TableState | undefined {
    const to = this.named(this.nfa.move(from.states, symbolClass, scratch));
    from.next[symbolClass] = to;
    return to;
  }

  private named(states: StateSet): TableState | undefined {
    const { key } = states;
    const known = this.table.get(key);
    if (known !== undefined || this.table.size >= MAX_TABLE_STATES) return known;
    const made = tableState(this.nfa, states);
    this.table.set(key, made);
    // The set with its two arrays, the row, the key and its slot: measured, rounded up.
    this.budget.charge(this, 800 + 8 * made.next.length);
    return made;
  }
}

function tableState(nfa: Nfa, states: StateSet): TableState {
  return {
    states: new StateSet().copy(states),
    accepting: nfa.acceptsAtEnd(states),
    next: Array.from<TableState | undefined>({ length: nfa.classes.count }),
  };
}

/** A topic being read: on the table as long as that pays, on sets of states afterwards. */
class TableReading implements Reading {
  private at = 0;
  /** Where the table stands; undefined once the reading has left it. */
  private state: TableState | undefined;
  /** Where the reading stands after that, and room for where it goes. */
  private current = scratch;
  private spare = scratch;

  constructor(
    private readonly text: string,
    private readonly dfa: LazyDfa,
    private readonly nfa: Nfa,
  ) {
    this.state = dfa.begin();
  }

  advance(budget: number): boolean | undefined {
    const limit = steps.count + budget;
    while (this.at < this.text.length) {
      if (steps.count >= limit) return undefined;
      if (this.state === undefined) this.moveSet();
      else this.moveTable(this.state, limit);
      if ((this.state?.states ?? this.current).size === 0) return false;
    }
    return this.state?.accepting ?? this.nfa.acceptsAtEnd(this.current);
  }

  /** Follows the table as far as it is known, and adds to it where it ends. */
  private moveTable(from: TableState, limit: number): void {
    const { text } = this;
    const classOf = this.nfa.classes.of;
    const end = Math.min(text.length, this.at + Math.max(1, limit - steps.count));
    let state = from;
    let at = this.at;
    for (; at < end; at++) {
      const known = state.next[classOf[text.charCodeAt(at)]!];
      if (known === undefined) break;
      state = known;
    }
    steps.count += at - this.at;
    this.at = at;
    this.state = state;
    if (at < end && state.states.size > 0) this.extend(state, classOf[text.charCodeAt(at)]!);
  }

  private extend(from: TableState, symbolClass: number): void {
    this.at += 1;
    this.state = this.dfa.extend(from, symbolClass);
    if (this.state !== undefined) return;
    this.spare = new StateSet();
    this.current = this.nfa.move(from.states, symbolClass, new StateSet());
  }

  private moveSet(): void {
    const { current, spare, nfa } = this;
    this.current = nfa.move(current, nfa.classes.of[this.text.charCodeAt(this.at++)]!, spare);
    this.spare = current;
  }
}
