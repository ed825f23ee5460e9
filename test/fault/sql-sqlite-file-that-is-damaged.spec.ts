import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import Libsql from 'libsql';
import { MercureError } from 'nestjs-mercure';
import { describe, expect, it } from 'vitest';
import { type Choices, choices as choicesOf } from '../../src/testing/choices.js';
import { update, updates } from '../transport/typeorm/support/node.js';
import { sqliteStore } from '../transport/typeorm/support/stores.js';
import { longOr } from './support/runs.js';
import { type SqlNode, sqlNode, storeOf } from './support/sql-nodes.js';

const WAL_HEADER = 32;
const FRAME = 24 + 4096;

const pathOf = (url: string) => url.slice('sqlite://'.length);

function checkpoint(path: string): void {
  const connection = new Libsql(path);
  connection.pragma('wal_checkpoint(TRUNCATE)');
  connection.close();
}

function flip(path: string, at: number, bit: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1 << bit;
  writeFileSync(path, bytes);
}

/** What a power cut may leave of what no disk had yet. */
function damage(wal: string, at: number, choices: Choices): string {
  const kind = ['truncated', 'zeroed', 'flipped'][choices.below(3)]!;
  if (kind === 'truncated') truncateSync(wal, at);
  else if (kind === 'flipped') flip(wal, at, choices.below(8));
  else writeFileSync(wal, readFileSync(wal).fill(0, at));
  return `${kind} at ${at}`;
}

/** What the store answers; undefined where it refuses, because the file is damaged. */
async function orDamaged<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    expect(error).toBeInstanceOf(MercureError);
    expect((error as MercureError).code).toBe('TRANSPORT_UNAVAILABLE');
    return undefined;
  });
}

/** What is read after a cursor: ids, and null where something is told to be missing. */
async function idsAfter(
  node: SqlNode,
  from: string,
  known: ReadonlyMap<string, string>,
): Promise<(string | null)[]> {
  let position = from;
  const ids: (string | null)[] = [];
  while (position !== node.position) {
    const page = await orDamaged(node.transport.read(position, node.position));
    if (!page) return [...ids, null];
    for (const { update: each } of page.updates) {
      expect(JSON.stringify(each), 'it is what was published').toBe(known.get(each.id));
      ids.push(each.id);
    }
    position = page.end;
  }
  return ids;
}

describe('A SQLite file', () => {
  it('whose write-ahead log a power cut left damaged opens with all that was acknowledged before the damage, and tells that the rest is gone', async () => {
    const seed = Math.trunc(Math.random() * 2 ** 31);
    const choices = choicesOf(seed);
    const { url } = await storeOf(sqliteStore);
    const first = await sqlNode({ url });
    await first.transport.append(updates('base', 5));
    checkpoint(pathOf(url));
    const known = new Map(updates('base', 5).map((each) => [each.id, JSON.stringify(each)]));
    /** Each acknowledged id, and where the log of writes ended then. */
    const acknowledged: { id: string; end: number }[] = [];
    for (const each of updates('u', 60)) {
      await first.transport.append([each]);
      known.set(each.id, JSON.stringify(each));
      acknowledged.push({ id: each.id, end: statSync(`${pathOf(url)}-wal`).size });
    }
    const end = acknowledged.at(-1)!.end;
    for (let run = 0; run < longOr(300, 15); run++) {
      const path = `${pathOf(url)}.${run}`;
      copyFileSync(pathOf(url), path);
      copyFileSync(`${pathOf(url)}-wal`, `${path}-wal`);
      const at = run === 0 ? end - FRAME : choices.below(end);
      const what = `seed ${seed}, run ${run}: ${damage(`${path}-wal`, at, choices)} of ${end}`;
      const frame = at < WAL_HEADER ? 0 : at - ((at - WAL_HEADER) % FRAME);
      const kept = acknowledged.filter((each) => each.end <= frame).map(({ id }) => id);
      const node = await sqlNode({ url: `sqlite://${path}` });
      const all = [...updates('base', 5).map(({ id }) => id), ...kept];
      expect(await idsAfter(node, await node.transport.earliest(), known), what).toEqual(all);
      for (const { id } of acknowledged) {
        const { found } = await node.transport.locate(id);
        expect(found, `${what}: ${id}`).toBe(kept.includes(id));
      }
      await node.transport.append([update('new')]);
      known.set('new', JSON.stringify(update('new')));
      await node.hasSeen(1);
      const last = await node.positionOf(all.at(-1)!);
      expect(await idsAfter(node, last, known), what).toEqual(['new']);
      await node.transport.close();
    }
  });

  it('in whose pages bits have flipped is refused at start, or gives what was published and tells what is missing', async () => {
    const seed = Math.trunc(Math.random() * 2 ** 31);
    const choices = choicesOf(seed);
    const { url } = await storeOf(sqliteStore);
    const first = await sqlNode({ url });
    const sent = updates('u', 120).map((each) => ({ ...each, data: `${each.id} `.repeat(60) }));
    await first.transport.append(sent);
    await first.transport.close();
    checkpoint(pathOf(url));
    const known = new Map(sent.map((each) => [each.id, JSON.stringify(each)]));
    const ids = sent.map(({ id }) => id);
    const { size } = statSync(pathOf(url));
    const seen = { refused: 0, told: 0, whole: 0 };
    for (let run = 0; run < longOr(1000, 30); run++) {
      const path = `${pathOf(url)}.${run}`;
      copyFileSync(pathOf(url), path);
      const [at, bit] = [choices.below(size), choices.below(8)];
      // A page's kind, which is looked at first of all.
      flip(path, run === 0 ? 4096 : at, run === 0 ? 3 : bit);
      const what = `seed ${seed}, run ${run}: byte ${at} of ${size}, bit ${bit}`;
      const node = await sqlNode({ url: `sqlite://${path}` }).catch((error: unknown) => {
        expect(error, what).toBeInstanceOf(MercureError);
        expect((error as MercureError).code, what).toMatch(/^TRANSPORT_/);
      });
      if (!node) {
        seen.refused++;
        continue;
      }
      const read = await idsAfter(node, await node.transport.earliest(), known);
      const end = read.indexOf(null);
      expect(read.slice(0, end === -1 ? undefined : end), what).toEqual(
        ids.slice(0, end === -1 ? undefined : end),
      );
      for (const [index, id] of ids.entries()) {
        if (index % 10 !== run % 10) continue;
        const cursor = await orDamaged(node.transport.locate(id));
        if (!cursor?.found) continue;
        const [next] = await idsAfter(node, cursor.position, known);
        if (next !== null) expect(next, `${what}: after ${id}`).toBe(ids[index + 1]);
      }
      if (end === -1) seen.whole++;
      else {
        seen.told++;
        expect(node.warnings.join(), what).toMatch(/damaged or missing/);
      }
      await node.transport.close();
    }
    console.info(`flips: ${JSON.stringify(seen)}, seed ${seed}`);
    expect(seen.refused, 'found at start').toBeGreaterThan(0);
    expect(seen.told, 'found when it is read').toBeGreaterThan(0);
  });
});
