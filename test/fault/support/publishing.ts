import { expect } from 'vitest';
import { MercureError } from 'nestjs-mercure';
import type { ContractNode } from '../../../src/testing/contract-node.js';

/** Somebody who publishes all the time, one after the other, and notes what was acknowledged. */
export class Publishing {
  readonly acknowledged: string[] = [];
  readonly refused: string[] = [];
  private over = false;
  private readonly done: Promise<void>;

  constructor(
    private readonly node: ContractNode,
    readonly name: string,
    private readonly everyMs = 1,
  ) {
    this.done = this.run();
  }

  /** Stops, and resolves when the last publication is answered. */
  async stop(): Promise<void> {
    this.over = true;
    await this.done;
  }

  /** Resolves when so many more were acknowledged. */
  async goesOn(count = 10): Promise<void> {
    const before = this.acknowledged.length;
    while (this.acknowledged.length < before + count) await new Promise((resume) => setTimeout(resume, 5));
  }

  private async run(): Promise<void> {
    for (let number = 0; !this.over; number++) {
      const id = `${this.name}-${number}`;
      try {
        await this.node.transport.append([{ id, topics: ['t'], data: `data of ${id}`, private: false }]);
        this.acknowledged.push(id);
      } catch (error) {
        expect(error).toBeInstanceOf(MercureError);
        expect(error).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE', status: 503 });
        this.refused.push(id);
      }
      await new Promise((resume) => setTimeout(resume, this.everyMs));
    }
  }
}

/**
 * The invariant of a listener: between two gaps it was told, what it received is in the order of the publishers and
 * nothing twice; and what it was not given although it was acknowledged lies in one of them.
 */
export function expectNothingSilentlyLost(node: ContractNode, publishers: readonly Publishing[]): void {
  const { ids, gaps } = node;
  expect(new Set(node.seen.map(({ position }) => position)).size, 'no position twice').toBe(ids.length);
  expect(new Set(ids).size, 'nothing twice').toBe(ids.length);
  for (const { name, acknowledged } of publishers) {
    const heard = ids
      .filter((id) => id.startsWith(`${name}-`))
      .map((id) => Number(id.slice(name.length + 1)));
    expect(heard, 'in the order it was published').toEqual(heard.toSorted((one, other) => one - other));
    for (const id of acknowledged.filter((each) => !ids.includes(each))) {
      const next = ids.findIndex((each) => each.startsWith(`${name}-`) && numberIn(each) > numberIn(id));
      const from =
        ids.findLastIndex((each) => each.startsWith(`${name}-`) && numberIn(each) < numberIn(id)) + 1;
      const isTold = gaps.some(({ after }) => after >= from && (next === -1 || after <= next));
      expect(isTold, `${id} was acknowledged and is missing: a gap is told between ${from} and ${next}`).toBe(
        true,
      );
    }
  }
}

/** Resolves when a node has all that was acknowledged. */
export async function hasAll(node: ContractNode, publishers: readonly Publishing[]): Promise<void> {
  const wanted = new Set(publishers.flatMap(({ acknowledged }) => acknowledged));
  await node.until('everything acknowledged', () => {
    for (const id of node.ids) wanted.delete(id);
    return wanted.size === 0;
  });
}

const numberIn = (id: string): number => Number(id.slice(id.lastIndexOf('-') + 1));
