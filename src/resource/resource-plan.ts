import type { BroadcastResource } from '../broadcast/broadcast-resource.js';
import type { BroadcastService } from '../broadcast/broadcast.service.js';
import { expandTopicTemplate, parseTopicTemplate, resolveTopic } from '../broadcast/topic-template.js';
import type { DiscoveryHints } from '../http/discovery.js';
import { invalidResource, type MercureResourceOptions } from './mercure-resource-options.js';

type Params = Readonly<Record<string, string>>;

/** What is told about one answer of a handler. */
export interface Told {
  /** Where its updates are published; undefined where that is not known. */
  readonly topic: string | undefined;
  readonly hints: Pick<DiscoveryHints, 'contentType' | 'type'>;
}

/** A handler's options, checked and ready to be applied to what it returns; undefined stands for an error. */
export type ResourcePlan = (body: unknown, params: Params) => Told;

/**
 * Checks a handler's options against what is broadcast.
 *
 * @throws MercureError OPTIONS_INVALID
 */
export function planResource(
  options: MercureResourceOptions,
  handler: string,
  broadcasts: BroadcastService,
  publicUrl: string | undefined,
): ResourcePlan {
  const { entity, collection = false, topic, contentType, type } = options;
  const declared = () => (entity === undefined ? undefined : broadcasts.resourceOf(entity));
  const named = declared();
  if (entity !== undefined && !named && broadcasts.knowsAll) {
    const remedy = 'Decorate it with @Broadcast(), or say the "topic".';
    throw invalidResource(handler, 'its "entity" is not broadcast', remedy);
  }
  if (collection && topic === undefined && named && named.collection === undefined) {
    const remedy =
      'Set "collection" of its @Broadcast() to true or to a topic without columns, or say the "topic".';
    throw invalidResource(handler, 'its "entity" has no topic of all rows', remedy);
  }
  const own = topic === undefined ? undefined : compileTopic(topic, handler, publicUrl);
  return (body, params) => {
    const resource = (collection ? undefined : ofClass(body, options, broadcasts)) ?? declared();
    const hints = { contentType: contentType ?? resource?.contentType, type: type ?? resource?.type };
    if (own) return { topic: collection || isSomething(body) ? own(body, params) : undefined, hints };
    if (collection) return { topic: resource?.collection, hints };
    return { topic: isRow(body) ? resource?.topicOf(body, params) : undefined, hints };
  };
}

/** The declaration of the very class that is returned: of a child of the entity its own. */
function ofClass(
  body: unknown,
  { entity }: MercureResourceOptions,
  broadcasts: BroadcastService,
): BroadcastResource | undefined {
  if (!isRow(body) || (typeof entity === 'function' && !(body instanceof entity))) return undefined;
  const { constructor } = body;
  return typeof constructor === 'function' ? broadcasts.resourceOf(constructor as never) : undefined;
}

function compileTopic(
  topic: NonNullable<MercureResourceOptions['topic']>,
  handler: string,
  publicUrl: string | undefined,
): (body: unknown, params: Params) => string | undefined {
  if (typeof topic === 'function') {
    return (body, params) => {
      const told = topic(body, params);
      return told === undefined ? undefined : resolveTopic(told, publicUrl);
    };
  }
  const template = parse(topic, handler, publicUrl);
  return (body, params) => expandTopicTemplate(template, (name) => memberOf(body, name) ?? params[name]);
}

function parse(topic: string, handler: string, publicUrl: string | undefined) {
  try {
    return parseTopicTemplate(topic, publicUrl);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = reason.includes('publicUrl')
      ? 'Set "publicUrl" in MercureModule.forRoot(), or write an absolute topic.'
      : 'Write names between braces, like "/books/{id}".';
    throw invalidResource(handler, `topic "${topic}" ${reason}`, remedy, error);
  }
}

/** A member by its path; of what is no object, there is none. */
function memberOf(body: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((value, name) => (isRow(value) ? (value as Record<string, unknown>)[name] : undefined), body);
}

function isRow(body: unknown): body is object {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

function isSomething(body: unknown): boolean {
  return body !== undefined && body !== null;
}
