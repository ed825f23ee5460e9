import { Controller, type Type, VERSION_NEUTRAL } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { MercurePublishController } from './mercure-publish.controller.js';
import { MercureSubscribeController } from './mercure-subscribe.controller.js';
import { MercureSubscriptionsController } from './mercure-subscriptions.controller.js';

/**
 * Controllers of one hub: classes of their own, since path and decorators belong to it and two hubs of a process must
 * not share them. Version-neutral, because the hub's URL has no version.
 */
export function createHubControllers(decorators: readonly ClassDecorator[]): Type<unknown>[] {
  return [MercureSubscribeController, MercurePublishController, MercureSubscriptionsController].map(
    (base) => {
      class HubController extends (base as Type<object>) {}
      Object.defineProperty(HubController, 'name', { value: base.name });
      Controller({ version: VERSION_NEUTRAL })(HubController);
      for (const decorate of decorators) decorate(HubController);
      return HubController;
    },
  );
}

/** Sets where a hub's controllers live, once its options are known and before routes are made. */
export function placeControllers(controllers: readonly Type<unknown>[], path: string): void {
  for (const controller of controllers) Reflect.defineMetadata(PATH_METADATA, path, controller);
}
