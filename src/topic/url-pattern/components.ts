/** The components of a URL that a pattern looks at, in the order of the standard. */
export const COMPONENTS = [
  'protocol',
  'username',
  'password',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
] as const;

export type Component = (typeof COMPONENTS)[number];

/** One value per component, without the separators around them: `https`, not `https:`. */
export type UrlComponents = Readonly<Record<Component, string>>;

/** A pattern string per component, for some of them. */
export type ComponentPatterns = Partial<Record<Component, string>>;

/** One value per component, made by name. */
export function perComponent<T>(make: (name: Component) => T): Record<Component, T> {
  return {
    protocol: make('protocol'),
    username: make('username'),
    password: make('password'),
    hostname: make('hostname'),
    port: make('port'),
    pathname: make('pathname'),
    search: make('search'),
    hash: make('hash'),
  };
}

/** The default ports of the schemes that the URL Standard calls special. */
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['ftp', '21'],
  ['file', ''],
  ['http', '80'],
  ['https', '443'],
  ['ws', '80'],
  ['wss', '443'],
]);

export const SPECIAL_SCHEMES: readonly string[] = [...DEFAULT_PORTS.keys()];

/** Whether the port is the one that a URL of this scheme leaves out. */
export function isDefaultPort(scheme: string, port: string): boolean {
  return port !== '' && DEFAULT_PORTS.get(scheme) === port;
}

/** The components of an absolute URL, or of a relative one on its base; undefined when it is no URL. */
export function parseComponents(value: string, base?: string): UrlComponents | undefined {
  let url: URL;
  try {
    url = new URL(value, base);
  } catch {
    return undefined;
  }
  return {
    protocol: url.protocol.slice(0, -1),
    username: url.username,
    password: url.password,
    hostname: url.hostname,
    port: url.port,
    pathname: url.pathname,
    search: url.search.slice(1),
    hash: url.hash.slice(1),
  };
}
