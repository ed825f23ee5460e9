import { MercureError } from '../errors.js';
import { topicWishes } from '../legacy/topic-parameter.js';
import { ALL } from '../topic/matcher.js';
import { valuesOf } from './form.js';
const MAX_MATCHERS = 100;
/** draft-dunglas-mercure-08, subscription: the parameters and the matcher types they stand for. */
const TYPE_OF_PARAMETER = {
  __proto__: null,
  match: 'exact',
  match_exact: 'exact',
  match_urlpattern: 'urlpattern',
};
/**
 * What a subscriber asks for, sorted by the names of the parameters, of both generations.
 *
 * @throws MercureError MATCHER_UNKNOWN, TOPIC_MISSING, TOO_MANY_MATCHERS (400); what is wrong inside a value is said
 * when it is compiled
 */
export function wishesOf(fields, protocol) {
  const modern = protocol === '0.x' ? [] : modernWishes(fields, protocol);
  const legacy = protocol === '1.0' ? [] : topicWishes(valuesOf(fields, 'topic'));
  const wishes = [...modern, ...legacy];
  if (wishes.length > 0) return wishes;
  throw protocol === '0.x'
    ? new MercureError(
        'TOPIC_MISSING',
        400,
        'Missing "topic" parameter.',
        'Name a topic, a URI Template, or "*".',
      )
    : new MercureError(
        'TOPIC_MISSING',
        400,
        'missing "match" subscription parameter',
        `Use "match", "match_exact" or "match_urlpattern"${protocol === 'both' ? ', or "topic"' : ''}.`,
      );
}
function modernWishes(fields, protocol) {
  const asked = fields.filter(([name]) => /^match/i.test(name) || (name === 'topic' && protocol === '1.0'));
  const unknown = asked.find(([name]) => !(name in TYPE_OF_PARAMETER))?.[0];
  if (unknown !== undefined) {
    const hint = unknown === 'topic' ? ' (use "match" or "match_urlpattern")' : '';
    throw new MercureError(
      'MATCHER_UNKNOWN',
      400,
      `unknown topic matcher query parameter: ${JSON.stringify(unknown.slice(0, 100))}${hint}`,
      'Names are case-sensitive: "match", "match_exact", "match_urlpattern".',
    );
  }
  if (asked.length > MAX_MATCHERS) {
    throw new MercureError(
      'TOO_MANY_MATCHERS',
      400,
      `too many matchers (max ${MAX_MATCHERS})`,
      'Use a pattern, or several streams.',
    );
  }
  return asked
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, pattern]) => {
      const named = TYPE_OF_PARAMETER[name];
      return { named, matcher: pattern === '*' ? ALL : { type: named, pattern } };
    });
}
//# sourceMappingURL=subscription-query.js.map
