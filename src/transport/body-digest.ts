import { createHash } from 'node:crypto';
import type { Update } from '../update/update.js';

/** What an update is besides its id, as 44 characters: the same for the same update, and for no other. */
export function bodyDigest({ topics, data, private: isPrivate, type, retry }: Update): string {
  const head = JSON.stringify([topics, isPrivate, type ?? null, retry ?? null]);
  const hash = createHash('sha256').update(head);
  // JSON holds no NUL, so that nothing of the data is taken for what is before it.
  return hash.update('\0').update(data).digest('base64');
}
