import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type {
  BroadcastChange,
  BroadcastOperation,
  BroadcastOptions,
  JsonLdOptions,
} from './broadcast-options.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';
import { refuseUnknownOptions } from './known-options.js';
import { mergePatch } from './merge-patch.js';
import { compileSerializer, type Serializer } from './serializers.js';
import { resolveTopic } from './topic-template.js';

/** What updates of an entity carry. Objects, to be sent as JSON. */
export interface Payloads {
  /**
   * @param known the row as everybody who receives this knows it, where they do
   * @returns undefined where there is nothing to tell
   */
  ofRow(
    entity: ObjectLiteral,
    id: ObjectLiteral,
    change: BroadcastChange,
    known: ObjectLiteral | undefined,
  ): object | undefined;
  ofDelete(before: ObjectLiteral | undefined, id: ObjectLiteral, iri: string): object;
  /** Of rows nobody knows, on the topic of all. */
  ofBulk(operation: BroadcastOperation, collection: string): object;
}

const KINDS: readonly unknown[] = ['resource', 'merge-patch', 'reference'];

/**
 * Makes `payload`, `serialize`, `groups` and `jsonLd` applicable to rows.
 *
 * @throws MercureError BROADCAST_INVALID
 */
export function compilePayloads(
  options: BroadcastOptions,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): Payloads {
  const { payload = 'resource', jsonLd = false } = options;
  const refuse = (fault: string, remedy: string): never => {
    throw invalidBroadcast(metadata, fault, remedy);
  };
  if (!KINDS.includes(payload)) {
    refuse('option "payload" is not one of its kinds', `Use ${quoted(KINDS.map(String))}.`);
  }
  const missing = payload === 'merge-patch' ? leavesOut(options) : undefined;
  if (missing !== undefined) {
    refuse(
      `option "${missing}" leaves out updates that a merge patch builds on`,
      'Use the payload "resource", or tell all creates, updates and recoveries.',
    );
  }
  const serialize = compileSerializer(options, metadata);
  const linked = compileJsonLd(jsonLd, metadata, publicUrl);
  const version = (entity: ObjectLiteral | undefined): object =>
    entity && metadata.versionColumn
      ? { [metadata.versionColumn.propertyName]: metadata.versionColumn.getEntityValue(entity) as unknown }
      : {};
  return {
    ofRow(entity, id, change, known) {
      if (payload === 'reference') return { ...linked.always(change.iri), ...id, ...version(entity) };
      const keywords = linked.asked && linked.always(change.iri);
      if (payload === 'resource' || !known) {
        return keywords ? { ...keywords, ...plain(serialize, entity, change) } : serialize(entity, change);
      }
      const patch = mergePatch(plain(serialize, known, change), plain(serialize, entity, change));
      return patch && { ...keywords, ...id, ...patch };
    },
    ofDelete: (before, id, iri) => ({ ...linked.always(iri), ...id, ...version(before), deleted: true }),
    ofBulk: (operation, collection) => ({ ...linked.always(collection), bulk: operation }),
  };
}

/** The option by which followers may not know a row whose updates they are told: how it came to be, or came back. */
function leavesOut(options: BroadcastOptions): keyof BroadcastOptions | undefined {
  const { on, update } = options;
  if (update === false || on?.includes('update') === false) return undefined;
  if (on?.includes('create') === false) return 'on';
  const isPart = (rule: unknown): boolean => rule === false || typeof rule === 'object';
  return (['create', 'update', 'recover'] as const).find((name) => isPart(options[name]));
}

/** What is left of an entity when it has been sent. */
function plain(serialize: Serializer, entity: ObjectLiteral, change: BroadcastChange): ObjectLiteral {
  return JSON.parse(JSON.stringify(serialize(entity, change))) as ObjectLiteral;
}

/** The keywords of an entity's payloads: `always`, of those without a row of their own; of rows where it is `asked`. */
function compileJsonLd(
  jsonLd: boolean | JsonLdOptions,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): { readonly asked: boolean; readonly always: (iri: string) => object } {
  if (typeof jsonLd !== 'boolean' && (typeof jsonLd !== 'object' || jsonLd === null)) {
    throw invalidBroadcast(metadata, 'option "jsonLd" is neither a boolean nor an object', 'Use true.');
  }
  const said = typeof jsonLd === 'object' ? jsonLd : {};
  refuseUnknownOptions(said, ['type', 'context'], metadata, 'jsonLd');
  const { type = metadata.name, context } = said;
  const resolved = typeof context === 'string' ? contextIri(context, metadata, publicUrl) : context;
  return {
    asked: jsonLd !== false,
    always: (iri) => ({
      ...(resolved !== undefined && { '@context': resolved }),
      '@id': iri,
      '@type': type,
    }),
  };
}

function contextIri(context: string, metadata: EntityMetadata, publicUrl: string | undefined): string {
  try {
    return resolveTopic(context, publicUrl);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidBroadcast(
      metadata,
      `option "jsonLd.context" ${reason}`,
      'Set "publicUrl" in MercureModule.forRoot(), or write an absolute IRI.',
      error,
    );
  }
}
