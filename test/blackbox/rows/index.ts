import type { Row } from '../support/row.js';
import { GRANTS } from './grants.js';
import { PLACES } from './places.js';
import { PUBLISH } from './publish.js';
import { QUERIES } from './query.js';
import { RESERVED_TOPICS } from './reserved.js';
import { RESUME } from './resume.js';
import { STREAM } from './stream.js';
import { SUBSCRIBE } from './subscribe.js';
import { SUBSCRIPTION_LISTS } from './subscription-lists.js';
import { SUBSCRIPTIONS } from './subscriptions.js';
import { TOKENS } from './tokens.js';
import { WEB } from './web.js';

export const ROWS: readonly Row[] = [
  ...SUBSCRIBE,
  ...QUERIES,
  ...STREAM,
  ...RESUME,
  ...PUBLISH,
  ...RESERVED_TOPICS,
  ...GRANTS,
  ...TOKENS,
  ...PLACES,
  ...WEB,
  ...SUBSCRIPTIONS,
  ...SUBSCRIPTION_LISTS,
];

const twice = ROWS.map(({ id }) => id).filter((id, index, all) => all.indexOf(id) !== index);
if (twice.length > 0) throw new Error(`Rows need ids of their own: ${twice.join(', ')}`);
