import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastOptions, TopicSource } from './broadcast-options.js';
import { resourceName } from './default-topic.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';
import { expandTopicTemplate, parseTopicTemplate, resolveTopic } from './topic-template.js';

/** The topics of a row, the canonical one first; empty where the only ones have a column that is null. */
export type TopicsOf = (entity: ObjectLiteral) => string[];

type ColumnMetadata = EntityMetadata['columns'][number];

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
): TopicsOf {
  const listed = topic === undefined ? [defaultTemplate(metadata, publicUrl)] : [topic].flat();
  if (listed.length === 0) throw invalidBroadcast(metadata, 'option "topic" is empty', 'Leave it out.');
  const sources = listed.map((source) => compileSource(source, metadata, publicUrl));
  return (entity) => [...new Set(sources.flatMap((source) => source(entity)))];
}

function compileSource(
  source: TopicSource<object>,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): TopicsOf {
  if (typeof source === 'function') return (entity) => resolveAll(source(entity), publicUrl);
  if (typeof source !== 'string') {
    throw invalidBroadcast(metadata, 'option "topic" holds neither text nor a function', 'Use a template.');
  }
  const template = parse(source, metadata, publicUrl);
  const columns = new Map(template.names.map((name) => [name, columnOf(name, source, metadata)]));
  return (entity) => {
    const expanded = expandTopicTemplate(template, (name) => columns.get(name)?.getEntityValue(entity));
    return expanded === undefined ? [] : [expanded];
  };
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

/** What a re-read entity does not have would never be filled in; what is hidden must not be told by a topic either. */
function columnOf(name: string, source: string, metadata: EntityMetadata): ColumnMetadata {
  const columns = metadata.columns.filter(({ isVirtual }) => !isVirtual);
  const column = columns.find(({ propertyPath }) => propertyPath === name);
  if (column?.isSelect) return column;
  const fault = column ? 'is hidden by select: false' : 'is not a column property';
  throw invalidBroadcast(
    metadata,
    `topic "${source}" names "${name}", which ${fault}`,
    `Use one of ${quoted(columns.filter(({ isSelect }) => isSelect).map(({ propertyPath }) => propertyPath))}.`,
  );
}

function defaultTemplate(metadata: EntityMetadata, publicUrl: string | undefined): string {
  const key = metadata.primaryColumns.map(({ propertyPath }) => `{${propertyPath}}`).join(',');
  return `${publicUrl?.replace(/\/$/, '') ?? ''}/${resourceName(metadata.name)}/${key}`;
}
