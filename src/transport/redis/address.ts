import { invalidOption } from './invalid-option.js';

/** Where the servers are and how to log in, as a URL says it. */
export interface Address {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  /** Of Sentinel: how it calls the master. */
  readonly masterName: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const SCHEMES: Readonly<Record<string, readonly [kind: Address['kind'], tls: boolean]>> = {
  redis: ['single', false],
  rediss: ['single', true],
  'redis+sentinel': ['sentinel', false],
  'rediss+sentinel': ['sentinel', true],
  'redis+cluster': ['cluster', false],
  'rediss+cluster': ['cluster', true],
};
const DEFAULT_PORTS = { single: 6379, sentinel: 26_379, cluster: 6379 };
// A URL of several hosts is none to the URL parser.
const SHAPE = /^([a-z+]+):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;
const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i;

/**
 * `redis://user:password@host:port/db?…`; `rediss://` with TLS; `redis+sentinel://host,host/db?name=mymaster`;
 * `redis+cluster://host,host`.
 *
 * @throws MercureError OPTIONS_INVALID, which never quotes the URL: it may hold a password
 */
export function addressOf(url: string): Address {
  const [, scheme = '', login, hosts = '', path = '', query = ''] = SHAPE.exec(url) ?? [];
  const known = Object.hasOwn(SCHEMES, scheme.toLowerCase()) ? SCHEMES[scheme.toLowerCase()] : undefined;
  if (!known) {
    throw invalidOption(
      'url',
      `is no URL of ${Object.keys(SCHEMES).join(', ')}`,
      'Use redis://localhost:6379.',
    );
  }
  const [kind, tls] = known;
  const parameters = new Map(new URLSearchParams(query));
  const masterName = parameters.get('name') ?? 'mymaster';
  parameters.delete('name');
  return {
    kind,
    tls,
    hosts: hostsOf(hosts, kind),
    ...loginOf(login),
    db: databaseOf(path, kind),
    masterName,
    parameters,
  };
}

function hostsOf(text: string, kind: Address['kind']): Address['hosts'] {
  const hosts = text.split(',').map((each) => {
    const [, host, port] = HOST.exec(each) ?? [];
    if (host === undefined || Number(port) > 65_535) {
      throw invalidOption(
        'url',
        'names a host that is none',
        'Write host:port, several with commas between.',
      );
    }
    return {
      host: host.replaceAll(/[[\]]/g, ''),
      port: port === undefined ? DEFAULT_PORTS[kind] : Number(port),
    };
  });
  if (kind === 'single' && hosts.length > 1) {
    throw invalidOption(
      'url',
      'names several hosts',
      'Use redis+sentinel:// or redis+cluster:// for several.',
    );
  }
  return hosts;
}

function loginOf(login: string | undefined): Pick<Address, 'username' | 'password'> {
  if (login === undefined) return {};
  const colon = login.indexOf(':');
  const [username, password] = colon === -1 ? [login, ''] : [login.slice(0, colon), login.slice(colon + 1)];
  try {
    return {
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
    };
  } catch {
    throw invalidOption('url', 'has a name or password with a stray "%"', 'Percent-encode both.');
  }
}

function databaseOf(path: string, kind: Address['kind']): number {
  if (path === '') return 0;
  if (!/^\d{1,4}$/.test(path) || (kind === 'cluster' && path !== '0')) {
    throw invalidOption(
      'url',
      'has a path that is no database',
      'Its path is a number; a cluster has only 0.',
    );
  }
  return Number(path);
}
