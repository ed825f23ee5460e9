import { MercureError } from '../errors.js';
import type { Matcher } from './matcher.js';

/** Bytes of UTF-8 an exact value may have. */
const MAX_EXACT_BYTES = 4096;
/** Characters (UTF-16 units) a URL Pattern or a URI Template may have. */
const MAX_PATTERN_LENGTH = 2048;

/** C0, DEL and C1; format characters, which hide in logs; halves of surrogate pairs, which are not UTF-8. */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}]/u;

/**
 * Refuses the text of a matcher that is too long, or that draft-dunglas-mercure-08 does not let topics have.
 *
 * @throws MercureError MATCHER_INVALID (400)
 */
export function assertMatcherText({ type, pattern }: Matcher): void {
  if (type === 'exact') {
    if (Buffer.byteLength(pattern) > MAX_EXACT_BYTES) {
      throw invalid(`pattern too long (max ${MAX_EXACT_BYTES} bytes)`, 'Use shorter topics.');
    }
  } else if (pattern.length > MAX_PATTERN_LENGTH) {
    throw invalid(
      `pattern too long (max ${MAX_PATTERN_LENGTH} characters)`,
      'Use a shorter pattern, or several of them.',
    );
  }
  if (FORBIDDEN.test(pattern)) {
    throw invalid(
      'topic matcher values must be valid UTF-8 without control characters',
      'Percent-encode such characters, or leave them out.',
    );
  }
}

function invalid(message: string, remedy: string): MercureError {
  return new MercureError('MATCHER_INVALID', 400, message, remedy);
}
