import { afterEach, describe, expect, it, vi } from 'vitest';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import type { Hub } from '../../src/hub/hub.js';
import type { Subscriber } from '../../src/subscriber/subscriber.js';
import { sharedTables } from '../../src/topic/automaton/table-budget.js';
import { ByteCache } from '../../src/topic/byte-cache.js';
import type { Matcher } from '../../src/topic/matcher.js';
import { memory } from '../../src/transport/memory-transport.js';
import { quiet, RecordingSink, startHub } from '../hub/support.js';
import { random, seedOfRun } from './support/random.js';

/** Distinct topics, and distinct matchers: a million each with `npm run test:oracle`. */
const CASES = Math.max(20_000, Number(process.env['ORACLE_CASES'] ?? 0));
const MIB = 1024 * 1024;
const LOOK_EVERY = 1000;
const HELD = 50;

const seed = seedOfRun();
console.log(`Bounded caches: SEED=${seed} ORACLE_CASES=${CASES}`);

/** What a hub keeps by text that strangers choose, counted by those who keep it. */
interface Insides {
  readonly audiences: {
    readonly byKey: ReadonlyMap<string, unknown>;
    readonly index: {
      readonly units: number;
      readonly entries: Readonly<Record<string, ReadonlyMap<string, unknown>>>;
      readonly patterns: {
        readonly trees: ReadonlyMap<string, unknown>;
        readonly answers: ByteCache<unknown>;
      };
    };
  };
  readonly registry: { readonly size: number; readonly clients: ReadonlyMap<string, unknown> };
}
const insidesOf = (hub: Hub) => hub as unknown as Insides;

/** Every cache by bytes that anything was put into meanwhile, with the most it ever held. */
function watchByteCaches(): Map<ByteCache<unknown>, number> {
  const most = new Map<ByteCache<unknown>, number>();
  // oxlint-disable-next-line typescript/unbound-method -- called with the cache it was called on
  const { set } = ByteCache.prototype;
  vi.spyOn(ByteCache.prototype, 'set').mockImplementation(function (this: ByteCache<unknown>, ...entry) {
    set.apply(this, entry);
    most.set(this, Math.max(most.get(this) ?? 0, this.bytes));
  });
  return most;
}

const boundOf = (cache: ByteCache<unknown>) => (cache as unknown as { maxBytes: number }).maxBytes;

async function follow(hub: Hub, matchers: readonly Matcher[], client = 'c'): Promise<Subscriber> {
  const grants = { ...NO_GRANTS, subscribe: matchers };
  const subscriber = await hub.register({ matchers, grants, client, bounded: true });
  hub.begin(subscriber, new ForgetfulSink());
  return subscriber;
}

/** Counts, and keeps nothing itself. */
class ForgetfulSink extends RecordingSink {
  override send(): void {
    heard++;
  }
}
let heard = 0;

describe(`What strangers make a hub remember (seed ${seed})`, () => {
  afterEach(() => {
    vi.restoreAllMocks();
    heard = 0;
  });

  it(`stays within its bounds over ${CASES} distinct topics`, { timeout: 30 * 60_000 }, async () => {
    const most = watchByteCaches();
    const hub = await startHub({ transport: memory({ maxUpdates: 1000 }) });
    const patterns: Matcher[] = [
      { type: 'urlpattern', pattern: 'https://x.example/:a/*' },
      { type: 'urlpattern', pattern: 'https://x.example/(\\w+)-([ab]*)/:b' },
      { type: 'template', pattern: 'https://x.example/{a}/{+b}' },
    ];
    for (const pattern of patterns) await follow(hub, [pattern]);
    const { pick, below } = random(seed);
    const { answers } = insidesOf(hub).audiences.index.patterns;
    for (let published = 0; published < CASES; published += LOOK_EVERY) {
      const batch = Array.from({ length: LOOK_EVERY }, (_, index) => {
        const id = String(published + index);
        const topic = `https://x.example/${pick(['a', 'a-b', 'é'])}/${'x'.repeat(below(200))}${id}`;
        return { id, topics: [topic], data: '', private: false };
      });
      await hub.publish(batch);
      await quiet();
      expect(sharedTables.bytes).toBeLessThanOrEqual(64 * MIB);
    }
    expect(heard).toBeGreaterThanOrEqual(CASES / LOOK_EVERY);
    expect(most.get(answers)).toBeLessThanOrEqual(4 * MIB);
    // It was filled to the brim, so that the bound is what held it.
    expect(most.get(answers)).toBeGreaterThan(3.9 * MIB);
    for (const [cache, bytes] of most) expect(bytes).toBeLessThanOrEqual(boundOf(cache));
    await hub.shutdown(0);
  });

  it(
    `stays within its bounds over ${CASES} distinct matchers, and none is left`,
    {
      timeout: 30 * 60_000,
    },
    async () => {
      const most = watchByteCaches();
      const hub = await startHub();
      const { index } = insidesOf(hub).audiences;
      const { pick } = random(seed);
      const held: Subscriber[] = [];
      for (let made = 0; made < CASES; made++) {
        const pattern = pick([
          { type: 'exact', pattern: `https://x.example/${made}` },
          { type: 'template', pattern: `https://x.example/${made}/{a}` },
          { type: 'urlpattern', pattern: `https://x.example/${made}/:a` },
          { type: 'urlpattern', pattern: `https://h${made}.example/*a*` },
          { type: 'urlpattern', pattern: `https://x.example/([a-b${made}]+|c${made})/:n${made}` },
        ] as const satisfies Matcher[]);
        held.push(await follow(hub, [pattern], `client ${made}`));
        if (held.length > HELD) hub.leave(held.shift()!);
        if (made % LOOK_EVERY !== 0) continue;
        // One that all of them are asked for.
        await hub.publish([
          { id: String(made), topics: [`https://x.example/${made}/a`], data: '', private: true },
        ]);
        await quiet();
        const entries = Object.values(index.entries).reduce((sum, { size }) => sum + size, 0);
        expect(entries).toBe(held.length);
        expect(insidesOf(hub).registry.clients.size).toBe(held.length);
        expect(index.patterns.trees.size).toBeLessThanOrEqual(held.length + 1);
        expect(sharedTables.bytes).toBeLessThanOrEqual(64 * MIB);
      }
      for (const subscriber of held) hub.leave(subscriber);
      expect(most.size).toBeGreaterThan(2);
      for (const [cache, bytes] of most) expect(bytes).toBeLessThanOrEqual(boundOf(cache));
      const { audiences, registry } = insidesOf(hub);
      expect({
        units: index.units,
        entries: Object.values(index.entries).map(({ size }) => size),
        trees: index.patterns.trees.size,
        audiences: audiences.byKey.size,
        subscribers: registry.size,
        clients: registry.clients.size,
      }).toEqual({ units: 0, entries: [0, 0, 0, 0], trees: 0, audiences: 0, subscribers: 0, clients: 0 });
      await hub.shutdown(0);
    },
  );
});
