import { Body, Controller, Header, HttpCode, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { form, publish, send } from '../support/http-client.js';
import { ADAPTERS, type HubAppSettings } from '../support/hub-app.js';
import { legacyToken } from '../support/tokens.js';
import { closedAfterEach } from './helpers/cleanup.js';

/** Routes of the application that read bodies the usual way. */
@Controller()
class GuestbookController {
  @Post('guestbook')
  @HttpCode(200)
  sign(@Body() body: unknown): { read: unknown } {
    return { read: body };
  }

  @Post('raw')
  @HttpCode(200)
  @Header('Content-Type', 'text/plain')
  raw(@Req() request: RawBodyRequest<object>): string {
    return request.rawBody?.toString() ?? 'no raw body';
  }
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json' };
const { start } = closedAfterEach();

describe.each(ADAPTERS)('on %s, beside the hub', (adapter) => {
  const guestbook = (settings: HubAppSettings = {}) =>
    start({ adapter, controllers: [GuestbookController], ...settings });

  it.each<{ body: string; headers: Record<string, string>; read: unknown }>([
    { body: 'name=Ada&text=hello+world', headers: FORM, read: { name: 'Ada', text: 'hello world' } },
    { body: 'tag=a&tag=b', headers: FORM, read: { tag: ['a', 'b'] } },
    { body: '{"name":"Ada"}', headers: JSON_TYPE, read: { name: 'Ada' } },
  ])('the application reads its own bodies as ever: $body', async ({ body, headers, read }) => {
    const { origin } = await guestbook();
    const answer = await send(`${origin}/guestbook`, { method: 'POST', headers, body });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { read }]);
  });

  it('the application reads its forms after a publication as before it', async () => {
    const { origin, url } = await guestbook();
    const token = await legacyToken({ publish: ['*'] });
    const sign = () =>
      send(`${origin}/guestbook`, { method: 'POST', headers: FORM, body: form({ name: 'Ada' }) });
    const before = await sign();
    expect((await publish(url, token, { topic: 'a', id: '1' })).text).toBe('1');
    expect([(await sign()).text, before.text]).toEqual(Array(2).fill('{"read":{"name":"Ada"}}'));
  });

  it('the application has its raw bodies where it asked for them', async () => {
    const { origin, url } = await guestbook({ nest: { rawBody: true } });
    const token = await legacyToken({ publish: ['*'] });
    expect((await publish(url, token, { topic: 'a', id: '1' })).text).toBe('1');
    const answer = await send(`${origin}/raw`, { method: 'POST', headers: JSON_TYPE, body: '{ "a":  1 }' });
    expect(answer.text).toBe('{ "a":  1 }');
  });

  it('the application has no bodies where it wants none, and publications have theirs', async () => {
    const { origin, url } = await guestbook({ nest: { bodyParser: false } });
    const token = await legacyToken({ publish: ['*'] });
    expect((await publish(url, token, { topic: ['a', 'b'], data: 'x', id: '1' })).text).toBe('1');
    const own = await send(`${origin}/guestbook`, { method: 'POST', headers: FORM, body: 'name=Ada' });
    expect(own.text).not.toContain('Ada');
  });

  it('the limits of the application’s parsers are not the publications’', async () => {
    const { origin, url } = await guestbook();
    const token = await legacyToken({ publish: ['*'] });
    const tooLarge = form({ name: 'x'.repeat(1024 * 1024 + 1) });
    const own = await send(`${origin}/guestbook`, { method: 'POST', headers: FORM, body: tooLarge });
    expect(own.status).toBe(413);
    const data = 'x'.repeat(1_000_000);
    expect((await publish(url, token, { topic: 'a', id: '1', data })).text).toBe('1');
    const many = Array.from({ length: 1000 }, (_, index) => `https://example.com/${index}`);
    expect((await publish(url, token, { topic: many, id: '2' })).text).toBe('2');
  });
});
