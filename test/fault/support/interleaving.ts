import { random, type Random } from '../../property/support/random.js';
import { NO_GRANTS } from '../../../src/authorization/grants.js';
import type { Hub } from '../../../src/hub/hub.js';
import { exact, RecordingSink, startHub, update } from '../../hub/support.js';
import { type ScriptedTransport, scriptedTransport } from './scripted-transport.js';

const GAP = 'gap';

/** A stream of one run, and what it may not hear: what was there when it asked. */
interface Listening {
  readonly from: string | undefined;
  /** How much of the order the node had been given when it began. */
  readonly begun: number;
  readonly sink: RecordingSink;
}

/**
 * One interleaving: publishing, delivery, answers of the store, readers that stall, streams that come, the turns of the
 * event loop, and sometimes a store that is emptied, in an order that one number determines.
 *
 * @returns what is wrong, or undefined
 */
export async function interleave(seed: number): Promise<string | undefined> {
  const run = new Run(random(seed));
  await run.play();
  return run.fault();
}

/** What may happen next, some of it more often than the rest. */
const USUAL = [
  'publish',
  'publish',
  'deliver',
  'answer',
  'answer',
  'listen',
  'turn',
  'turn',
  'stall',
  'drain',
] as const;

const ACTS: Readonly<Record<(typeof USUAL)[number] | 'wipe', (run: Run) => Promise<void> | void>> = {
  publish: (run) => run.publish(),
  deliver: (run) => run.deliver(),
  answer: (run) => run.answer(),
  listen: (run) => run.listen(),
  turn: (run) => run.turn(),
  stall: (run) => run.stall(),
  drain: (run) => run.drain(),
  wipe: (run) => run.wipe(),
};

class Run {
  private readonly transport: ScriptedTransport = scriptedTransport();
  /** What was given to the node, in order: ids and gaps. */
  private readonly order: string[] = [];
  private readonly listening: Listening[] = [];
  private readonly known: string[] = [];
  private hub!: Hub;
  private published = 0;

  constructor(private readonly random: Random) {}

  async play(): Promise<void> {
    this.hub = await startHub({ transport: this.transport });
    const steps = 20 + this.random.below(40);
    const wipes = this.random.once(3);
    for (let step = 0; step < steps; step++) {
      await ACTS[this.random.pick(wipes ? [...USUAL, 'wipe' as const] : USUAL)](this);
    }
    await this.settle();
    this.publish();
    await this.settle();
    await this.hub.shutdown(0);
  }

  publish(): void {
    const id = `u${this.published++}`;
    this.known.push(id);
    void this.hub.publish([update(id)]);
  }

  deliver(): void {
    const count = 1 + this.random.below(4);
    for (const next of this.transport.deliveries.slice(0, count)) {
      this.order.push('gap' in next ? GAP : next.update.id);
    }
    this.transport.deliver(count);
  }

  answer(): void {
    const { answers } = this.transport;
    if (answers.length > 0) answers.splice(this.random.below(answers.length), 1)[0]!();
  }

  listen(): void {
    const from = this.random.pick([undefined, 'earliest', 'never', ...this.known.slice(-12)]);
    const sink = new RecordingSink();
    const request = { matchers: [exact('t')], grants: NO_GRANTS, client: 'c', bounded: true };
    const subscriber = this.hub.registerNow(request);
    this.listening.push({ from, begun: this.order.length, sink });
    // As HTTP does, which tells the cursor in a header first; or as the application's own code does.
    if (from === undefined || this.random.once(2)) this.hub.begin(subscriber, sink, from);
    else void this.hub.locate(from).then((cursor) => this.hub.begin(subscriber, sink, from, cursor));
  }

  stall(): void {
    if (this.listening.length > 0) this.random.pick(this.listening).sink.stalled = true;
  }

  drain(): void {
    if (this.listening.length === 0) return;
    const { sink } = this.random.pick(this.listening);
    sink.stalled = false;
    sink.drain();
  }

  wipe(): void {
    if (this.random.once(3)) this.transport.wipe();
  }

  turn(): Promise<void> {
    return new Promise((resume) => setImmediate(resume));
  }

  /** Everything that waits is let go until nothing does. */
  private async settle(): Promise<void> {
    for (const { sink } of this.listening) {
      sink.stalled = false;
      sink.drain();
    }
    for (let idle = 0; idle < 6;) {
      const { answers, deliveries } = this.transport;
      idle = answers.length + deliveries.length === 0 ? idle + 1 : 0;
      this.deliver();
      for (const answer of answers.splice(0)) answer();
      await this.turn();
    }
  }

  fault(): string | undefined {
    for (const listening of this.listening) {
      const fault = this.faultOf(listening);
      if (fault)
        return `from ${listening.from}: ${fault}; heard ${heard(listening).join(' ')} of ${this.order.join(' ')}`;
    }
    return undefined;
  }

  /** The promise: a part of the order, each once, and every hole in it is told; to the end. */
  private faultOf(listening: Listening): string | undefined {
    const { from, begun } = listening;
    const wiped = this.order.includes(GAP);
    const [first] = heard(listening);
    // Everything kept: after the store was emptied, that is what came since.
    const earliest = wiped && first !== undefined && first !== GAP ? this.order.indexOf(first) : 0;
    const after = from === 'earliest' ? earliest : this.order.indexOf(from ?? '') + 1;
    // Told at once that its cursor is not kept, it goes on from wherever the node is.
    let place = first === GAP ? 0 : from === undefined ? begun : after;
    let told = false;
    for (const each of heard(listening)) {
      if (each === GAP) {
        told = true;
        continue;
      }
      const next = this.order.indexOf(each);
      if (next < place) return `${each} is heard twice, or late`;
      const hole = this.order.slice(place, next).filter((item) => item !== GAP);
      if (hole.length > 0 && !told) return `${hole[0]} is missing, and it is not told`;
      place = next + 1;
      told = false;
    }
    if (this.order.slice(place).some((item) => item !== GAP)) return 'the end is missing';
    const wasKept = from === undefined || from === 'earliest' || this.order.includes(from);
    if (!wiped && wasKept && from !== 'never' && heard(listening).includes(GAP))
      return 'a gap is told that is none';
    return undefined;
  }
}

function heard({ sink }: Listening): string[] {
  return sink.frames.flatMap(({ updates, gap }) => [...updates.map(({ id }) => id), ...(gap ? [GAP] : [])]);
}
