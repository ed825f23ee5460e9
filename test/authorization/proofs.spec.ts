import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Authorizer } from '../../src/authorization/authorizer.js';
import type { KeySource, TrustedKey } from '../../src/authorization/key-source.js';
import { type Proof, PROOF_CACHE_BOUNDS, ProofCache } from '../../src/authorization/proof-cache.js';
import { failure, INVALID } from './support/failure.js';
import { hubOptions, OTHER_SECRET, request } from './support/options.js';
import { KEYS, legacyToken, modernToken, now } from './support/tokens.js';

const counts = vi.hoisted(() => ({ verified: 0 }));

vi.mock('jose', async (original) => {
  const real = await original<typeof import('jose')>();
  const compactVerify = ((...args: Parameters<typeof real.compactVerify>) => {
    counts.verified++;
    return real.compactVerify(...args);
  }) as typeof real.compactVerify;
  return { ...real, compactVerify };
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  counts.verified = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

const ask = (authorizer: Authorizer, bearer: string) =>
  authorizer.authenticate(request({ bearer }), 'publish');

describe('a token', () => {
  it('is proved once, and has the same grants every time', async () => {
    const authorizer = new Authorizer(hubOptions());
    const bearer = await modernToken();
    const grants = await ask(authorizer, bearer);
    for (let again = 0; again < 10; again++) expect(await ask(authorizer, bearer)).toBe(grants);
    expect(counts.verified).toBe(1);
  });

  it('sent by many at once is proved once, right or wrong', async () => {
    const authorizer = new Authorizer(hubOptions());
    const good = await modernToken();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(authorizer, good)));
    expect(new Set(answers).size).toBe(1);
    expect(counts.verified).toBe(1);
    const bad = await modernToken({}, OTHER_SECRET);
    await Promise.all(Array.from({ length: 20 }, () => failure(ask(authorizer, bad))));
    expect(counts.verified).toBe(2);
  });

  it('that is wrong is not remembered', async () => {
    const authorizer = new Authorizer(hubOptions());
    const bad = await modernToken({}, OTHER_SECRET);
    for (let again = 0; again < 3; again++)
      expect(await failure(ask(authorizer, bad))).toMatchObject(INVALID);
    expect(counts.verified).toBe(3);
  });

  it('that one role has proved is nothing to a role with another key', async () => {
    const authorizer = new Authorizer(hubOptions({ subscriber: { key: OTHER_SECRET } }));
    const bearer = await legacyToken();
    const [publish, subscribe] = await Promise.allSettled([
      authorizer.authenticate(request({ bearer }), 'publish'),
      authorizer.authenticate(request({ bearer }), 'subscribe'),
    ]);
    expect(publish.status).toBe('fulfilled');
    expect(subscribe.status).toBe('rejected');
    expect(counts.verified).toBe(2);
  });

  it('is proved once for both roles where they share a key object', async () => {
    const key = { key: KEYS.p256.publicKey };
    const authorizer = new Authorizer(hubOptions({ publisher: key, subscriber: key }));
    const bearer = await modernToken({}, KEYS.p256.privateKey, { alg: 'ES256' });
    const grants = await authorizer.authenticate(request({ bearer }), 'publish');
    expect(await authorizer.authenticate(request({ bearer }), 'subscribe')).toBe(grants);
    expect(counts.verified).toBe(1);
  });

  it.each([
    ['1.0', (exp: number) => modernToken({ exp })],
    ['0.x', (exp: number) => legacyToken(undefined, undefined, {}, { exp })],
  ])('of %s ends at its exp, proved before or not', async (_, make) => {
    const authorizer = new Authorizer(hubOptions());
    vi.setSystemTime(1_800_000_000_000);
    const bearer = await make(1_800_000_060);
    expect(await ask(authorizer, bearer)).toBeDefined();
    vi.setSystemTime(1_800_000_059_999);
    expect(await ask(authorizer, bearer)).toBeDefined();
    expect(counts.verified).toBe(1);
    vi.setSystemTime(1_800_000_060_000);
    expect(await failure(ask(authorizer, bearer))).toMatchObject(INVALID);
    expect(await failure(ask(new Authorizer(hubOptions()), bearer))).toMatchObject(INVALID);
  });

  it('begins at its nbf, and is judged by it again when the clock goes back', async () => {
    const authorizer = new Authorizer(hubOptions());
    vi.setSystemTime(1_800_000_000_000);
    const bearer = await modernToken({ nbf: 1_800_000_010 });
    expect(await failure(ask(authorizer, bearer))).toMatchObject(INVALID);
    vi.setSystemTime(1_800_000_010_000);
    expect(await ask(authorizer, bearer)).toBeDefined();
    vi.setSystemTime(1_800_000_009_000);
    expect(await failure(ask(authorizer, bearer))).toMatchObject(INVALID);
    expect(counts.verified).toBe(1);
  });

  it('is proved again after ten minutes, whatever its exp and the clock on the wall', async () => {
    const authorizer = new Authorizer(hubOptions());
    const bearer = await modernToken({ exp: now() + 86_400 });
    await ask(authorizer, bearer);
    const wall = Date.now();
    vi.advanceTimersByTime(599_999);
    vi.setSystemTime(wall);
    await ask(authorizer, bearer);
    expect(counts.verified).toBe(1);
    vi.advanceTimersByTime(1);
    vi.setSystemTime(wall - 3_600_000);
    await ask(authorizer, bearer);
    expect(counts.verified).toBe(2);
  });
});

describe('the proofs of a hub', () => {
  const key: TrustedKey = { key: KEYS.p256.publicKey, algorithms: new Set(['ES256']) };
  const source: KeySource = { keyFor: () => Promise.resolve(key), holds: () => true };
  const proof: Proof = {
    source,
    key,
    claims: {},
    generation: '1.0',
    grants: { publish: [], subscribe: [], payloads: [] },
  };

  it('are bounded by bytes; the one used longest ago goes first', () => {
    const proofs = new ProofCache({ ...PROOF_CACHE_BOUNDS, maxBytes: 5 * (1024 + 16 * 10) });
    const token = (index: number): string => `token ${String(index).padStart(4, '0')}`;
    for (let index = 0; index < 5; index++) proofs.set(token(index), proof);
    expect(proofs.get(token(0))).toBe(proof);
    for (let index = 5; index < 9; index++) proofs.set(token(index), proof);
    expect(proofs.size).toBe(5);
    expect(proofs.get(token(0))).toBe(proof);
    expect(proofs.get(token(4))).toBeUndefined();
    for (let index = 0; index < 10_000; index++) proofs.set(token(index), proof);
    expect(proofs.size).toBe(5);
    proofs.set('x'.repeat(16 * 1024), proof);
    expect(proofs.size).toBe(0);
  });

  it('weigh what their patterns weigh when compiled', () => {
    const proofs = new ProofCache({ ...PROOF_CACHE_BOUNDS, maxBytes: 100_000 });
    const pattern = { type: 'template', pattern: '{x}' } as const;
    const heavy = {
      ...proof,
      grants: { ...proof.grants, publish: Array.from({ length: 20 }, () => pattern) },
    };
    for (const token of ['a', 'b', 'c']) proofs.set(token, heavy);
    expect(proofs.size).toBe(2);
  });

  it('count a token that is proved again once', () => {
    const proofs = new ProofCache({ ...PROOF_CACHE_BOUNDS, maxBytes: 3 * 1300 });
    proofs.set('first', proof);
    for (let again = 0; again < 100; again++) proofs.set('second', proof);
    expect(proofs.size).toBe(2);
    expect(proofs.get('first')).toBe(proof);
  });

  it('end with the key that made them', () => {
    let holds = true;
    const leaving: KeySource = { ...source, holds: () => holds };
    const proofs = new ProofCache();
    proofs.set('token', { ...proof, source: leaving });
    expect(proofs.get('token')).toBeDefined();
    holds = false;
    expect(proofs.get('token')).toBeUndefined();
    expect(proofs.size).toBe(0);
  });
});
