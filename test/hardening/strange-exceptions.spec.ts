import {
  type CallHandler,
  type CanActivate,
  HttpException,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { type Observable, timeout } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { send } from '../support/http-client.js';
import { ADAPTERS, createHubApp } from '../support/hub-app.js';
import { eventually } from '../support/eventually.js';
import { connectRaw, rawRequest } from '../support/raw-connection.js';

const THROWN: readonly [string, () => unknown, number][] = [
  ['a string', () => 'x', 500],
  ['undefined', () => undefined, 500],
  ['null', () => null, 500],
  ['an exception with a status that is none', () => new HttpException('odd', 42), 500],
  ['an exception of the application', () => new HttpException('No entry', 418), 418],
];

describe.each(ADAPTERS)('A guard of the application, on %s', (adapter) => {
  it.each(THROWN)('that throws %s is answered, and holds nothing', async (_, thrown, status) => {
    @Injectable()
    class Thrower implements CanActivate {
      canActivate(): boolean {
        throw thrown();
      }
    }
    const hub = await createHubApp({ adapter, providers: [{ provide: APP_GUARD, useClass: Thrower }] });
    const answer = await send(hub.url, { query: { topic: 'a' } });
    expect(answer.status).toBe(status);
    await hub.close();
  });

  it('and an interceptor that answers before the subscription is made leaves no subscriber behind', async () => {
    @Injectable()
    class Impatient implements NestInterceptor {
      intercept(_: unknown, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(timeout(50));
      }
    }
    const hub = await createHubApp({
      adapter,
      providers: [{ provide: APP_INTERCEPTOR, useClass: Impatient }],
    });
    const register = vi.spyOn(hub.hub, 'register');
    const connection = await connectRaw(hub.port);
    // The body of a QUERY is what the handler waits for.
    connection.send(rawRequest('QUERY /.well-known/mercure HTTP/1.1', { 'Content-Length': '7' }, 'match='));
    await connection.received.waitFor('\r\n\r\n');
    expect(connection.received.text).not.toContain(' 200 ');
    connection.send('a');
    await eventually('the handler has gone on', () => register.mock.results.length === 1);
    await register.mock.results[0]!.value;
    await eventually('nobody is left', () => hub.hub.connections === 0);
    connection.destroy();
    await hub.close();
  });
});
