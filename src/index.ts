export { MercureModule } from './mercure.module.js';
export type { MercureOptionsFactory } from './mercure.module-definition.js';
export { MercureService, type SubscribeOptions } from './mercure.service.js';
export { MercureError, type MercureErrorCode } from './errors.js';
export type {
  Algorithm,
  IdempotencyOptions,
  IssuerOptions,
  JwksKey,
  MercureModuleExtras,
  MercureOptions,
  Protocol,
  RetainOptions,
  StaticKey,
  VerificationKey,
} from './options/mercure-options.js';
export type { Encryption } from './update/encrypt-data.js';
export type { Update, UpdateInput } from './update/update.js';
export type { TopicsInput } from './topic/topics-input.js';
export type { TokenRequest } from './authorization/create-token.js';
export { Broadcast } from './broadcast/broadcast.decorator.js';
export {
  PostgresTriggerBroadcast,
  type MigrationRunner,
  type PostgresTriggerOptions,
} from './broadcast/trigger/postgres-trigger-broadcast.js';
export { BroadcastService, type BroadcastTarget } from './broadcast/broadcast.service.js';
export type { BroadcastCounts } from './broadcast/broadcast-counts.js';
export type { OutboxStatus } from './broadcast/outbox/outbox.js';
export type {
  BroadcastChange,
  BroadcastDefaults,
  BroadcastOperation,
  BroadcastOptions,
  BroadcastSource,
  BulkMode,
  JsonLdOptions,
  OperationRule,
  TopicSource,
  UpdateRule,
} from './broadcast/broadcast-options.js';
export { MercureResource } from './resource/mercure-resource.decorator.js';
export type { MercureResourceOptions } from './resource/mercure-resource-options.js';
export type { DiscoveryHints } from './http/discovery.js';
export { MercureSubscribeController } from './http/mercure-subscribe.controller.js';
export { MercurePublishController } from './http/mercure-publish.controller.js';
export { MercurePublishGuard } from './http/mercure-publish.guard.js';
export { memory, type MemoryTransport, type MemoryTransportOptions } from './transport/memory-transport.js';
export type {
  AppendKind,
  Cursor,
  HistoryPage,
  Position,
  StartPoint,
  StoredUpdate,
  Transport,
  TransportListener,
} from './transport/transport.js';
export type {
  JoinsTransactions,
  OnceWindow,
  OpenTransaction,
  PresenceBoard,
  PresenceEntry,
  PresenceListener,
  ReportsHealth,
  RetainsUpdates,
  SharesPresence,
  StoresOnce,
} from './transport/abilities.js';
