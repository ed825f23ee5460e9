/**
 * What can happen to an entity, as its followers see it: a soft delete is a `delete`, a recovery an `update`; where a
 * topic's value changes, followers of the old topic see a `delete`.
 */
export type BroadcastOperation = 'create' | 'update' | 'delete';

/**
 * A topic of an entity. A string is an IRI template over columns, `'https://example.com/books/{id}'`; `{a.b}` reads a
 * column of an embedded object, or the key a relation points to (`/users/{author.id}/books/{id}`); values are
 * percent-encoded, and a topic whose column is null is left out. A function is given the entity (of a delete: the row
 * as it was), with no relations but those in `relations`, and returns a topic or several. What is relative is resolved against the option
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
   * foreign key, for what is linked (many-to-many), or for rows that touch this one. One of which is not known what it
   * changed is told. Default: all.
   */
  columns?: readonly string[];
}

/** A change as its followers see it. */
export interface BroadcastChange<Entity extends object = object> {
  readonly operation: BroadcastOperation;
  /** The row as it was, where that is known; of a delete it is the entity itself. */
  readonly before: Entity | undefined;
  /** The canonical topic. */
  readonly iri: string;
}

/**
 * What becomes of writes that name no row: `update()`, `delete()`, `increment()`, `softDelete()`, `restore()`, query
 * builders.
 *
 * - `'warn'` logs that followers were not told.
 * - `'ignore'` says nothing.
 * - `'collection'` publishes `{ "@id", "@type", "bulk": operation }` on the collection's topic after the commit: rows of
 *   it changed, and clients read it again.
 * - `'ids'` reads which rows they change, and tells each as `save()` and `remove()` would; of more than `maxBulkRows`
 *   the collection, where there is one, else the log.
 */
export type BulkMode = 'warn' | 'ignore' | 'collection' | 'ids';

/** The keywords of JSON-LD that a payload has beside its own members. */
export interface JsonLdOptions {
  /** `@type`. Default: the entity's name. */
  type?: string;
  /** `@context`: an IRI, resolved against `publicUrl` where it is relative, or an object. Default none. */
  context?: string | object;
}

/**
 * What tells the changes of an entity.
 *
 * - `'events'` of TypeORM, of writes through it that name their rows.
 * - `'trigger'`: triggers in PostgreSQL, which a migration makes (`PostgresTriggerBroadcast`): whatever writes the rows,
 *   raw SQL and `ON DELETE CASCADE` too. The events tell nothing then.
 */
export type BroadcastSource = 'events' | 'trigger';

/** What `@Broadcast()` takes. */
export interface BroadcastOptions<Entity extends object = object> {
  /** What tells the changes; the same in all declarations of an entity. Default `'events'`. */
  by?: BroadcastSource;
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
  /**
   * The many-to-many relations it is the inverse side of, by property path, whose links are updates of it, too: `true`
   * is all of them. Links are always updates of the side that owns the relation. Default false.
   */
  inverse?: boolean | readonly string[];
  /**
   * Relations with a foreign key here, by property path: each change of this entity, whether or not it is told, is an
   * update of the row it points to, and of the one it pointed to before. Default none.
   */
  touch?: readonly string[];
  /**
   * Relations that followers see, by property: the row has the keys of what they link it to, `{ id: 1 }` or a list of
   * those, in payloads and for each function that is given it. One with a foreign key here, a many-to-many one whose
   * links are updates, or one whose rows touch this one. Default none.
   */
  relations?: readonly string[];
  /**
   * What creates and updates carry: the row, `'resource'`; a JSON Merge Patch of what an update changed,
   * `'merge-patch'`, which is the whole row where not everybody who receives it knows what was there before; or
   * `'reference'`, the key alone, for clients that read the row where their own permissions are judged. Deletes are
   * `{ "@id", "@type", …key, "deleted": true }` under each. Default `'resource'`.
   */
  payload?: 'resource' | 'merge-patch' | 'reference';
  /** Makes what is sent of a row that was created or updated: an object. Default: the entity, its columns and `relations`. */
  serialize?: (entity: Entity, change: BroadcastChange<Entity>) => object;
  /**
   * Sends what class-transformer exposes to these groups, and nothing that has no `@Expose()`; `[]` is what is exposed
   * to all. Default: class-transformer is not asked.
   */
  groups?: readonly string[];
  /** Whether rows carry `@id` and `@type` too, and which type and context. Default false. */
  jsonLd?: boolean | JsonLdOptions;
  /**
   * Milliseconds in which further updates of a row wait, so that of many only the latest is told; the first is told at
   * once, and so are creates, deletes and moves. Refused with merge patches, and by triggers. Default 0: each is told.
   */
  windowMs?: number;
  /** Milliseconds after which what waits is told though updates go on. Default `windowMs`. */
  maxWaitMs?: number;
  /**
   * What becomes of writes that name no row. `'collection'` needs `collection`, of a topic without columns. Default:
   * the module's, where its `'collection'` is `'warn'` to what has no such topic.
   */
  bulk?: BulkMode;
  /**
   * The event's name (`event:`): `'operation'` is `create`, `update` or `delete`, another text stands for itself, a
   * function returns one or undefined. Default none, so that a browser's `onmessage` hears every update.
   */
  type?: string | ((entity: Entity, change: BroadcastChange<Entity>) => string | undefined);
}

/**
 * How updates get from the commit of a transaction to the hub.
 *
 * - `'memory'` hands them over in the process, after the commit. It never fails a write; what is on its way when the
 *   process dies is lost.
 * - `'outbox'` stores them with the transaction that made the changes, as its last statement: in the hub's own log where
 *   that lies in the same database (the `typeorm` transport), else in a table from which a relay publishes them. Nothing
 *   is lost, and what cannot be stored fails the transaction.
 */
export type DeliveryMode = 'memory' | 'outbox';

/** How outboxes are kept. */
export interface OutboxOptions {
  /**
   * Begins the name of its table, where it has one of its own, and those of what `PostgresTriggerBroadcast` made. A word
   * of at most 30 letters, digits and `_`. Default `mercure_`: the table is `mercure_outbox`.
   */
  prefix?: string;
  /** Makes the table when the application starts, where it is not there. Default false. */
  migrate?: boolean;
  /**
   * Gives writes that would commit by themselves (`insert()`, `update()`, `delete()`, `upsert()`, query builders,
   * `relation().of()`) a transaction, so that an end of the process between the write and its outbox row loses nothing:
   * a BEGIN and a COMMIT each. Raw SQL and `save(…, { transaction: false })` stay as they are. On SQLite transactions
   * that begin meanwhile wait for their end. Default false: such a write is warned about once for each entity.
   */
  wrapAutocommit?: boolean;
}

/** What becomes of raw SQL that changes the table of an entity whose events are told. */
export type RawSqlMode = 'warn' | 'ignore';

/** Module-wide settings of `@Broadcast()`. */
export interface BroadcastDefaults {
  /** How updates get from the commit of a transaction to the hub. Default `'memory'`, whatever the transport. */
  delivery?: DeliveryMode;
  /** Where delivery by outbox needs a table of its own. */
  outbox?: OutboxOptions;
  /** What becomes of writes that name no row, where a declaration does not say. Default `'warn'`. */
  bulk?: BulkMode;
  /** Rows of one write that `bulk: 'ids'` names; of more it names none. 0 names none. Default 1,000. */
  maxBulkRows?: number;
  /**
   * What becomes of raw SQL (`query()`) that inserts, updates or deletes rows of which something is told: `'warn'` logs
   * that followers were not told. Default `'warn'`, and `'ignore'` where `NODE_ENV` is `production`.
   */
  rawSql?: RawSqlMode;
  /** Nest tokens of the DataSources to follow. Default: every DataSource of the application. */
  dataSources?: readonly (string | symbol | (abstract new (...args: never[]) => object))[];
}
