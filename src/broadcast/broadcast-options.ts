/**
 * What can happen to an entity, as its followers see it: a soft delete is a `delete`, a recovery an `update`; where a
 * topic's value changes, followers of the old topic see a `delete`.
 */
export type BroadcastOperation = 'create' | 'update' | 'delete';

/**
 * A topic of an entity. A string is an IRI template over columns, `'https://example.com/books/{id}'`; `{a.b}` reads a
 * column of an embedded object, or the key a relation points to (`/users/{author.id}/books/{id}`); values are
 * percent-encoded, and a topic whose column is null is left out. A function is given the entity (of a delete: the row
 * as it was), without relations, and returns a topic or several. What is relative is resolved against the option
 * `publicUrl`.
 */
export type TopicSource<Entity extends object> = string | ((entity: Entity) => string | readonly string[]);

/** Which changes of one operation are told. */
export interface OperationRule<Entity extends object = object> {
  /**
   * Whether a change is told; given the entity (of a delete: the row as it was) and the row as it was before, where
   * that is known. Not asked where only the key is known. Default: always.
   */
  when?: (entity: Entity, before: Entity | undefined) => boolean;
}

/** Which updates are told. */
export interface UpdateRule<Entity extends object = object> extends OperationRule<Entity> {
  /**
   * Only updates that change one of these: property paths of columns, of embedded objects, of relations for their
   * foreign key. One of which is not known what it changed (`upsert()`) is told. Default: all.
   */
  columns?: readonly string[];
}

/** What `@Broadcast()` takes. */
export interface BroadcastOptions<Entity extends object = object> {
  /**
   * Where changes are published: the canonical topic first, alternate ones after it. Default:
   * `{publicUrl}/{kebab-case plural of the entity's name}/{id}`, `/book-reviews/7` for a `BookReview`; a composite key
   * is its values with commas between them.
   */
  topic?: TopicSource<Entity> | readonly TopicSource<Entity>[];
  /**
   * A topic of all rows, on which every update is published too, as the last alternate one: `true` is the default
   * topic without the key, `/books`; a string is an IRI template. Refused where `private` is not `false`. Default false.
   */
  collection?: boolean | string;
  /** Whether only subscribers granted one of the topics receive the updates; a function is given the entity. Default false. */
  private?: boolean | ((entity: Entity) => boolean);
  /** The operations told. Default `['create', 'update', 'delete']`. */
  on?: readonly BroadcastOperation[];
  /** `false` tells no creates, an object only some. */
  create?: boolean | OperationRule<Entity>;
  /** `false` tells no updates, an object only some; what moves to another topic is not one, but a delete and a create. */
  update?: boolean | UpdateRule<Entity>;
  /** `false` tells no deletes, an object only some. */
  delete?: boolean | OperationRule<Entity>;
  /** The same for rows whose `@DeleteDateColumn()` is set. Default: what `delete` says. */
  softDelete?: boolean | OperationRule<Entity>;
  /** The same for rows that are recovered. Default: what `update` says, whatever the columns. */
  recover?: boolean | OperationRule<Entity>;
  /** The event's name (`event:`). Default none, so that a browser's `onmessage` hears every update. */
  type?: string;
}

/** Module-wide settings of `@Broadcast()`. */
export interface BroadcastDefaults {
  /** Nest tokens of the DataSources to follow. Default: every DataSource of the application. */
  dataSources?: readonly (string | symbol | (abstract new (...args: never[]) => object))[];
}
