import { describe, expect, it } from 'vitest';
import { memory, type MemoryTransportOptions } from '../../src/transport/memory-transport.js';
import type { StoredUpdate, Transport } from '../../src/transport/transport.js';
import { uuidV7Urn } from '../../src/update/update-id.js';
import type { Update } from '../../src/update/update.js';

const update = (id: string, data = ''): Update => ({ id, topics: ['t'], data, private: false });

async function started(
  options?: MemoryTransportOptions,
): Promise<{ transport: Transport; seen: StoredUpdate[] }> {
  const transport = memory(options);
  const seen: StoredUpdate[] = [];
  await transport.start({
    appended: (batch) => void seen.push(...batch),
    gap: () => undefined,
  });
  return { transport, seen };
}

/** Everything after an id, page by page. */
async function replay(transport: Transport, id: string, until: string): Promise<string[]> {
  const cursor = await transport.locate(id);
  if (!cursor.found) throw new Error(`not found: ${cursor.reason}`);
  const ids: string[] = [];
  let position = cursor.position;
  while (position !== until) {
    const page = await transport.read(position, until);
    if (!page) throw new Error('a hole');
    ids.push(...page.updates.map((stored) => stored.update.id));
    position = page.end;
  }
  return ids;
}

describe('the memory transport', () => {
  it('delivers what is appended, in order, before the append is acknowledged', async () => {
    const { transport, seen } = await started();
    await transport.append([update('a'), update('b')]);
    expect(seen.map((stored) => stored.update.id)).toEqual(['a', 'b']);
  });

  it('replays what came after an id, over pages, up to the position asked for and not past it', async () => {
    const { transport, seen } = await started();
    const ids = Array.from({ length: 1234 }, (_, i) => `u${i}`);
    await transport.append(ids.map((id) => update(id)));
    expect(await replay(transport, 'u10', seen.at(-1)!.position)).toEqual(ids.slice(11));
    expect(await replay(transport, 'u10', seen[20]!.position)).toEqual(ids.slice(11, 21));
  });

  it('ends a page at 500 updates or a megabyte, and always makes progress', async () => {
    const { transport, seen } = await started();
    await transport.append(Array.from({ length: 600 }, (_, i) => update(`u${i}`)));
    await transport.append(Array.from({ length: 3 }, (_, i) => update(`large${i}`, 'x'.repeat(2 ** 20))));
    const last = seen.at(-1)!.position;
    expect((await transport.read(await transport.earliest(), last))!.updates).toHaveLength(500);
    expect((await transport.read(seen[599]!.position, last))!.updates).toHaveLength(1);
  });

  it('keeps at most its count, and says which ids it never knew and which it dropped', async () => {
    const { transport, seen } = await started({ maxUpdates: 3 });
    const old = uuidV7Urn();
    await transport.append([update(old)]);
    // The oldest kept must be younger than the dropped one by the millisecond a UUIDv7 tells.
    const born = Date.now();
    while (Date.now() <= born + 1);
    await transport.append(['b', 'c', 'd'].map((id) => update(id)));
    expect(await transport.locate(old)).toEqual({ found: false, reason: 'expired' });
    expect(await transport.locate('never')).toEqual({ found: false, reason: 'unknown' });
    expect(await transport.read(seen[0]!.position, seen.at(-1)!.position)).toBeDefined();
    expect(await transport.read('0', seen.at(-1)!.position), 'a hole is said, not skipped').toBeUndefined();
  });

  it('keeps at most its bytes', async () => {
    const { transport, seen } = await started({ maxBytes: 10_000 });
    await transport.append(Array.from({ length: 20 }, (_, i) => update(`u${i}`, 'x'.repeat(1000))));
    const kept = await replay(transport, 'u19', seen.at(-1)!.position);
    expect(kept).toEqual([]);
    expect((await transport.locate('u0')).found).toBe(false);
    expect((await transport.locate('u12')).found).toBe(true);
  });

  it('finds the newest id even when nothing is kept: whoever has it has missed nothing', async () => {
    const { transport, seen } = await started({ maxUpdates: 0 });
    await transport.append([update('a'), update('b')]);
    expect(await transport.locate('b')).toEqual({ found: true, position: seen[1]!.position });
    expect((await transport.locate('a')).found).toBe(false);
  });

  it('finds any id that is kept, whenever it is asked for the first time', async () => {
    const { transport } = await started({ maxUpdates: 30_000 });
    const ids = Array.from({ length: 50_000 }, (_, i) => `u${i}`);
    await transport.append(ids.slice(0, 45_000).map((id) => update(id)));
    expect(await transport.locate('u15000')).toEqual({ found: true, position: '15001' });
    expect(await transport.locate('u14999')).toMatchObject({ found: false });
    expect(await transport.locate('u44999')).toEqual({ found: true, position: '45000' });
    await transport.append(ids.slice(45_000).map((id) => update(id)));
    expect(await transport.locate('u19999')).toMatchObject({ found: false });
    for (const kept of [20_000, 30_000, 45_000, 49_999]) {
      expect(await transport.locate(`u${kept}`)).toEqual({ found: true, position: String(kept + 1) });
    }
  });

  it('takes a reused id for its first kept occurrence, also after a trim', async () => {
    const { transport, seen } = await started({ maxUpdates: 4 });
    await transport.append(['x', 'a', 'x', 'b'].map((id) => update(id)));
    expect(await replay(transport, 'x', seen.at(-1)!.position)).toEqual(['a', 'x', 'b']);
    await transport.append([update('c')]);
    expect(await replay(transport, 'x', seen.at(-1)!.position)).toEqual(['b', 'c']);
  });

  it('keeps its order and its index over many trims', async () => {
    const { transport, seen } = await started({ maxUpdates: 10 });
    for (let i = 0; i < 5000; i++) await transport.append([update(`u${i}`)]);
    expect(await replay(transport, 'u4992', seen.at(-1)!.position)).toEqual(
      Array.from({ length: 7 }, (_, i) => `u${4993 + i}`),
    );
  });

  it('keeps events about subscriptions by a bound of their own: a storm of them wipes no update', async () => {
    const { transport, seen } = await started({ maxUpdates: 3 });
    await transport.append(['a', 'b', 'c'].map((id) => update(id)));
    for (let index = 0; index < 12; index++) {
      const events = Array.from({ length: 1000 }, (_, each) => update(`presence-${index}-${each}`));
      await transport.append(events, 'presence');
    }
    const last = seen.at(-1)!.position;
    const kept = await replay(transport, 'a', last);
    expect(kept.slice(0, 2)).toEqual(['b', 'c']);
    expect(kept.filter((id) => id.startsWith('presence'))).toHaveLength(10_000);
    const cursor = (await transport.locate('a')) as { position: string };
    expect((await transport.read(cursor.position, last))!.presenceDropped, 'what is missing is said').toBe(
      true,
    );
    const later = (await transport.locate('presence-11-0')) as { position: string };
    expect((await transport.read(later.position, last))!.presenceDropped).toBe(false);
  });

  it('refuses bounds that are no whole numbers', () => {
    expect(() => memory({ maxUpdates: -1 })).toThrow(/maxUpdates/);
  });

  it('takes nothing once it is closed', async () => {
    const { transport } = await started();
    await transport.close();
    await expect(transport.append([update('a')])).rejects.toMatchObject({ code: 'HUB_CLOSED', status: 503 });
  });
});
