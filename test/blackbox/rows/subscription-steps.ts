import { expect } from 'vitest';
import { DETAIL, type Token } from '../support/row.js';

export const ROOT = '/.well-known/mercure/subscriptions';
export const ENCODED = 'https%3A%2F%2Fexample.com%2F$U';
/** Of those who follow `$T` with `match`. */
export const MINE = `${ROOT}/exact/${ENCODED}`;
/** And with `topic`. */
export const OLD = `${ROOT}/${ENCODED}`;
export const WATCHER: Token = {
  generation: '1.0',
  subscribe: [{ match: `${MINE}/:who`, match_type: 'urlpattern' }],
};
export const READER: Token = { generation: '1.0', subscribe: ['*'] };
export const OLD_READER: Token = { generation: '0.x', subscribe: ['*'] };
export const watch = {
  follow: { query: [['match_urlpattern', `${MINE}/:who`]] as const, token: WATCHER },
  as: 'watcher',
};
export const watchOld = {
  follow: { query: [['topic', `${OLD}/{who}`]] as const, token: OLD_READER },
  as: 'watcher',
};
export const modern = { follow: { query: [['match', '$T']] as const }, as: 'watched' };
export const legacy = { follow: { query: [['topic', '$T']] as const }, as: 'watched' };
export const SUBSCRIBER = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const begun = {
  tells: {
    type: 'subscription',
    match: '$T',
    match_type: 'exact',
    subscriber: expect.stringMatching(SUBSCRIBER) as string,
    active: true,
  },
  on: 'watcher',
  keep: { doc: /"id": ?"(\/[^"]+)"/ },
};
export const begunOld = {
  tells: { '@context': 'https://mercure.rocks/', type: 'Subscription', topic: '$T', active: true },
  on: 'watcher',
  keep: { doc: /"id": ?"(\/[^"]+)"/ },
};
export const get = (path: string, token?: Token, headers: Record<string, string> = {}) => ({
  path,
  headers,
  ...(token ? { token } : undefined),
});
export const detail = (match: string, payload: object) => ({
  type: DETAIL,
  actions: ['subscribe'],
  topics: [{ match }],
  payload,
});
