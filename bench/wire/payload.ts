/** Of one update: who published it, to which topic, and as which of his to that topic. */
export interface Label {
  readonly sequence: number;
  readonly publisher: number;
  readonly topic: number;
}

/** What an update's data begins with, and where in it the numbers stand: fixed, so that reading them costs little. */
export const MARK = 'seq=';
export const SEQUENCE_AT = 4;
export const PUBLISHER_AT = 18;
export const TOPIC_AT = 26;
export const TIME_AT = 36;
export const SEQUENCE_DIGITS = 8;
export const PUBLISHER_DIGITS = 4;
export const TOPIC_DIGITS = 6;
export const TIME_DIGITS = 16;
const HEAD_BYTES = TIME_AT + TIME_DIGITS + 1;

/** Size of an update's data where a scenario does not say otherwise. */
export const DATA_BYTES = 400;

/** The data of an update: its label, the moment it was made, and filler up to `bytes`; one byte a character. */
export function payload({ sequence, publisher, topic }: Label, bytes: number): string {
  const head =
    `${MARK}${digits(sequence, SEQUENCE_DIGITS)} from=${digits(publisher, PUBLISHER_DIGITS)}` +
    ` to=${digits(topic, TOPIC_DIGITS)} at=${digits(nowMicros(), TIME_DIGITS)} `;
  return head + filler(bytes - HEAD_BYTES - 1) + '.';
}

/** Microseconds of a clock that all processes of a machine share. */
export function nowMicros(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + Math.floor(nanoseconds / 1e3);
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}

let kept = '';
function filler(length: number): string {
  if (kept.length !== length) kept = 'x'.repeat(Math.max(0, length));
  return kept;
}
