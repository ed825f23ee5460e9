import { connect } from 'node:net';
import { ByteLog, unhung } from './byte-log.js';

/** A bare TCP connection: what is said on it and what comes back, byte for byte, chunk sizes and all. */
export interface RawConnection {
  readonly received: ByteLog;
  send(text: string | Uint8Array): void;
  /** Takes nothing any more, so that the other side's buffers fill. */
  pause(): void;
  resume(): void;
  /** Says that no more will be sent, and goes on listening. */
  halfClose(): void;
  destroy(): void;
  /** Goes away with an RST instead of a FIN. */
  reset(): void;
}

export async function connectRaw(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const received = new ByteLog();
  socket.on('data', (chunk) => received.add(chunk));
  socket.once('end', () => received.finish('end'));
  socket.once('close', () => received.finish('cut'));
  socket.on('error', () => received.finish('cut'));
  const connected = new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  await unhung(connected, `a connection to port ${port}`);
  return {
    received,
    send: (text) => void socket.write(text),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    halfClose: () => void socket.end(),
    destroy: () => void socket.destroy(),
    reset: () => void socket.resetAndDestroy(),
  };
}

/** A request as it stands on the wire; `Host` is said where it is not given. */
export function rawRequest(line: string, headers: Record<string, string> = {}, body = ''): string {
  const fields = Object.entries({ Host: 'localhost', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${line}\r\n${fields.join('')}\r\n${body}`;
}
