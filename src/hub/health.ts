import { MercureError } from '../errors.js';
import { reportsHealth } from '../transport/abilities.js';
import type { Transport } from '../transport/transport.js';

/** How long a store may take to say that it is well: a probe waits no longer. Milliseconds. */
const PATIENCE_MS = 2000;

/** Whether the store of the updates would take one now. It is asked once at a time, whoever asks: anybody may probe. */
export class Health {
  private asked: Promise<void> | undefined;

  constructor(private readonly transport: Transport) {}

  /** @throws MercureError TRANSPORT_UNAVAILABLE */
  async check(): Promise<void> {
    if (!reportsHealth(this.transport)) return;
    this.asked ??= this.transport.check().finally(() => (this.asked = undefined));
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable('does not answer')), PATIENCE_MS);
    });
    try {
      await Promise.race([this.asked, silence]);
    } catch (error) {
      throw error instanceof MercureError ? error : unavailable('fails', error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function unavailable(fault: string, cause?: unknown): MercureError {
  const remedy = `The store of the updates ${fault}. Try again.`;
  return new MercureError('TRANSPORT_UNAVAILABLE', 503, 'Service Unavailable', remedy, { cause });
}
