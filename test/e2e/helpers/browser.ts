import { EventSource, type EventSourceFetchInit } from 'eventsource';
import { Agent, fetch as undiciFetch } from 'undici';
import { unhung } from '../../support/byte-log.js';

/** An event as a page's listener gets it. */
export interface Heard {
  readonly type: string;
  readonly data: string;
  /** What the event itself said; empty where it said none. */
  readonly id: string;
}

export interface PageSettings {
  /** Names of events to listen to, beside `message`. */
  readonly types?: readonly string[];
  /** Sent with every request, as a browser sends its cookies. */
  readonly headers?: Record<string, string>;
  /** Speaks HTTP/2 where the server does, and believes any certificate. */
  readonly http2?: boolean;
}

/** A request the EventSource made by itself, and what came back. */
export interface Connection {
  readonly lastEventId: string | undefined;
  /** Undefined: no answer at all. */
  readonly status: number | undefined;
}

/** A page with an EventSource of its own, which remembers what it heard. */
export class Page {
  readonly heard: Heard[] = [];
  /** What `onmessage` alone has heard. */
  readonly messages: string[] = [];
  readonly connections: Connection[] = [];
  /** Times it was told of an error: the stream's end, a lost connection, a refusal. */
  errors = 0;
  private readonly listeners = new Set<() => void>();
  private readonly agent: Agent;
  private readonly source: EventSource;

  constructor(
    url: string,
    private readonly settings: PageSettings = {},
  ) {
    this.agent = new Agent({
      allowH2: settings.http2 ?? false,
      connect: { rejectUnauthorized: false },
      bodyTimeout: 0,
    });
    this.source = new EventSource(url, { fetch: (target, init) => this.request(target, init) });
    // What most pages write, and what hears no event that has a name.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    this.source.onmessage = ({ data }) => void this.messages.push(data as string);
    for (const type of new Set(['message', ...(settings.types ?? [])])) {
      this.source.addEventListener(type, (event) => this.hear(event));
    }
    this.source.addEventListener('open', () => this.tell());
    this.source.addEventListener('error', () => {
      this.errors++;
      this.tell();
    });
  }

  /** Resolves with a page whose stream is open. */
  static async open(url: string, settings?: PageSettings): Promise<Page> {
    const page = new Page(url, settings);
    await page.until(() => page.state !== 'connecting', `an open stream of ${url}`);
    if (page.state === 'open') return page;
    await page.close();
    throw new Error(`Refused: ${JSON.stringify(page.connections)}`);
  }

  get state(): 'connecting' | 'open' | 'closed' {
    const { readyState } = this.source;
    return readyState === 0 ? 'connecting' : readyState === 1 ? 'open' : 'closed';
  }

  get data(): string[] {
    return this.heard.map(({ data }) => data);
  }

  /** Resolves when something is so; looked at whenever the page's stream opens, fails or brings an event. */
  async until(condition: () => boolean, what: string): Promise<void> {
    await unhung(
      new Promise<void>((resolve) => {
        const look = () => {
          if (!condition()) return;
          this.listeners.delete(look);
          resolve();
        };
        this.listeners.add(look);
        look();
      }),
      () => `${what}, heard ${JSON.stringify(this.heard)}, connected ${JSON.stringify(this.connections)}`,
    );
  }

  /** Resolves with everything heard, once an event with this data is among it. */
  async hears(data: string): Promise<Heard[]> {
    await this.until(() => this.data.includes(data), data);
    return this.heard;
  }

  /** The tab is closed. */
  async close(): Promise<void> {
    this.source.close();
    await this.agent.destroy();
  }

  private async request(target: string | URL, init: EventSourceFetchInit) {
    const headers = { ...init.headers, ...this.settings.headers };
    const lastEventId = init.headers['Last-Event-ID'];
    try {
      const response = await undiciFetch(target, { ...init, headers, dispatcher: this.agent });
      this.connections.push({ lastEventId, status: response.status });
      return response;
    } catch (error) {
      this.connections.push({ lastEventId, status: undefined });
      throw error;
    }
  }

  private hear({ type, data, lastEventId }: MessageEvent): void {
    this.heard.push({ type, data: data as string, id: lastEventId });
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
