import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastOptions, TopicSource } from './broadcast-options.js';
import { resourceName } from './default-topic.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';
import { type RelationKeys, relationKeys } from './relation-keys.js';
import { expandTopicTemplate, parseTopicTemplate, resolveTopic } from './topic-template.js';

/** The topics of an entity's rows. */
export interface Topics {
  /** Of one row, the canonical one first; empty where the only ones have a column that is null. */
  of(entity: ObjectLiteral, keys: RelationKeys): string[];
  /** Property paths of the relations that must be read for it. */
  readonly relations: readonly string[];
}

/** What a template's name stands for. */
interface Field {
  readonly valueOf: (entity: ObjectLiteral, keys: RelationKeys) => unknown;
  readonly relation?: string;
}

/**
 * Makes the option `topic` applicable to rows.
 *
 * @throws MercureError BROADCAST_INVALID for a template that names what is no readable column, and for a relative or
 * default topic without `publicUrl`
 */
export function compileTopics(
  topic: BroadcastOptions['topic'],
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): Topics {
  const listed = topic === undefined ? [defaultTemplate(metadata, publicUrl)] : [topic].flat();
  if (listed.length === 0) throw invalidBroadcast(metadata, 'option "topic" is empty', 'Leave it out.');
  return joinTopics(listed.map((source) => compileSource(source, metadata, publicUrl)));
}

/** Several as one, each topic once. */
export function joinTopics(all: readonly Topics[]): Topics {
  return {
    of: (entity, keys) => [...new Set(all.flatMap((each) => each.of(entity, keys)))],
    relations: [...new Set(all.flatMap(({ relations }) => relations))],
  };
}

/**
 * Makes the option `collection` applicable to rows.
 *
 * @throws MercureError BROADCAST_INVALID
 */
export function compileCollection(
  collection: string | true,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): Topics {
  return compileSource(collectionSource(collection, metadata, publicUrl), metadata, publicUrl);
}

/** The collection that has all rows; undefined where its topic depends on a row's columns. */
export function fixedCollection(
  collection: string | true,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): string | undefined {
  const { literals, names } = parse(collectionSource(collection, metadata, publicUrl), metadata, publicUrl);
  return names.length === 0 ? literals[0] : undefined;
}

function collectionSource(
  collection: string | true,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): string {
  return collection === true ? collectionTemplate(metadata, publicUrl) : collection;
}

function compileSource(
  source: TopicSource<object>,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): Topics {
  if (typeof source === 'function') {
    return { of: (entity) => resolveAll(source(entity), publicUrl), relations: [] };
  }
  if (typeof source !== 'string') {
    throw invalidBroadcast(metadata, 'option "topic" holds neither text nor a function', 'Use a template.');
  }
  refuseLiteral(source, metadata);
  const template = parse(source, metadata, publicUrl);
  const fields = new Map(template.names.map((name) => [name, fieldOf(name, source, metadata)]));
  return {
    of: (entity, keys) => {
      const expanded = expandTopicTemplate(template, (name) => fields.get(name)?.valueOf(entity, keys));
      return expanded === undefined ? [] : [expanded];
    },
    relations: [...fields.values()].flatMap(({ relation }) => relation ?? []),
  };
}

/** What a router or a URL Pattern would fill in is the same text for all rows here. */
function refuseLiteral(source: string, metadata: EntityMetadata): void {
  if (source === '')
    throw invalidBroadcast(metadata, 'option "topic" holds an empty text', 'Use a template.');
  const [, name] = /\/:(\w+)/.exec(source) ?? [];
  if (name === undefined) return;
  const remedy = `Write "${source.replaceAll(/\/:(\w+)/g, '/{$1}')}".`;
  throw invalidBroadcast(metadata, `topic "${source}" has ":${name}", which names no column`, remedy);
}

function parse(source: string, metadata: EntityMetadata, publicUrl: string | undefined) {
  try {
    return parseTopicTemplate(source, publicUrl);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = reason.includes('publicUrl')
      ? 'Set "publicUrl" in MercureModule.forRoot(), or write an absolute topic.'
      : 'Write columns between braces, like "/books/{id}".';
    throw invalidBroadcast(metadata, `topic "${source}" ${reason}`, remedy, error);
  }
}

function resolveAll(topics: unknown, publicUrl: string | undefined): string[] {
  return [topics].flat().map((topic) => {
    if (typeof topic !== 'string' || topic === '')
      throw new TypeError('the function "topic" returned no text');
    return resolveTopic(topic, publicUrl);
  });
}

/**
 * What a re-read entity does not have would never be filled in; what is hidden must not be told by a topic either. A
 * path through a relation ends at the key it points to: what else stands there changes without an event of this entity.
 */
function fieldOf(name: string, source: string, metadata: EntityMetadata): Field {
  const columns = metadata.columns.filter(({ isVirtual }) => !isVirtual);
  const column = columns.find(({ propertyPath }) => propertyPath === name);
  if (column?.isSelect) return { valueOf: (entity) => column.getEntityValue(entity) };
  const foreign = relationKeys(metadata);
  const key = foreign.find(({ path }) => path === name);
  if (key) {
    return { valueOf: (_entity, keys) => keys[name], ...(key.isVirtual && { relation: key.relation }) };
  }
  const fault = column ? 'is hidden by select: false' : 'is not a column property or the key of a relation';
  const names = columns.filter(({ isSelect }) => isSelect).map(({ propertyPath }) => propertyPath);
  throw invalidBroadcast(
    metadata,
    `topic "${source}" names "${name}", which ${fault}`,
    `Use one of ${quoted([...names, ...foreign.map(({ path }) => path)])}.`,
  );
}

function defaultTemplate(metadata: EntityMetadata, publicUrl: string | undefined): string {
  const key = metadata.primaryColumns.map(
    ({ isVirtual, propertyPath, relationMetadata, referencedColumn }) =>
      isVirtual
        ? `{${relationMetadata?.propertyPath}.${referencedColumn?.propertyPath}}`
        : `{${propertyPath}}`,
  );
  return `${collectionTemplate(metadata, publicUrl)}/${key.join(',')}`;
}

function collectionTemplate({ name }: EntityMetadata, publicUrl: string | undefined): string {
  return `${publicUrl?.replace(/\/$/, '') ?? ''}/${resourceName(name)}`;
}
