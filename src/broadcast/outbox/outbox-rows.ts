import type { OutboxEntry } from './outbox.js';

/** Bytes of a row's body, about: one transaction may have changed more rows than a statement should carry. */
const ROW_CHARACTERS = 256 * 1024;

/** A row of an outbox as it was read. */
export interface OutboxRow {
  /** As the driver gives it. */
  readonly position: unknown;
  readonly entries: readonly OutboxEntry[];
}

/**
 * Entries as the bodies of rows, in order: JSON, in which every text survives every database (NUL, lone surrogates).
 * Mostly one; an entry is never cut.
 */
export function toBodies(entries: readonly OutboxEntry[]): string[] {
  const bodies: string[] = [];
  let texts: string[] = [];
  let size = 0;
  for (const entry of entries) {
    const text = JSON.stringify(entry);
    if (texts.length > 0 && size + text.length > ROW_CHARACTERS) {
      bodies.push(`[${texts.join()}]`);
      texts = [];
      size = 0;
    }
    texts.push(text);
    size += text.length;
  }
  if (texts.length > 0) bodies.push(`[${texts.join()}]`);
  return bodies;
}

/** Reads what `OutboxSql.oldest` gives. */
export function toRows(found: unknown): OutboxRow[] {
  return (found as { position: unknown; body: string }[]).map(({ position, body }) => ({
    position,
    entries: JSON.parse(body) as OutboxEntry[],
  }));
}
