import { MercureError } from '../../errors.js';
import type { Client } from './script.js';
import { isAnswer, isReadOnly, unavailable } from './failures.js';

/** Between two tries to connect. Milliseconds: short at first, since most interruptions are. */
export function retryDelay(tries: number): number {
  return Math.min(50 * 2 ** Math.min(tries, 5), 1000);
}

/**
 * One connection, which comes back by itself. Nothing is sent on it again and nothing waits inside it: commands that
 * were under way when it broke are rejected. The engine's own time limits are not used: its `socketTimeout` outlives the
 * socket it was set for and ends the next one, `commandTimeout` leaves the dead socket open.
 */
export class Connection {
  /** Counts the connections: what was acknowledged on one was acknowledged by one server. */
  generation = 0;
  private waiting: (() => void)[] = [];
  private handshake: NodeJS.Timeout | undefined;
  private failure: Error | undefined;
  private closed = false;

  /** @param timeoutMs how long the server may take for the handshake and, where nothing else is said, an answer */
  constructor(
    private readonly client: Client,
    private readonly timeoutMs: number,
  ) {
    client.on('connect', () => this.guardHandshake());
    client.on('ready', () => this.opened());
    client.on('close', () => clearTimeout(this.handshake));
    client.on('error', (error: Error) => (this.failure = error));
  }

  get isReady(): boolean {
    return this.client.status === 'ready';
  }

  /** Why it is not ready, where that is known. */
  get lastFailure(): Error | undefined {
    return this.failure;
  }

  /** Resolves when it is ready, or closed for good. */
  async whenReady(): Promise<void> {
    while (!this.isReady && !this.closed) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /**
   * Asks the server. What it asks in one turn of the event loop is sent together.
   *
   * @param withinMs past it the server counts as gone: the connection is cut, and made anew
   * @throws MercureError TRANSPORT_UNAVAILABLE where there is no answer; the engine's error where the answer is one
   */
  async send<T>(work: (client: Client) => Promise<T>, withinMs = this.timeoutMs): Promise<T> {
    if (!this.isReady) throw unavailable('Redis is away', this.failure);
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.cut();
        reject(unavailable('Redis does not answer'));
      }, withinMs);
    });
    try {
      return await Promise.race([work(this.client), limit]);
    } catch (error) {
      if (isReadOnly(error)) this.cut();
      throw isAnswer(error) || error instanceof MercureError ? error : unavailable('Redis is away', error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The same, where an error for an answer is no use either. @throws MercureError TRANSPORT_UNAVAILABLE */
  async ask<T>(work: (client: Client) => Promise<T>, withinMs = this.timeoutMs): Promise<T> {
    try {
      return await this.send(work, withinMs);
    } catch (error) {
      throw isAnswer(error) ? unavailable('Redis cannot answer', error) : error;
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.handshake);
    this.client.disconnect();
    this.tell();
  }

  private cut(): void {
    if (!this.closed) this.client.disconnect(true);
  }

  private opened(): void {
    clearTimeout(this.handshake);
    this.failure = undefined;
    this.generation++;
    this.tell();
  }

  /** A frozen server lets the system accept connections and answers none. */
  private guardHandshake(): void {
    clearTimeout(this.handshake);
    this.handshake = setTimeout(() => {
      this.failure = new Error('Redis does not answer');
      this.cut();
    }, this.timeoutMs);
  }

  private tell(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
