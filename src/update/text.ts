// C0, DEL, C1 and the Unicode format characters (category Cf): draft-dunglas-mercure-08 forbids them in topics, ids
// and types. CR and LF would forge fields of the event stream; NUL and the invisible ones make two values look alike.
const FORBIDDEN = /[\p{Cc}\p{Cf}]/u;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Whether a topic, id or type is what the draft allows: well-formed Unicode without control or format characters. */
export function isPlainText(text: string): boolean {
  return PRINTABLE_ASCII.test(text) || (text.isWellFormed() && !FORBIDDEN.test(text));
}

/** Whether text is over a number of UTF-8 bytes; counts them only where its length leaves the answer open. */
export function exceedsBytes(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}
