import type { Ask, Fields, Step, Token } from '../support/row.js';

type Pair = readonly [name: string, value: string];

/** Publishes, with a token that may do everything. */
export const update = (
  topic: string,
  data: string,
  ...more: readonly Pair[]
): { readonly publish: Fields } => ({
  publish: [['topic', topic], ['data', data], ...more],
});

/** The same, marked as private. */
export const secret = (topic: string, data: string, ...more: readonly Pair[]): Step =>
  update(topic, data, ['private', 'on'], ...more);

/** Follows one exact topic, in the words of the hub's generation. */
export const follow = (topic: string, ask: Ask & { readonly as?: string } = {}): Step => {
  const { as, query = [], ...rest } = ask;
  const more = query as readonly Pair[];
  return { follow: { query: [['$M', topic], ...more], ...rest }, ...(as === undefined ? undefined : { as }) };
};

export const as = (token: Token): Pick<Ask, 'token'> => ({ token });
export const hears = (...data: readonly string[]): Step => ({ hears: data });
