import {
  type BeforeApplicationShutdown,
  Inject,
  Logger,
  Module,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
  RequestMethod,
  type Type,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { Authorizer } from './authorization/authorizer.js';
import { BroadcastService } from './broadcast/broadcast.service.js';
import { findDataSources } from './broadcast/find-data-sources.js';
import { FrontDoor } from './http/front-door.js';
import { placeControllers } from './http/hub-controllers.js';
import { HIDDEN_TYPE } from './http/publication-body.js';
import { Hub } from './hub/hub.js';
import { createBroadcasts, startOnce } from './mercure.broadcasts.js';
import { createHub } from './mercure.hub.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './mercure.module-definition.js';
import { MercureService } from './mercure.service.js';
import { MERCURE_OPTIONS } from './mercure.tokens.js';
import type { MercureOptions } from './options/mercure-options.js';
import { type ResolvedOptions, resolveOptions } from './options/resolve-options.js';
import { enterApplication, livesInApplication } from './transport/application.js';
import { ResourceLinks } from './resource/resource-links.js';

const logger = new Logger('Mercure');

/** Makes the hub and starts it, unless its transport needs what other providers of the application are. */
async function startHub(options: ResolvedOptions, modules: ModulesContainer): Promise<Hub> {
  const hub = createHub(options);
  const { transport, dispatchTimeoutMs } = options;
  enterApplication(transport, {
    dispatchTimeoutMs,
    findDataSource: (token) => findDataSources(modules, [token], 'transport')[0]!,
    warn: (message) => logger.warn(message),
  });
  if (!startsLate(options)) await startOnce(hub);
  return hub;
}

function startsLate({ transport }: ResolvedOptions): boolean {
  return livesInApplication(transport) && transport.needsProviders;
}

function createAuthorizer(options: ResolvedOptions): Authorizer {
  const authorizer = new Authorizer(options);
  for (const warning of authorizer.warnings) logger.warn(warning);
  return authorizer;
}

/** Makes an application a Mercure hub. The only file that wires providers. */
@Module({
  providers: [
    {
      provide: MERCURE_OPTIONS,
      useFactory: (options: MercureOptions) => resolveOptions(options),
      inject: [MODULE_OPTIONS_TOKEN],
    },
    { provide: Authorizer, useFactory: createAuthorizer, inject: [MERCURE_OPTIONS] },
    { provide: Hub, useFactory: startHub, inject: [MERCURE_OPTIONS, ModulesContainer] },
    {
      provide: FrontDoor,
      useFactory: (options: ResolvedOptions) => new FrontDoor(options),
      inject: [MERCURE_OPTIONS],
    },
    {
      provide: BroadcastService,
      useFactory: createBroadcasts,
      inject: [MERCURE_OPTIONS, Hub, ModulesContainer],
    },
    {
      provide: ResourceLinks,
      useFactory: (options: ResolvedOptions, hub: Hub, broadcasts: BroadcastService) =>
        new ResourceLinks(options, hub, broadcasts),
      inject: [MERCURE_OPTIONS, Hub, BroadcastService],
    },
    MercureService,
  ],
  // Interceptors of @MercureResource() are made where their controllers are.
  exports: [MercureService, BroadcastService, ResourceLinks],
})
export class MercureModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(
    @Inject(MERCURE_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(Hub) private readonly hub: Hub,
    @Inject(FrontDoor) private readonly frontDoor: FrontDoor,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(ApplicationConfig) private readonly applicationConfig: ApplicationConfig,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {
    super();
  }

  /**
   * Called after the application's own settings (prefix, versioning, parsers) and before routes are made: the last
   * moment to say where the hub lives, and the first at which there is an HTTP server.
   */
  configure(): void {
    placeControllers(this.ownControllers(), this.options.path);
    this.excludeFromPrefix();
    const { httpAdapter } = this.adapterHost;
    this.frontDoor.install(httpAdapter.getHttpServer());
    acceptHiddenType(httpAdapter.getInstance());
  }

  async onModuleInit(): Promise<void> {
    if (startsLate(this.options)) await startOnce(this.hub);
  }

  /** Before the adapter closes: it would wait for open streams for ever, and keep-alive sockets for seconds. */
  async beforeApplicationShutdown(): Promise<void> {
    this.frontDoor.close();
    await this.hub.endStreams(this.options.shutdownSpreadMs);
  }

  /** After the adapter has closed: until then requests commit what has to be published. */
  async onApplicationShutdown(): Promise<void> {
    await this.hub.shutdown(0);
  }

  private ownControllers(): Type<unknown>[] {
    const own = [...this.modules.values()].find((module) => module.instance === this);
    return [...(own?.controllers.values() ?? [])].map(({ metatype }) => metatype as Type<unknown>);
  }

  private excludeFromPrefix(): void {
    const options = this.applicationConfig.getGlobalPrefixOptions();
    const { path } = this.options;
    const pathRegex = new RegExp(`^${path.replaceAll('.', '\\.')}(?:/.*)?$`);
    const hub = { path, requestMethod: RequestMethod.ALL, pathRegex };
    this.applicationConfig.setGlobalPrefixOptions({ ...options, exclude: [...(options.exclude ?? []), hub] });
  }
}

/** Fastify refuses bodies of a type it has no parser for; this one leaves the body where it is. */
function acceptHiddenType(instance: unknown): void {
  const { hasContentTypeParser, addContentTypeParser } = instance as {
    hasContentTypeParser?: (type: string) => boolean;
    addContentTypeParser?: (
      type: string,
      parser: (request: unknown, body: unknown, done: (error: null) => void) => void,
    ) => void;
  };
  if (!addContentTypeParser || hasContentTypeParser?.call(instance, HIDDEN_TYPE)) return;
  addContentTypeParser.call(instance, HIDDEN_TYPE, (_request, _body, done) => done(null));
}
