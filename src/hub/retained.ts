import type { Frame } from '../sse/frame.js';
import type { Audience } from '../subscriber/audience.js';
import type { RetainsUpdates } from '../transport/abilities.js';
import type { Position, StoredUpdate } from '../transport/transport.js';
import type { Replays } from './replays.js';

/** What one frame holds, in characters of data; at least one update. */
const MAX_FRAME = 1024 * 1024;

/** The exact topics an audience asks for. */
export function exactTopics({ listens }: Audience): string[] {
  return listens.flatMap(({ compiled: { matcher } }) => (matcher.type === 'exact' ? [matcher.pattern] : []));
}

/**
 * The newest update of each exact topic, for streams that begin without a cursor. As with pages of the history, the
 * transport is asked once for all who ask the same; kept until `forget`, which the sweep calls every second.
 */
export class Retained {
  private readonly byAudience = new Map<
    Audience,
    { readonly until: Position; readonly frames: Promise<Frame[]> }
  >();

  constructor(
    private readonly transport: RetainsUpdates,
    private readonly replays: Replays,
  ) {}

  /** Those up to a position that the audience may receive. @throws MercureError TRANSPORT_UNAVAILABLE */
  of(audience: Audience, until: Position): Promise<Frame[]> {
    const known = this.byAudience.get(audience);
    if (known?.until === until) return known.frames;
    const frames = this.ask(audience, until);
    this.byAudience.set(audience, { until, frames });
    // What it answers is for all who asked meanwhile, also that it is away.
    frames.catch(() => this.byAudience.delete(audience));
    return frames;
  }

  forget(): void {
    this.byAudience.clear();
  }

  private async ask(audience: Audience, until: Position): Promise<Frame[]> {
    const updates = await this.transport.latest(exactTopics(audience), until);
    const frames: Frame[] = [];
    for (const [index, page] of pagesOf(updates).entries()) {
      const key = `retained ${until} ${index}`;
      const { frame } = await this.replays.of(audience, key, { updates: page, end: until });
      if (frame) frames.push(frame);
    }
    return frames;
  }
}

function pagesOf(updates: readonly StoredUpdate[]): StoredUpdate[][] {
  const pages: StoredUpdate[][] = [];
  let size = Infinity;
  for (const stored of updates) {
    if (size + stored.update.data.length > MAX_FRAME) {
      pages.push([]);
      size = 0;
    }
    pages.at(-1)!.push(stored);
    size += stored.update.data.length;
  }
  return pages;
}
