import {
  ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Inject,
  type NestInterceptor,
  SetMetadata,
  Sse,
  ValidationPipe,
  VersioningType,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, HttpAdapterHost, Reflector } from '@nestjs/core';
import { IsString } from 'class-validator';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { concat, map, NEVER, type Observable, of, timeout } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { dataOf, open, publish, send } from '../support/http-client.js';
import { ADAPTERS, type HubAppSettings } from '../support/hub-app.js';
import { bearer, legacyToken } from '../support/tokens.js';
import { closedAfterEach } from './helpers/cleanup.js';

const TIMEOUT_MS = 50;

const Public = () => SetMetadata('isPublic', true);

/** Denies whatever is not marked: the usual global guard of an application with logins. */
class DenyUnlessPublic implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return (
      this.reflector.getAllAndOverride<boolean | undefined>('isPublic', [
        context.getHandler(),
        context.getClass(),
      ]) ?? false
    );
  }
}

class Wrap implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

class TimeOut implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(timeout(TIMEOUT_MS));
  }
}

@Catch()
class Teapot implements ExceptionFilter {
  constructor(@Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    this.adapterHost.httpAdapter.reply(host.switchToHttp().getResponse(), 'the filter was here', 418);
  }
}

class OnlyTitle {
  @IsString()
  title!: string;
}

/** Refuses whatever is not a title, wherever it comes from: stricter than any application's. */
const strictPipe = () =>
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    validateCustomDecorators: true,
    expectedType: OnlyTitle,
  });

/** The application's own routes, which show that a setting has the effect it is known for. */
@Controller('own')
class OwnController {
  @Get()
  get(): string {
    return 'own';
  }

  @Get('broken')
  broken(): never {
    throw new Error('broken');
  }

  @Sse('ticks')
  ticks(): Observable<{ data: string; id: string }> {
    return concat(of({ data: 'tick', id: '1' }), NEVER);
  }
}

/** What helmet and its like do: fields on every response, `Cross-Origin-*` and a policy among them. */
function helmetLike(_request: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Content-Security-Policy', "default-src 'none'");
  response.setHeader('X-Frame-Options', 'SAMEORIGIN');
  next();
}

interface Surrounding extends Pick<HubAppSettings, 'configure' | 'providers' | 'nest' | 'options'> {
  /** What surrounds the hub. */
  readonly surrounding: string;
  /** Shows that the setting is really on: the status of a route of the application's own. */
  readonly control?: readonly [path: string, status: number];
}

const SURROUNDINGS: readonly Surrounding[] = [
  {
    surrounding: 'a global prefix',
    configure: (app) => void app.setGlobalPrefix('api'),
    control: ['/own', 404],
  },
  {
    surrounding: 'a global prefix with exclusions of the application',
    configure: (app) => void app.setGlobalPrefix('api', { exclude: ['own'] }),
    control: ['/own', 200],
  },
  {
    surrounding: 'URI versioning with a default version',
    configure: (app) => void app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
    control: ['/own', 404],
  },
  {
    surrounding: 'a global prefix and URI versioning',
    configure: (app) => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    },
    control: ['/api/v1/own', 200],
  },
  {
    surrounding: 'header versioning with a default version',
    configure: (app) =>
      void app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '2' }),
    control: ['/own', 404],
  },
  {
    surrounding: 'a global guard that denies unless Public()',
    providers: [{ provide: APP_GUARD, useClass: DenyUnlessPublic }],
    options: { controllerDecorators: [Public()] },
    control: ['/own', 403],
  },
  {
    surrounding: 'a global map interceptor',
    providers: [{ provide: APP_INTERCEPTOR, useClass: Wrap }],
  },
  {
    surrounding: 'a global timeout interceptor',
    providers: [{ provide: APP_INTERCEPTOR, useClass: TimeOut }],
  },
  {
    surrounding: 'a catch-all filter',
    providers: [{ provide: APP_FILTER, useClass: Teapot }],
    control: ['/own/broken', 418],
  },
  {
    surrounding: 'a strict global ValidationPipe',
    providers: [{ provide: APP_PIPE, useFactory: strictPipe }],
  },
  { surrounding: 'app.enableCors()', configure: (app) => app.enableCors() },
  { surrounding: 'no body parser', nest: { bodyParser: false } },
  { surrounding: 'raw bodies', nest: { rawBody: true } },
  { surrounding: 'helmet-like middleware', configure: (app) => void app.use(helmetLike) },
  { surrounding: 'forced closing of connections', nest: { forceCloseConnections: true } },
  {
    surrounding: 'all of it',
    nest: { rawBody: true },
    configure: (app) => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      app.enableCors();
      app.use(helmetLike);
    },
    providers: [
      { provide: APP_GUARD, useClass: DenyUnlessPublic },
      { provide: APP_INTERCEPTOR, useClass: Wrap },
      { provide: APP_INTERCEPTOR, useClass: TimeOut },
      { provide: APP_FILTER, useClass: Teapot },
      { provide: APP_PIPE, useFactory: strictPipe },
    ],
    options: { controllerDecorators: [Public()] },
    control: ['/api/v1/own', 418],
  },
];

const { start } = closedAfterEach();

describe.each(ADAPTERS)('on %s, the hub stays what it is', (adapter) => {
  it.each(SURROUNDINGS)('with $surrounding', async ({ control, ...settings }) => {
    const hub = await start({ adapter, controllers: [OwnController], ...settings });
    if (control) expect((await send(hub.origin + control[0])).status, control[0]).toBe(control[1]);

    const stream = await open(`${hub.url}?topic=a`);
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': expect.stringContaining('no-transform') as string,
      'x-frame-options': 'DENY',
    });
    await stream.body.waitFor(':\n');

    const token = await legacyToken({ publish: ['*'] });
    const first = await publish(hub.url, token, {
      topic: ['a', 'b'],
      data: 'line 1\nline 2',
      id: '1',
      type: 'news',
    });
    expect([first.status, first.text]).toEqual([200, '1']);
    expect(first.headers['content-type']).toBe('text/plain; charset=utf-8');
    // Longer than any interceptor of the application would let a handler run.
    await stillOpenAfter(stream, TIMEOUT_MS * 4);
    await hub.service.publish({ topic: 'a', data: 'later', id: '2' });
    const text = await stream.body.waitFor('data: later\n\n');
    expect(text).toBe(':\nevent: news\nid: 1\ndata: line 1\ndata: line 2\n\nid: 2\ndata: later\n\n');
    stream.abort();

    const head = await send(`${hub.url}?topic=a`, { method: 'HEAD' });
    expect([head.status, head.headers['content-type'], head.text]).toEqual([200, 'text/event-stream', '']);
    const forged = await legacyToken(
      { publish: ['*'] },
      { key: 'the key of somebody else entirely, long enough' },
    );
    const refusals = await Promise.all([
      send(hub.url),
      publish(hub.url, undefined, { topic: 'a' }),
      publish(hub.url, forged, { topic: 'a' }),
      publish(hub.url, token, { data: 'without a topic' }),
      send(hub.url, { method: 'PUT', headers: bearer(token) }),
      send(`${hub.url}/below`),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual([400, 401, 401, 400, 405, 404]);
    for (const { headers, text: lines } of refusals) {
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(lines).toMatch(/^[^\n]+\n[^\n]+\n$/);
    }
    expect(refusals[1].headers['www-authenticate']).toMatch(/^Bearer/);
    expect(refusals[4].headers.allow?.split(', ')).toEqual(expect.arrayContaining(['GET', 'HEAD', 'POST']));
  });

  it('even where a map and a timeout interceptor spoil the application’s own streams', async () => {
    const hub = await start({
      adapter,
      controllers: [OwnController],
      providers: [
        { provide: APP_INTERCEPTOR, useClass: Wrap },
        { provide: APP_INTERCEPTOR, useClass: TimeOut },
      ],
    });
    const own = await open(`${hub.origin}/own/ticks`);
    await own.body.ended();
    expect(own.body.text).toContain('event: error');
    expect(dataOf(own.body.text)[0], 'wrapped').toContain('{');
  });

  it('is denied by a global guard where nobody said it was public: 403 in its own words', async () => {
    const hub = await start({ adapter, providers: [{ provide: APP_GUARD, useClass: DenyUnlessPublic }] });
    const answer = await send(`${hub.url}?topic=a`);
    expect(answer.status).toBe(403);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(hub.hub.connections).toBe(0);
  });

  it('with its own CORS rules, whatever app.enableCors() allows', async () => {
    const hub = await start({
      adapter,
      controllers: [OwnController],
      configure: (app) => app.enableCors({ origin: '*' }),
      options: { corsOrigins: ['https://listed.test'] },
    });
    const asked = async (url: string, origin: string, method = 'GET') => {
      const headers = { origin, 'access-control-request-method': 'GET' };
      const answer = await open(url, { method, headers });
      answer.abort();
      return answer.headers['access-control-allow-origin'];
    };
    expect(await asked(`${hub.origin}/own`, 'https://other.test')).toBe('*');
    for (const method of ['GET', 'OPTIONS']) {
      expect(await asked(`${hub.url}?topic=a`, 'https://listed.test', method)).toBe('https://listed.test');
      expect(await asked(`${hub.url}?topic=a`, 'https://other.test', method)).toBeUndefined();
    }
  });

  it('with a prefix of its own path’s beginning: neither route takes the other’s requests', async () => {
    const hub = await start({
      adapter,
      controllers: [OwnController],
      options: { path: '/own/hub' },
    });
    expect((await send(`${hub.origin}/own`)).text).toBe('own');
    expect((await send(`${hub.origin}/own/hubs`)).status).toBe(404);
    expect((await send(`${hub.origin}/ownXhub?topic=a`)).status).toBe(404);
    const stream = await open(`${hub.url}?topic=a`);
    expect(stream.status).toBe(200);
    stream.abort();
  });
});

/** The one wait by the clock: that nothing happens to a stream can only be seen by letting time pass. */
async function stillOpenAfter(stream: Awaited<ReturnType<typeof open>>, ms: number): Promise<void> {
  let ended = false;
  void stream.body.ended().then(
    () => (ended = true),
    () => undefined,
  );
  await new Promise((resume) => setTimeout(resume, ms));
  expect(ended).toBe(false);
}
