import { MercureError } from '../errors.js';
import type { Update } from '../update/update.js';
import { validateBody, type UpdateRules } from '../update/validate-update.js';

const LINE_CONTROL = /[\0\r\n]/;

/**
 * The rules of a hub that speaks 0.x only (`protocol: '0.x'`): wherever 1.0 is on, its stricter ones hold for
 * every publisher, since every subscriber reads the same stream.
 *
 * @throws MercureError UPDATE_INVALID (400), TOPIC_RESERVED (403), UPDATE_TOO_LARGE (413)
 */
export function validateLegacyUpdate(update: Update, rules: UpdateRules): void {
  const reserved = update.topics.find((topic) => topic.includes(rules.hubUrl.pathname));
  if (reserved !== undefined) {
    throw new MercureError(
      'TOPIC_RESERVED',
      403,
      `"${reserved.slice(0, 200)}": topic value references the reserved "${rules.hubUrl.pathname}" namespace`,
      "Use a topic outside of the hub's own path.",
    );
  }
  for (const field of ['id', 'type'] as const) {
    const value = update[field];
    if (value !== undefined && (LINE_CONTROL.test(value) || !value.isWellFormed() || value.length > 512)) {
      throw new MercureError(
        'UPDATE_INVALID',
        400,
        `"${field}" field contains a forbidden control character`,
        'Send at most 512 characters of well-formed text without NUL, CR and LF.',
      );
    }
  }
  validateBody(update, rules);
}
