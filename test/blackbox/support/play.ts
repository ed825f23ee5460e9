import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { dataOf, open, type RequestSettings, type StreamedResponse } from '../../support/http-client.js';
import { legacyToken, modernToken, secondsFromNow } from '../../support/tokens.js';
import {
  ALL,
  type Answer,
  type Ask,
  type Fields,
  type Row,
  type Source,
  type Step,
  type Token,
} from './row.js';
import type { Target } from './target.js';

type Headers = Record<string, string | string[]>;

/** Plays one row against a hub, from its first step to its last, and leaves no stream behind. */
export async function play(target: Target, row: Row): Promise<void> {
  const run = new Run(target);
  try {
    for (const step of row.steps) await run.take(step);
  } finally {
    run.leaveAll();
  }
}

class Run {
  private readonly words: Map<string, string>;
  private readonly streams = new Map<string, StreamedResponse>();

  constructor(private readonly target: Target) {
    const unique = randomBytes(6).toString('hex');
    this.words = new Map([
      ['T', `https://example.com/${unique}`],
      ['U', unique],
      ['M', target.generation === '0.x' ? 'topic' : 'match'],
      ['C', target.generation === '0.x' ? 'mercureAuthorization' : '__Secure-mercure_access_token'],
      ['HUB', target.url],
      ['ORIGIN', new URL(target.url).origin],
    ]);
  }

  async take(step: Step): Promise<void> {
    if ('publish' in step) {
      const token = step.token === undefined ? ALL : step.token;
      const { headers, ...rest } = step.ask ?? {};
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      const ask = {
        method: 'POST',
        body: this.encode(step.publish),
        ...(token ? { token } : undefined),
        ...rest,
      };
      await this.ask({ ...ask, headers: { ...type, ...headers } }, step.answer ?? { status: 200 });
    } else if ('ask' in step) {
      await this.ask(step.ask, step.answer, step.keep);
    } else if ('follow' in step) {
      await this.follow(step.follow, step.as ?? '', step.answer ?? { status: 200 });
    } else if ('hears' in step) {
      const wanted = this.fill(step.hears);
      const heard = await this.streamOf(step).body.waitFor((text) => dataOf(text).includes(wanted.at(-1)!));
      expect(dataOf(heard)).toEqual(wanted);
    } else if ('reads' in step) {
      await this.read(step.reads, this.streamOf(step), step.keep);
    } else if ('tells' in step) {
      await this.hear(step.tells, this.streamOf(step), step.keep);
    } else if ('lacks' in step) {
      const lacked = this.fill(step.lacks);
      const { text } = this.streamOf(step).body;
      if (typeof lacked === 'string') expect(text).not.toContain(lacked);
      else expect(text).not.toMatch(lacked);
    } else if ('ends' in step) {
      expect(await this.streamOf(step).body.ended()).toBe('end');
    } else {
      this.streams.get(step.leave)!.abort();
    }
  }

  leaveAll(): void {
    for (const stream of this.streams.values()) stream.abort();
  }

  private async ask(ask: Ask, wanted: Answer, keep: Record<string, Source> = {}): Promise<void> {
    const { status, headers, body, abort } = await this.open(ask);
    // A stream would not end by itself, and says nothing here but that it is one.
    if (headers['content-type'] === 'text/event-stream' && ask.method !== 'HEAD') abort();
    await body.ended();
    const { text } = body;
    this.check({ status, headers, text }, wanted);
    for (const [name, source] of Object.entries(keep)) {
      this.words.set(name, found(source, text, headers as Headers));
    }
  }

  private async follow(ask: Ask, name: string, wanted: Answer): Promise<void> {
    const stream = await this.open(ask);
    this.streams.set(name, stream);
    if (stream.status === 200) await stream.body.waitFor(':\n');
    this.check({ status: stream.status, headers: stream.headers, text: stream.body.text }, wanted);
  }

  private async read(wanted: string | RegExp, stream: StreamedResponse, keep: Record<string, RegExp> = {}) {
    const filled = this.fill(wanted);
    const text = await stream.body.waitFor((sofar) =>
      typeof filled === 'string' ? sofar.length >= filled.length : filled.test(sofar),
    );
    if (typeof filled === 'string') expect(text).toBe(filled);
    for (const [name, source] of Object.entries(keep)) this.words.set(name, found(source, text, {}));
  }

  private async hear(wanted: object, stream: StreamedResponse, keep: Record<string, RegExp> = {}) {
    const document = expect.objectContaining(this.fill(wanted)) as {
      asymmetricMatch(data: unknown): boolean;
    };
    let told = '';
    await stream.body.waitFor((text) => {
      told =
        dataOf(text).find((data) => data.startsWith('{') && document.asymmetricMatch(JSON.parse(data))) ?? '';
      return told !== '';
    });
    for (const [name, source] of Object.entries(keep)) this.words.set(name, found(source, told, {}));
  }

  private async open(ask: Ask): Promise<StreamedResponse> {
    const { method, path, query, headers, body, token, place = 'header' } = this.fill(ask);
    const url = new URL(this.target.url);
    const minted = token && (await this.mint(token));
    const settings: { -readonly [name in keyof RequestSettings]: RequestSettings[name] } = { method, body };
    settings.headers = { ...headers };
    const target = path === undefined ? url.href : url.origin + path;
    const pairs = typeof query === 'string' ? [] : [...(query ?? [])];
    if (minted && place === 'header') settings.headers['authorization'] = `Bearer ${minted}`;
    else if (minted && place === 'query') pairs.push(['authorization', minted]);
    else if (minted && place === 'tutorial') pairs.push(['Authorization', `Bearer ${minted}`]);
    else if (minted && typeof place === 'object')
      settings.headers['cookie'] = `a=b; ${place.cookie}=${minted}`;
    settings.query = pairs;
    return open(typeof query === 'string' ? `${target}?${query}` : target, settings);
  }

  private async mint(token: Token): Promise<string> {
    const {
      generation = this.target.generation === '0.x' ? '0.x' : '1.0',
      publish,
      subscribe,
      payload,
    } = token;
    const { publisherKey, subscriberKey, issuer, audience } = this.target;
    const exp = token.expiresIn === undefined ? undefined : { exp: secondsFromNow(token.expiresIn) };
    const signing = {
      key: token.key ?? (publish ? publisherKey : subscriberKey),
      ...pick(token, ['alg', 'header']),
    };
    const lists = pick({ publish, subscribe, payload }, ['publish', 'subscribe', 'payload']);
    if (generation === '0.x') return legacyToken(lists, { ...signing, claims: { ...exp, ...token.claims } });
    const claims = { iss: issuer, aud: audience, ...exp, ...token.claims };
    return modernToken(pick({ publish, subscribe }, ['publish', 'subscribe']), { ...signing, claims });
  }

  private check(got: { status: number; headers: object; text: string }, wanted: Answer): void {
    const { status, reason, body, headers = {}, json } = this.fill(wanted);
    expect(got.status, got.text.slice(0, 300)).toBe(status);
    if (reason !== undefined) same(got.text.split('\n', 1)[0]!, reason);
    if (body !== undefined) same(got.text, body);
    if (json !== undefined) expect(JSON.parse(got.text)).toMatchObject(json as object);
    const sent = new Map(Object.entries(got.headers as Headers));
    for (const [name, value] of Object.entries(headers)) {
      const said = sent.get(name);
      if (value === null) expect(said, name).toBeUndefined();
      else if (said === undefined) throw new Error(`The answer has no ${name}`);
      else same(String(said), value, name);
    }
  }

  private encode(fields: Fields): string | Uint8Array {
    if (typeof fields === 'string' || fields instanceof Uint8Array) return this.fill(fields);
    return new URLSearchParams(this.fill(fields) as [string, string][]).toString();
  }

  private streamOf({ on = '' }: { on?: string }): StreamedResponse {
    return this.streams.get(on)!;
  }

  /** Puts the words of this run where the row has their names. */
  private fill<T>(value: T): T {
    if (typeof value === 'string') {
      return value.replaceAll(/\$([A-Za-z]+)/g, (all, name: string) => this.words.get(name) ?? all) as T;
    }
    if (Array.isArray(value)) return value.map((one: unknown) => this.fill(one)) as T;
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
      return value;
    return Object.fromEntries(
      Object.entries(value as object).map(([k, v]) => [k, this.fill<unknown>(v)]),
    ) as T;
  }
}

function same(got: string, wanted: string | RegExp, what?: string): void {
  if (typeof wanted === 'string') expect(got, what).toBe(wanted);
  else expect(got, what).toMatch(wanted);
}

function found(source: Source, text: string, headers: Headers): string {
  if (source === 'body') return text;
  if (typeof source === 'string') return String(headers[source]);
  const [from, pattern] = source instanceof RegExp ? [text, source] : [String(headers[source[0]]), source[1]];
  const group = pattern.exec(from)?.[1];
  if (group === undefined) throw new Error(`Nothing matches ${String(pattern)} in ${from}`);
  return group;
}

/** Some fields, without those that are undefined. */
function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]),
  ) as Pick<T, K>;
}
