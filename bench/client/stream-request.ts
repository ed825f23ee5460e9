/** Where a contestant listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly http2: boolean;
  /** The path of streams, to which the query is appended. */
  readonly path: string;
  /** The name of the query parameter that asks for a topic. */
  readonly parameter: 'match' | 'topic';
}

/** Streams to be opened, numbered from 0. */
export interface StreamsRequest {
  /** Streams go to them in turn. */
  readonly addresses: readonly Address[];
  readonly count: number;
  /** Streams follow topics in turn; 1: all the same. */
  readonly topics: number;
  /** Each stream's, in turn; none: without a token. */
  readonly tokens: readonly string[];
  readonly lastEventId: string | undefined;
  /** The sequence of the first update that is to come. */
  readonly from: number;
  readonly publishers: number;
  readonly dataBytes: number;
  /** How many may be connecting at once. */
  readonly atOnce: number;
}
