import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A network between a client and a server, which a test can break in the ways networks break. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections are open through it. */
  readonly connections: number;
  /** How many were ever made. */
  readonly accepted: number;
  /** Ends every open connection with an RST, as a router that lost its table does. New ones may come. */
  cut(): void;
  /** New connections are refused, open ones cut: nothing listens. */
  refuse(): void;
  /**
   * Nothing gets through any more, in either direction, and nobody is told: packets are dropped. New connections are
   * accepted and as silent. Bytes that were on their way when it began are lost.
   */
  blackhole(): void;
  /** Bytes get through so many milliseconds later, in order, in both directions. */
  delay(milliseconds: number): void;
  /** Ends each connection after so many bytes of answers, counted from now: in the middle of one. */
  cutAfter(bytes: number): void;
  /** Everything gets through at once again. Connections that lost bytes in a black hole are cut. */
  heal(): void;
  /** Connections from now on go elsewhere, as an address does that moves to another machine. */
  redirect(target: { readonly port: number; readonly host?: string }): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of the loopback. */
export async function startTcpProxy(target: {
  readonly port: number;
  readonly host?: string;
}): Promise<TcpProxy> {
  const links = new Set<Link>();
  const network: Network = { target, isDark: false, delayMs: 0, bytesLeft: Infinity };
  let accepted = 0;
  let isRefusing = false;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (isRefusing) {
      client.resetAndDestroy();
      return;
    }
    accepted++;
    const link = new Link(client, network, () => links.delete(link));
    links.add(link);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const link of links) link.cut();
  };
  return {
    port,
    get connections() {
      return links.size;
    },
    get accepted() {
      return accepted;
    },
    cut,
    refuse: () => {
      isRefusing = true;
      cut();
    },
    blackhole: () => {
      network.isDark = true;
    },
    delay: (milliseconds) => {
      network.delayMs = milliseconds;
    },
    cutAfter: (bytes) => {
      network.bytesLeft = bytes;
    },
    heal: () => {
      Object.assign(network, { isDark: false, delayMs: 0, bytesLeft: Infinity });
      isRefusing = false;
      for (const link of links) if (link.lostBytes) link.cut();
    },
    redirect: (to) => {
      network.target = to;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What every connection through the proxy meets. */
interface Network {
  target: { readonly port: number; readonly host?: string };
  isDark: boolean;
  delayMs: number;
  /** Of answers, until the connection is cut. */
  bytesLeft: number;
}

/** One connection: the client's end and the server's. */
class Link {
  lostBytes = false;
  private readonly server: Socket | undefined;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly client: Socket,
    private readonly network: Network,
    private readonly gone: () => void,
  ) {
    client.on('error', () => this.cut());
    client.on('close', () => this.cut());
    if (network.isDark) {
      // Whoever connects now reaches nobody, and will not after it heals either.
      this.lostBytes = true;
      client.resume();
      return;
    }
    this.server = connect({ host: '127.0.0.1', ...network.target, allowHalfOpen: true, noDelay: true });
    this.server.on('error', () => this.cut());
    this.server.on('close', () => this.cut());
    this.carry(client, this.server, false);
    this.carry(this.server, client, true);
  }

  cut(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.client.resetAndDestroy();
    this.server?.resetAndDestroy();
    this.gone();
  }

  private carry(from: Socket, to: Socket, isAnswer: boolean): void {
    from.on('data', (chunk) => this.pass(() => this.write(to, chunk, isAnswer)));
    from.on('end', () => this.pass(() => to.end()));
  }

  /** At once, or as late as the network is slow; in order, as timers of one duration are. */
  private pass(act: () => void): void {
    const { isDark, delayMs } = this.network;
    if (isDark) {
      this.lostBytes = true;
    } else if (delayMs === 0 && this.timers.size === 0) {
      act();
    } else {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        act();
      }, delayMs);
      this.timers.add(timer);
    }
  }

  private write(to: Socket, chunk: Buffer, isAnswer: boolean): void {
    const { network } = this;
    if (!isAnswer || chunk.length <= network.bytesLeft) {
      if (isAnswer) network.bytesLeft -= chunk.length;
      to.write(chunk);
      return;
    }
    const rest = chunk.subarray(0, network.bytesLeft);
    network.bytesLeft = Infinity;
    to.end(rest, () => this.cut());
  }
}
