import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Http1Body } from './http1-body.js';
import type { Address } from './stream-request.js';

export interface StreamEvents {
  readonly onHead: (status: number, head: string) => void;
  /** @param bytes of the event stream; not to be kept */
  readonly onBytes: (bytes: Buffer) => void;
  /** A chunk of HTTP/1.1 begins. */
  readonly onChunk: () => void;
  /** The connection is over, for whatever reason. */
  readonly onOver: (reason: string) => void;
}

export interface Connection {
  pause(): void;
  close(): void;
}

export interface StreamHead {
  readonly address: Address;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** All sockets of the process read into it, one after another: nothing is allocated for what arrives. */
const shared = Buffer.allocUnsafe(64 * 1024);

/** A stream of its own on a raw socket. */
export function openHttp1({ address, target, headers }: StreamHead, events: StreamEvents): Connection {
  const { host, port, tls } = address;
  const body = new Http1Body({ ...events, onEnd: () => events.onOver('the response has ended') });
  let socket: Socket;
  if (tls) {
    socket = connectTls({ host, port, rejectUnauthorized: false });
    socket.on('data', (bytes) => body.feed(bytes));
  } else {
    const callback = (bytes: number) => {
      body.feed(shared.subarray(0, bytes));
      return true;
    };
    socket = connectTcp({ host, port, onread: { buffer: shared, callback } });
  }
  socket.setNoDelay(true);
  const fields = { Host: `${host}:${port}`, Accept: 'text/event-stream', ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  let reason = 'the connection was closed';
  socket.on('error', (error) => (reason = error.message));
  socket.once('close', () => events.onOver(reason));
  return {
    pause: () => void socket.pause(),
    close: () => void (tls ? socket.destroy() : socket.resetAndDestroy()),
  };
}

const STREAMS_PER_SESSION = 100;
let session: ClientHttp2Session | undefined;
let used = 0;

/** A stream of HTTP/2, on a connection that it shares with a hundred others. */
export function openHttp2({ address, target, headers }: StreamHead, events: StreamEvents): Connection {
  if (!session || used === STREAMS_PER_SESSION) {
    const { host, port, tls } = address;
    session = connectHttp2(`${tls ? 'https' : 'http'}://${host}:${port}`, { rejectUnauthorized: false });
    session.on('error', () => undefined);
    used = 0;
  }
  used++;
  const owner = session;
  const stream = owner.request({ ':path': target, accept: 'text/event-stream', ...headers });
  stream.once('response', (head) => events.onHead(head[':status']!, ''));
  stream.on('data', (bytes: Buffer) => events.onBytes(bytes));
  let reason = 'the stream was closed';
  stream.on('error', (error) => (reason = error.message));
  stream.once('close', () => events.onOver(reason));
  return { pause: () => void stream.pause(), close: () => owner.destroy() };
}
