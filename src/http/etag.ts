import { encodeHeader } from './requested-cursor.js';

// RFC 9110 §8.8.3: what an entity tag may not hold, and the escape itself.
const NOT_IN_TAG = /[\x00-\x20"%\x7f]/g;

/** The entity tag of a state named by an id: quoted for 1.0; bare, as 0.x hubs have sent it. */
export function etagOf(form: '1.0' | '0.x', id: string): string {
  if (form === '0.x') return encodeHeader(id);
  const escaped = id.replace(
    NOT_IN_TAG,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  );
  return encodeHeader(`"${escaped}"`);
}

/** RFC 9110 §13.1.2, with weak comparison. */
export function isNotModified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
