import { type INestApplication, Inject, Injectable, Module, SetMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  MercureModule,
  type MercureModuleExtras,
  type MercureOptions,
  type MercureOptionsFactory,
  MercurePublishController,
  MercureService,
  MercureSubscribeController,
} from '../../src/index.js';
import { open, publish, send } from '../support/http-client.js';
import { ADAPTERS, type AdapterName, createHubApp } from '../support/hub-app.js';
import { KEY, legacyToken } from '../support/tokens.js';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const OPTIONS: MercureOptions = { path: '/live/hub', anonymous: true, publisher: { key: KEY } };

@Injectable()
class Settings {
  readonly hub = OPTIONS;
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class OptionsClass implements MercureOptionsFactory {
  createMercureOptions(): MercureOptions {
    return OPTIONS;
  }
}

@Injectable()
class OptionsFromSettings implements MercureOptionsFactory {
  constructor(@Inject(Settings) private readonly settings: Settings) {}

  async createMercureOptions(): Promise<MercureOptions> {
    await Promise.resolve();
    return this.settings.hub;
  }
}

@Module({ providers: [OptionsClass], exports: [OptionsClass] })
class OptionsModule {}

type Imported = ReturnType<typeof MercureModule.forRoot>;

const WAYS: readonly { way: string; module: () => Imported }[] = [
  { way: 'forRoot', module: () => MercureModule.forRoot(OPTIONS) },
  { way: 'useFactory', module: () => MercureModule.forRootAsync({ useFactory: () => OPTIONS }) },
  {
    way: 'an async useFactory with inject and imports',
    module: () =>
      MercureModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: (settings: Settings) => Promise.resolve(settings.hub),
      }),
  },
  { way: 'useClass', module: () => MercureModule.forRootAsync({ useClass: OptionsClass }) },
  {
    way: 'useClass with imports',
    module: () => MercureModule.forRootAsync({ imports: [SettingsModule], useClass: OptionsFromSettings }),
  },
  {
    way: 'useExisting',
    module: () => MercureModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsClass }),
  },
];

const apps: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function listen(adapter: AdapterName, ...modules: Imported[]): Promise<string> {
  const moduleRef = await Test.createTestingModule({ imports: modules }).compile();
  const app = moduleRef.createNestApplication(
    adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter(),
    { logger: false },
  );
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  return `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}

describe.each(ADAPTERS)('on %s, a hub configured by', (adapter) => {
  it.each(WAYS)('$way is at the path of its options, and nowhere else', async ({ module }) => {
    const origin = await listen(adapter, module());
    const stream = await open(`${origin}/live/hub?topic=a`);
    expect(stream.status).toBe(200);
    const token = await legacyToken({ publish: ['*'] });
    const published = await publish(`${origin}/live/hub`, token, { topic: 'a', data: 'hello', id: '1' });
    expect([published.status, published.text]).toEqual([200, '1']);
    await stream.body.waitFor('data: hello\n\n');
    stream.abort();
    expect((await send(`${origin}/.well-known/mercure?topic=a`)).status).toBe(404);
  });

  it('two options, is two hubs of one application, each at its own path and with its own updates', async () => {
    const origin = await listen(
      adapter,
      MercureModule.forRoot({ ...OPTIONS, path: '/one', isGlobal: false }),
      MercureModule.forRoot({ ...OPTIONS, path: '/two', isGlobal: false }),
    );
    const token = await legacyToken({ publish: ['*'] });
    const one = await open(`${origin}/one?topic=a`);
    const two = await open(`${origin}/two?topic=a`);
    expect([one.status, two.status]).toEqual([200, 200]);
    await publish(`${origin}/one`, token, { topic: 'a', data: 'of one' });
    await publish(`${origin}/two`, token, { topic: 'a', data: 'of two' });
    expect(await one.body.waitFor('data: of one\n\n')).not.toContain('of two');
    expect(await two.body.waitFor('data: of two\n\n')).not.toContain('of one');
    one.abort();
    two.abort();
  });
});

describe('MercureService', () => {
  @Injectable()
  class Newsroom {
    constructor(@Inject(MercureService) readonly mercure: MercureService) {}
  }

  @Module({ providers: [Newsroom] })
  class NewsModule {}

  const compile = (extras: MercureModuleExtras) =>
    Test.createTestingModule({
      imports: [MercureModule.forRoot({ ...OPTIONS, ...extras }), NewsModule],
    }).compile();

  it.each([
    ['by default', {}],
    ['with `isGlobal: true`', { isGlobal: true }],
    ['with extras that are not said', { isGlobal: undefined, controllerDecorators: undefined }],
  ])('can be injected everywhere %s', async (_, extras) => {
    const moduleRef = await compile(extras);
    expect(moduleRef.get(Newsroom, { strict: false }).mercure).toBeInstanceOf(MercureService);
    await moduleRef.close();
  });

  it('can be injected only where the module is imported, with `isGlobal: false`', async () => {
    await expect(compile({ isGlobal: false })).rejects.toThrow(/Newsroom/);
  });

  it('can be injected only where the module is imported, with `isGlobal: false` beside async options', async () => {
    const mercure = MercureModule.forRootAsync({ isGlobal: false, useFactory: () => OPTIONS });
    await expect(Test.createTestingModule({ imports: [mercure, NewsModule] }).compile()).rejects.toThrow(
      /Newsroom/,
    );
  });
});

describe('controllerDecorators', () => {
  it.each([
    [
      'forRoot',
      (controllerDecorators: ClassDecorator[]) => MercureModule.forRoot({ ...OPTIONS, controllerDecorators }),
    ],
    [
      'forRootAsync',
      (controllerDecorators: ClassDecorator[]) =>
        MercureModule.forRootAsync({ useFactory: () => OPTIONS, controllerDecorators }),
    ],
  ])('of %s are put on every controller of that hub, and on no other hub’s', (_, register) => {
    const marked = register([SetMetadata('mark', 'this hub'), SetMetadata('second', true)]);
    const other = register([]);
    const marks = (module: Imported) =>
      (module.controllers ?? []).map((controller) => [
        Reflect.getMetadata('mark', controller) as unknown,
        Reflect.getMetadata('second', controller) as unknown,
      ]);
    expect(marks(marked).length).toBeGreaterThanOrEqual(2);
    for (const mark of marks(marked)) expect(mark).toEqual(['this hub', true]);
    for (const mark of marks(other)) expect(mark).toEqual([undefined, undefined]);
    for (const shared of [MercureSubscribeController, MercurePublishController]) {
      expect(Reflect.hasMetadata('mark', shared)).toBe(false);
    }
  });
});

describe('an application whose hub is misconfigured', () => {
  const asymmetric =
    '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----';
  const undeclared = { anonymus: true } as unknown as MercureOptions;

  it.each<{ fault: string; options: MercureOptions; told: RegExp }>([
    { fault: 'with nobody who could subscribe', options: {}, told: /subscriber: \{ key \}.*anonymous: true/ },
    { fault: 'with an unknown option', options: undeclared, told: /"anonymus".*"anonymous"/ },
    { fault: 'with a bad value', options: { anonymous: true, heartbeatMs: -1 }, told: /"heartbeatMs"/ },
    {
      fault: 'with an HMAC algorithm and a public key',
      options: { subscriber: { key: asymmetric, algorithms: ['HS256'] } },
      told: /subscriber/,
    },
    { fault: 'with an empty key', options: { subscriber: { key: '' } }, told: /subscriber/ },
    {
      fault: 'with a bad key of an issuer',
      options: { issuers: [{ issuer: 'https://i.test', subscriber: { key: '' } }] },
      told: /issuer|subscriber/,
    },
  ])('does not start $fault, and says why', async ({ options, told }) => {
    const start = Test.createTestingModule({ imports: [MercureModule.forRoot(options)] }).compile();
    await expect(start).rejects.toMatchObject({
      name: 'MercureError',
      code: 'OPTIONS_INVALID',
      message: expect.stringMatching(told) as string,
    });
  });

  it('does not start with async options that fail either', async () => {
    const mercure = MercureModule.forRootAsync({ useFactory: () => Promise.resolve(undeclared) });
    await expect(Test.createTestingModule({ imports: [mercure] }).compile()).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
    });
  });

  it('is told so where its options factory returned nothing', async () => {
    const nothing = undefined as unknown as MercureOptions;
    const mercure = MercureModule.forRootAsync({ useFactory: () => nothing });
    await expect(Test.createTestingModule({ imports: [mercure] }).compile()).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
    });
  });

  it('starts with the short key of the published demo, which is a warning only', async () => {
    const app = await createHubApp({
      options: { anonymous: false, publisher: { key: '!ChangeMe!' }, subscriber: { key: '!ChangeMe!' } },
    });
    await app.close();
  });
});
