import { randomFillSync, randomUUID } from 'node:crypto';

const URN = 'urn:uuid:';
const UUID_V7 = /^urn:uuid:([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Ids of one millisecond; its first one begins in the lower half, so that there is room to count on. */
const COUNTER_END = 0x1000;
const COUNTER_SEED = 0x7ff;

/** Places in the text of an id, `urn:uuid:` included. */
const COUNTER_AT = 24;
const VARIANT_AT = 28;
const LENGTH = 45;
const DIGITS = Buffer.from('0123456789abcdef');

/** The id under way, rewritten for each: a string put together of pieces would keep all of them in memory. */
const text = Buffer.from(`${URN}00000000-0000-7000-8000-000000000000`);
/** The system is asked for many random bytes at once, which costs it as much as a few. */
const random = Buffer.alloc(8192);
let used = random.length;
let millisecond = 0;
let counter = 0;

/**
 * A time-ordered id (RFC 9562 §5.7, its method 1: 12 bits count within the millisecond). It keeps rising when the wall
 * clock stands or goes back, and runs ahead of it where a millisecond has more ids than the counter.
 */
export function uuidV7Urn(): string {
  if (random.length - used < LENGTH - VARIANT_AT) {
    randomFillSync(random);
    used = 0;
  }
  const now = Date.now();
  counter++;
  if (now > millisecond || counter === COUNTER_END) {
    millisecond = Math.max(now, millisecond + 1);
    counter = random.readUInt16LE(used) & COUNTER_SEED;
    used += 2;
    const time = millisecond.toString(16).padStart(12, '0');
    text.write(`${time.slice(0, 8)}-${time.slice(8)}`, URN.length, 'latin1');
  }
  text[COUNTER_AT] = DIGITS[counter >>> 8]!;
  text[COUNTER_AT + 1] = DIGITS[(counter >>> 4) & 15]!;
  text[COUNTER_AT + 2] = DIGITS[counter & 15]!;
  // RFC 9562 §4.1: the variant is the first two bits of its digit.
  text[VARIANT_AT] = DIGITS[8 | (random[used++]! & 3)]!;
  for (let at = VARIANT_AT + 1; at < LENGTH; at++) {
    if (at !== VARIANT_AT + 4) text[at] = DIGITS[random[used++]! & 15]!;
  }
  return text.toString('latin1');
}

/** A random id (RFC 9562 §5.4), which tells nobody when an update was made. */
export function uuidV4Urn(): string {
  return URN + randomUUID();
}

/** When a UUIDv7 of ours was made, in milliseconds since 1970; undefined for any other id. */
export function timeOfId(id: string): number | undefined {
  const parts = UUID_V7.exec(id);
  return parts ? Number.parseInt(parts[1]! + parts[2]!, 16) : undefined;
}

/** How ids are made, by the option `generateId`. */
export function idGenerator(option: 'uuidv7' | 'uuidv4' | (() => string)): () => string {
  if (typeof option === 'function') return option;
  return option === 'uuidv4' ? uuidV4Urn : uuidV7Urn;
}
