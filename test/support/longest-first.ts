import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What waits for servers, processes and browsers. */
const LONGEST = [
  'test/blackbox/',
  'test/transport/',
  'test/fault/',
  'test/examples/',
  'test/browser/',
  'test/standalone/',
  'test/broadcast/',
];

/**
 * Starts the folders whose files take longest first, so that no core is idle at the end of the run. The runner itself
 * goes by the size of files it has not run before: those of a few lines that run a whole contract came last.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const rank = LONGEST.findIndex((folder) => relative(this.ctx.config.root, moduleId).startsWith(folder));
      return rank === -1 ? LONGEST.length : rank;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- the runner's, not an array's
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}
