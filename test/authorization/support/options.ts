import type { AuthorizerOptions } from '../../../src/authorization/authorizer-options.js';
import type { AuthorizationRequest } from '../../../src/authorization/authorizer.js';

export const ORIGIN = 'https://hub.example.com';
export const HUB_URL = `${ORIGIN}/.well-known/mercure`;
export const SECRET = 'a secret of more than thirty-two bytes, for HS256';
export const OTHER_SECRET = 'another secret of more than thirty-two bytes, for HS256';

/** The resolved options of a hub under https://hub.example.com, by default with one secret for both roles. */
export function hubOptions(options: Partial<AuthorizerOptions> = {}): AuthorizerOptions {
  return {
    protocol: 'both',
    path: '/.well-known/mercure',
    publicUrl: ORIGIN,
    hubUrl: new URL(HUB_URL),
    publisher: { key: SECRET },
    subscriber: { key: SECRET },
    trustedIssuers: [],
    issuers: [],
    anonymous: false,
    cookieName: '__Secure-mercure_access_token',
    publicUpdates: 'granted',
    publishOrigins: [],
    ...options,
  };
}

interface RequestParts {
  readonly method?: string;
  readonly url?: string;
  readonly bearer?: string;
  readonly authorization?: readonly string[];
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly origin?: string;
}

export function request(parts: RequestParts = {}): AuthorizationRequest {
  const {
    method = 'GET',
    url = '/.well-known/mercure',
    bearer,
    cookie,
    headers = {},
    origin = ORIGIN,
  } = parts;
  const credentials = parts.authorization ?? (bearer === undefined ? [] : [`Bearer ${bearer}`]);
  return {
    method,
    url,
    headers: { ...headers, ...(cookie !== undefined && { cookie }) },
    rawHeaders: ['Host', 'hub.example.com', ...credentials.flatMap((value) => ['Authorization', value])],
    origin,
  };
}
