import { ConfigurableModuleBuilder } from '@nestjs/common';
import { createHubControllers } from './http/hub-controllers.js';
import type { MercureModuleExtras, MercureOptions } from './options/mercure-options.js';

/** What an options class of `forRootAsync` has. */
export interface MercureOptionsFactory {
  createMercureOptions(): MercureOptions | Promise<MercureOptions>;
}

const EXTRAS: MercureModuleExtras = { isGlobal: true, controllerDecorators: [] };

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<MercureOptions>({ moduleName: 'Mercure' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createMercureOptions')
    .setExtras(EXTRAS, (definition, { isGlobal = true, controllerDecorators = [] }) => ({
      ...definition,
      global: isGlobal,
      controllers: createHubControllers(controllerDecorators),
    }))
    .build();
