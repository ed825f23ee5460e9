import { createHmac } from 'node:crypto';

/** The key of the benchmark's own hubs. */
export const KEY = 'a secret of the benchmark, long enough for HS256';

/** A token for publishing anything, and for receiving whatever is private. */
export const PUBLISHER_TOKEN = sign({ mercure: { publish: ['*'], subscribe: ['*'] } });

/** A token for receiving the private updates of one topic. */
export function subscriberToken(topic: string): string {
  return sign({ sub: topic, mercure: { subscribe: [topic] } });
}

function sign(claims: object): string {
  const text = `${encode({ alg: 'HS256' })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', KEY).update(text).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
