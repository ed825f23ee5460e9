import { Controller, Get, Header, Inject, Query, Res } from '@nestjs/common';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { MercureService, type MercureOptions, type TokenRequest } from '../../src/index.js';
import { dataOf, open, publish, send } from '../support/http-client.js';
import { ADAPTERS, type HubApp } from '../support/hub-app.js';
import { AUDIENCE, bearer, ISSUER } from '../support/tokens.js';
import { closedAfterEach } from './helpers/cleanup.js';

/** Pages of an application that leads its visitors to the hub. */
@Controller()
class PagesController {
  constructor(@Inject(MercureService) private readonly mercure: MercureService) {}

  @Get('page')
  page(@Res({ passthrough: true }) response: object): { a: number } {
    this.mercure.discover(response);
    return { a: 1 };
  }

  @Get('linked')
  @Header('Link', '</style.css>; rel="preload"')
  linked(@Res({ passthrough: true }) response: object & { header?: unknown }): string {
    this.mercure.discover(response);
    return 'linked';
  }

  @Get('login')
  async login(
    @Res({ passthrough: true }) response: object,
    @Query('topic') topic: string,
    @Query('generation') generation?: '1.0' | '0.x',
  ): Promise<string> {
    await this.mercure.authorize(response, { subscribe: [topic], expiresIn: 600, generation });
    this.mercure.discover(response);
    return 'welcome';
  }

  @Get('two-cookies')
  async twoCookies(@Res({ passthrough: true }) response: object): Promise<string> {
    await this.mercure.authorize(response, { subscribe: ['a'], generation: '1.0' });
    await this.mercure.authorize(response, { subscribe: ['a'], generation: '0.x' });
    return 'welcome';
  }
}

const { start, visit } = closedAfterEach();

/** A cookie as a browser takes it apart (RFC 6265 §5.2). */
function cookieOf(header: string) {
  const [pair, ...attributes] = header.split('; ');
  const [name, value] = pair!.split(/=(.*)/s);
  return {
    name,
    value: value!,
    pair: pair!,
    attributes: Object.fromEntries(attributes.map((each) => each.split('='))) as Record<string, string>,
  };
}

describe.each(ADAPTERS)('MercureService on %s', (adapter) => {
  const pages = (options: MercureOptions = {}): Promise<HubApp> =>
    start({ adapter, controllers: [PagesController], options });

  it.each<{ told: string; options: MercureOptions; link: string }>([
    {
      told: 'its path, without a public URL',
      options: {},
      link: '</.well-known/mercure>; rel="mercure"',
    },
    {
      told: 'its absolute URL, with one',
      options: { publicUrl: 'https://example.com/app' },
      link: '<https://example.com/app/.well-known/mercure>; rel="mercure"',
    },
    {
      told: 'a cookie name of its own',
      options: { path: '/hub', cookieName: 'mine' },
      link: '</hub>; rel="mercure"; cookie-name="mine"',
    },
  ])('discovers the hub by a Link: $told', async ({ options, link }) => {
    const { origin } = await pages(options);
    const answer = await send(`${origin}/page`);
    expect([answer.status, answer.text]).toEqual([200, '{"a":1}']);
    expect(answer.headers.link).toBe(link);
  });

  it('discovers beside the Link a handler has already', async () => {
    const { origin } = await pages();
    const { headers } = await send(`${origin}/linked`);
    expect(headers.link).toContain('</.well-known/mercure>; rel="mercure"');
    expect(headers.link).toContain('</style.css>; rel="preload"');
  });

  it.each<{
    generation: '1.0' | '0.x';
    options: MercureOptions;
    name: string;
    secure: boolean;
    path: string;
  }>([
    {
      generation: '1.0',
      options: {},
      name: '__Secure-mercure_access_token',
      secure: true,
      path: '/.well-known/mercure',
    },
    {
      generation: '0.x',
      options: {},
      name: 'mercureAuthorization',
      secure: true,
      path: '/.well-known/mercure',
    },
    {
      generation: '0.x',
      options: { publicUrl: 'http://localhost:3000' },
      name: 'mercureAuthorization',
      secure: false,
      path: '/.well-known/mercure',
    },
    {
      generation: '1.0',
      options: { publicUrl: 'https://example.com/app', path: '/hub', cookieName: 'mine' },
      name: 'mine',
      secure: true,
      path: '/app/hub',
    },
  ])(
    'authorizes with the cookie $name of $generation, by which a browser hears what is private',
    async ({ generation, options, name, secure, path }) => {
      const hub = await pages({ ...options, anonymous: false });
      const login = await send(`${hub.origin}/login`, { query: { topic: 'a', generation } });
      expect([login.status, login.text]).toEqual([200, 'welcome']);
      expect(login.headers['set-cookie']).toHaveLength(1);
      const cookie = cookieOf(login.headers['set-cookie']![0]!);
      expect(cookie.name).toBe(name);
      expect(Object.keys(cookie.attributes).toSorted()).toEqual(
        ['HttpOnly', 'Max-Age', 'Path', 'SameSite', ...(secure ? ['Secure'] : [])].toSorted(),
      );
      expect(cookie.attributes).toMatchObject({ Path: path, SameSite: 'Strict' });
      const maxAge = Number(cookie.attributes['Max-Age']);
      expect(maxAge).toBeGreaterThan(500);
      expect(maxAge).toBeLessThanOrEqual(600);

      expect((await send(`${hub.url}?topic=a`)).status, 'without the cookie').toBe(401);
      const page = await visit(`${hub.url}?topic=a&topic=b`, { headers: { cookie: cookie.pair } });
      await hub.service.publish({ topic: 'b', data: 'secret of b', private: true });
      await hub.service.publish({ topic: 'a', data: 'secret of a', private: true });
      await hub.service.publish({ topic: 'b', data: 'public' });
      await page.hears('public');
      expect(page.data).toEqual(['secret of a', 'public']);
    },
  );

  it('sets two cookies where it is asked twice', async () => {
    const { origin } = await pages();
    const { headers } = await send(`${origin}/two-cookies`);
    expect(headers['set-cookie']!.map((header) => cookieOf(header).name)).toEqual([
      '__Secure-mercure_access_token',
      'mercureAuthorization',
    ]);
  });

  it.each(['1.0', '0.x'] as const)(
    'creates a token of %s that the hub takes, for publishing and for listening',
    async (generation) => {
      const hub = await pages({ anonymous: false });
      const publisher = await hub.service.createToken({ publish: ['a'], generation });
      const subscriber = await hub.service.createToken({ subscribe: ['a'], generation });
      const stream = await open(`${hub.url}?topic=a&topic=b`, { headers: bearer(subscriber) });
      expect(stream.status).toBe(200);
      expect((await publish(hub.url, publisher, { topic: 'a', data: 'hello', private: 'on' })).status).toBe(
        200,
      );
      expect((await publish(hub.url, publisher, { topic: 'b' })).status).toBeGreaterThanOrEqual(401);
      await hub.service.publish({ topic: 'b', data: 'secret', private: true });
      await hub.service.publish({ topic: 'b', data: 'fence' });
      expect(dataOf(await stream.body.waitFor('data: fence\n\n'))).toEqual(['hello', 'fence']);
      stream.abort();
    },
  );
});

describe('MercureService.createToken', () => {
  it('says who made it, for whom, for how long and for what', async () => {
    const { service } = await start();
    const token = await service.createToken({
      publish: ['a'],
      subscribe: ['*', { urlPattern: 'https://example.com/:id' }],
      payload: { user: 'ada' },
      subject: 'ada',
      expiresIn: 60,
    });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'at+jwt' });
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({ iss: ISSUER, aud: AUDIENCE, sub: 'ada' });
    expect(claims.exp! - claims.iat!).toBe(60);
    expect(claims['authorization_details']).toMatchObject([
      { actions: ['publish'], topics: [{ match: 'a' }] },
      {
        actions: ['subscribe'],
        topics: [{ match: '*' }, { match: 'https://example.com/:id', match_type: 'urlpattern' }],
        payload: { user: 'ada' },
      },
    ]);
  });

  it('makes a 0.x token where no issuer is known', async () => {
    const { service } = await start({ options: { issuer: undefined } });
    const token = await service.createToken({ subscribe: ['a', { template: '/b/{id}' }], payload: { a: 1 } });
    expect(decodeJwt(token)['mercure']).toEqual({ subscribe: ['a', '/b/{id}'], payload: { a: 1 } });
  });

  it.each<{ why: string; options: MercureOptions; request: TokenRequest }>([
    { why: 'there is no key of that role', options: { publisher: undefined }, request: { publish: ['a'] } },
    {
      why: 'both roles are asked for and have different keys',
      options: { publisher: { key: 'another secret, long enough for HS256' } },
      request: { publish: ['a'], subscribe: ['a'] },
    },
    {
      why: 'the keys are somebody else’s',
      options: { subscriber: { jwksUrl: 'https://example.com/jwks' } },
      request: { subscribe: ['a'] },
    },
    {
      why: '1.0 knows no template',
      options: {},
      request: { subscribe: [{ template: '/{id}' }], generation: '1.0' },
    },
    {
      why: '0.x knows no URL Pattern',
      options: {},
      request: { subscribe: [{ urlPattern: '/:id' }], generation: '0.x' },
    },
    { why: 'the hub takes no 0.x', options: { protocol: '1.0' }, request: { generation: '0.x' } },
    { why: 'the hub takes no 1.0', options: { protocol: '0.x' }, request: { generation: '1.0' } },
    { why: 'it would never be valid', options: {}, request: { subscribe: ['a'], expiresIn: 0 } },
    { why: 'a pattern is broken', options: {}, request: { subscribe: [{ urlPattern: '(' }] } },
  ])('is refused where $why', async ({ options, request }) => {
    const { service } = await start({ options });
    await expect(service.createToken(request)).rejects.toMatchObject({
      name: 'MercureError',
      code: 'TOKEN_NOT_MINTABLE',
    });
  });

  it('is refused as a cookie where browsers would drop it without a word', async () => {
    const { service } = await start();
    const subscribe = Array.from({ length: 80 }, (_, index) => `https://example.com/a-long-topic/${index}`);
    const headers: unknown[] = [];
    const response = { appendHeader: (...header: unknown[]) => headers.push(header) };
    await expect(service.authorize(response, { subscribe })).rejects.toMatchObject({
      code: 'TOKEN_NOT_MINTABLE',
    });
    expect(headers).toEqual([]);
  });
});
