import type { ValueType } from './value-types.js';

/** Where to listen, as far as one variable says it. */
export interface ListenAddress {
  readonly scheme?: 'http' | 'https';
  /** A name or address without brackets; undefined: every interface. */
  readonly host?: string;
  readonly port?: number;
}

const ADDRESS = /^(?:(https?):\/\/)?(?:\[([\da-f:.]+)\]|([^:/\s,[\]]*))(?::(\d{1,5}))?\/?$/i;

function parseAddress(text: string): ListenAddress | undefined {
  const [match, scheme, v6, name, digits] = ADDRESS.exec(text) ?? [];
  if (!match || Number(digits ?? 0) > 65_535) return undefined;
  const host = v6 ?? name;
  if (!host && digits === undefined) return undefined;
  return {
    scheme: scheme?.toLowerCase() as ListenAddress['scheme'],
    host: host === '' || host === '*' ? undefined : host,
    port: digits === undefined ? undefined : Number(digits),
  };
}

/** `:3000`, `127.0.0.1:3000`: the 0.x hub's, whose host is the interface to listen on. */
export const BIND_ADDRESS: ValueType<ListenAddress> = {
  unit: 'address',
  expected: 'an address to listen on, like :3000 or 127.0.0.1:3000',
  parse: (text) => {
    const address = parseAddress(text);
    return address?.scheme === undefined ? address : undefined;
  },
};

/** `:3000`, `hub.example.com:3000` or a URL: its host is a name, not an interface. */
export const SITE_ADDRESS: ValueType<ListenAddress> = {
  unit: 'address',
  expected: 'one address: :3000, localhost:3000 or http://localhost:3000',
  parse: parseAddress,
};
