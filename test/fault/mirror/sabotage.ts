import type { StoredUpdate, Transport } from '../../../src/transport/transport.js';

/** A transport that keeps its promises until it is told not to: the mirror must show each of these. */
export function sabotaged(transport: Transport): {
  readonly transport: Transport;
  readonly arm: (kind: 'drop' | 'swap') => void;
} {
  let armed: 'drop' | 'swap' | undefined;
  let held: StoredUpdate | undefined;
  const start = transport.start.bind(transport);
  transport.start = (listener) =>
    start({
      gap: (position) => listener.gap(position),
      appended: (batch) => {
        if (armed === undefined) return listener.appended(batch);
        const updates = [...batch];
        if (armed === 'drop') {
          armed = undefined;
          updates.shift();
        } else if (held === undefined) held = updates.shift();
        if (armed === 'swap' && held && updates.length > 0) {
          updates.splice(1, 0, held);
          armed = undefined;
        }
        return updates.length > 0 ? listener.appended(updates) : undefined;
      },
    });
  return { transport, arm: (kind) => (armed = kind) };
}
