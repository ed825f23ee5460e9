import { randomUUID } from 'node:crypto';
import type { WakeUps } from '../log.js';
import { NotifyQueue, QUEUE_USAGE } from './notify-queue.js';
import type { PostgresLine } from './postgres-line.js';
import type { WritersLock } from './postgres-statements.js';

/** At most one ring in so many milliseconds: what NOTIFY costs the server does not grow with what is published. */
const QUIET_MS = 5;
/** How often it is looked whether the bell still hangs. Milliseconds. */
const LOOK_MS = 1000;

/**
 * Wakes the other nodes by NOTIFY, on a connection of its own and outside of any writer's transaction, where it would
 * take a lock of the whole server. It is only ever a hint: nodes look by themselves as well.
 */
export class Doorbell {
  /** Whether rings of other nodes are heard. */
  hears = false;
  private rung = 0;
  private heard = 0;
  private readonly channel: string;
  private readonly self = randomUUID();
  private listener: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private wanted = false;
  private isPooled = false;
  private looker: NodeJS.Timeout | undefined;
  private readonly queue: NotifyQueue;

  constructor(
    private readonly line: PostgresLine,
    [, log]: WritersLock,
    private readonly warn: (message: string) => void,
  ) {
    this.channel = `mercure_${log}`;
    this.queue = new NotifyQueue(warn);
    line.onOpen = (client) => {
      client.on('notification', ({ payload }) => this.take(payload));
      client.on('end', () => (this.hears = false));
    };
  }

  get wakeUps(): WakeUps {
    const doorbell = this.isPooled ? 'pooled' : this.hears ? 'heard' : 'away';
    return { doorbell, rung: this.rung, heard: this.heard, queue: this.queue.usage };
  }

  onRing(listener: () => void): void {
    this.listener = listener;
  }

  /** Begins to listen, and again whenever the connection was lost. */
  async hang(): Promise<void> {
    await this.look();
    this.looker = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  /** Rings now, or when it has been quiet for long enough. */
  ring(): void {
    this.wanted = true;
    if (!this.timer) void this.ringNow();
  }

  async close(): Promise<void> {
    clearInterval(this.looker);
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.line.close();
  }

  private async ringNow(): Promise<void> {
    this.wanted = false;
    this.rung++;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.wanted) void this.ringNow();
    }, QUIET_MS);
    // Where it fails the others look a little later.
    await this.line.query('SELECT pg_notify($1, $2)', [this.channel, this.self]).catch(() => undefined);
  }

  private take(ringer: string | undefined): void {
    if (ringer === this.self) return;
    this.heard++;
    this.listener?.();
  }

  private async look(): Promise<void> {
    if (this.isPooled) return;
    try {
      // A connection that went silent is noticed by this as well.
      if (!this.hears) await this.listen();
      const [row] = await this.line.query(QUEUE_USAGE);
      this.queue.see(Number(row![0]));
    } catch {
      this.hears = false;
    }
  }

  private async listen(): Promise<void> {
    const client = await this.line.client();
    const [row] = await this.line.query('SELECT pg_backend_pid()');
    if (client.processID !== row![0]) {
      // A pooler answers in the server's place: LISTEN would be another client's in the next moment.
      this.isPooled = true;
      this.warn('PostgreSQL is behind a pooler: updates of other nodes are looked for ten times a second.');
      return;
    }
    await this.line.query(`LISTEN ${this.channel}`);
    this.hears = true;
    // What was rung before it hung.
    this.listener?.();
  }
}
