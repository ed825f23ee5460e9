import { MercureError } from '../../errors.js';
import { isSubscriptionEvent, readBoltUpdate } from '../../legacy/bolt-update.js';
import type { Transport } from '../../transport/transport.js';
import type { Update } from '../../update/update.js';
import type { Line } from './lines.js';

/** What is stored at once, and what of it in bytes of text. */
const BATCH_UPDATES = 500;
const BATCH_CHARACTERS = 1024 * 1024;

export interface ImportOptions {
  readonly transport: Transport;
  /** Of this hub: what lies below it are events about subscriptions. */
  readonly hubUrl: URL;
  /** @throws MercureError where the hub would refuse the update */
  readonly validate: (update: Update) => void;
  /** Told of each line that is no update. */
  readonly bad: (line: number, fault: string) => void;
  /** Whether somebody wants it to end. */
  readonly isEnded: () => boolean;
}

/** How an import went; with a bad line or an end before its time, what it did up to there. */
export interface Imported {
  stored: number;
  /** Ids that the transport had. */
  known: number;
  /** Events of the old hub about its subscriptions. */
  leftOut: number;
  bad: number;
  /** Up to and with this line everything is done; 0: none. */
  lastLine: number;
}

/**
 * Stores the updates of an export in their order, ids kept; one whose id is stored is skipped, so that it can be done
 * again. After a line that is no update nothing is stored, or the order would be another when it is corrected; the rest
 * is looked at, so that all such lines are told at once.
 *
 * @param done filled in as it goes: it holds when this throws as well
 * @throws MercureError TRANSPORT_UNAVAILABLE
 */
export async function importUpdates(
  lines: AsyncIterable<Line>,
  { transport, hubUrl, validate, bad, isEnded }: ImportOptions,
  done: Imported,
): Promise<void> {
  let batch: Update[] = [];
  let characters = 0;
  let leftOut = 0;
  let last = 0;
  const flush = async (): Promise<void> => {
    const fresh = await unknownOf(transport, batch);
    await transport.append(fresh);
    done.stored += fresh.length;
    done.known += batch.length - fresh.length;
    done.leftOut += leftOut;
    done.lastLine = last;
    [batch, characters, leftOut] = [[], 0, 0];
  };
  for await (const { number, text } of lines) {
    if (isEnded()) return;
    const update = updateOf(text, validate, hubUrl);
    if (typeof update === 'string') {
      if (done.bad === 0) await flush();
      done.bad++;
      bad(number, update);
    }
    if (done.bad > 0 || typeof update === 'string') continue;
    last = number;
    if (update === undefined) leftOut++;
    else batch.push(update);
    characters += text!.length;
    if (batch.length >= BATCH_UPDATES || characters >= BATCH_CHARACTERS) await flush();
  }
  if (done.bad === 0) await flush();
}

/** What a line is: an update, an event that is left out (undefined), or what is wrong with it. */
function updateOf(
  text: string | undefined,
  validate: (update: Update) => void,
  hubUrl: URL,
): Update | undefined | string {
  if (text === undefined) return 'it is no UTF-8';
  try {
    const update = readBoltUpdate(text);
    if (isSubscriptionEvent(update, hubUrl)) return undefined;
    validate(update);
    return update;
  } catch (error) {
    if (error instanceof MercureError) return error.message;
    throw error;
  }
}

/** Those whose ids are not stored, each id once: the first one counts, as for cursors. */
async function unknownOf(transport: Transport, batch: readonly Update[]): Promise<Update[]> {
  const seen = new Set<string>();
  const first = batch.filter(({ id }) => !seen.has(id) && seen.add(id));
  const cursors = await Promise.all(first.map(({ id }) => transport.locate(id)));
  return first.filter((_, index) => !cursors[index]!.found);
}
