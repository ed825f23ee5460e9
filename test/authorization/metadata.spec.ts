import { describe, expect, it } from 'vitest';
import { challenge } from '../../src/authorization/bearer-challenge.js';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import {
  authorizationMalformed,
  grantMissing,
  originNotAllowed,
  tokenInvalid,
  tokenMissing,
} from '../../src/authorization/refusals.js';
import {
  resourceMetadata,
  resourceMetadataPath,
  resourceMetadataUrl,
} from '../../src/authorization/resource-metadata.js';
import { MercureError } from '../../src/errors.js';
import { HUB_URL, hubOptions, ORIGIN, SECRET } from './support/options.js';

const METADATA = `${ORIGIN}/.well-known/oauth-protected-resource/.well-known/mercure`;
const keyless = { publisher: undefined, subscriber: undefined, anonymous: true };

describe('the challenge of an answer', () => {
  it.each([
    ['no token', undefined, ''],
    ['no token, as an error', tokenMissing(), ''],
    ['a bad token', tokenInvalid('its signature is wrong'), 'error="invalid_token", '],
    ['a malformed header', authorizationMalformed('x', 400), 'error="invalid_request", '],
    ['a foreign page', originNotAllowed(400), 'error="invalid_request", '],
    ['a missing grant', grantMissing(NO_GRANTS), 'error="insufficient_scope", '],
  ])('says what is wrong with the credential, and where to read more: %s', (_, error, expected) => {
    expect(challenge(error, ORIGIN, hubOptions())).toBe(`Bearer ${expected}resource_metadata="${METADATA}"`);
  });

  it('names no metadata where 1.0 is off, nor where there are no keys', () => {
    expect(challenge(tokenMissing(), ORIGIN, hubOptions({ protocol: '0.x' }))).toBe('Bearer');
    expect(challenge(tokenInvalid('x'), ORIGIN, hubOptions({ protocol: '0.x' }))).toBe(
      'Bearer error="invalid_token"',
    );
    expect(challenge(tokenMissing(), ORIGIN, hubOptions(keyless))).toBe('Bearer');
  });

  it('is absent from answers that are not about authorization', () => {
    expect(challenge(new MercureError('TOPIC_MISSING', 400, 'x', 'y'), ORIGIN, hubOptions())).toBeUndefined();
  });

  it('cannot be broken out of by the host a request names', () => {
    const options = hubOptions({ publicUrl: undefined, issuer: 'me' });
    for (const host of [
      'http://a"b',
      'http://a", error="x',
      'http://a\r\nb',
      'http://',
      String.raw`http://a\"b`,
      'http://a b',
    ]) {
      const value = challenge(tokenMissing(), host, options)!;
      expect(value).toMatch(/^Bearer(?: resource_metadata="(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+")?$/);
    }
  });
});

describe('the protected resource document', () => {
  it('says what the resource is and how tokens for it look', () => {
    expect(resourceMetadata(hubOptions(), ORIGIN)).toEqual({
      resource: HUB_URL,
      bearer_methods_supported: ['header'],
      authorization_details_types_supported: ['https://mercure.rocks/authorization-detail'],
      mercure_matcher_types_supported: ['exact', 'urlpattern'],
      mercure_cookie: '__Secure-mercure_access_token',
    });
  });

  it('names the issuers that are authorization servers, the cookie and the subscriptions API', () => {
    const issuers = [
      { issuer: 'https://as.example', subscriber: { key: SECRET }, authorizationServer: true },
      { issuer: 'https://other.example', subscriber: { key: SECRET } },
    ];
    const options = { ...hubOptions({ issuers, cookieName: 'hub' }), subscriptions: true };
    expect(resourceMetadata(options, ORIGIN)).toMatchObject({
      authorization_servers: ['https://as.example'],
      mercure_cookie: 'hub',
      mercure_subscriptions: true,
    });
  });

  it('is of the host it is asked for, where no public URL is set', () => {
    const options = hubOptions({
      publicUrl: undefined,
      hubUrl: new URL('http://localhost/hub'),
      path: '/hub',
    });
    expect(resourceMetadata(options, 'http://10.0.0.1:3000')?.resource).toBe('http://10.0.0.1:3000/hub');
    expect(resourceMetadataUrl(options, 'http://10.0.0.1:3000')).toBe(
      'http://10.0.0.1:3000/.well-known/oauth-protected-resource/hub',
    );
    expect(resourceMetadataPath(options)).toBe('/.well-known/oauth-protected-resource/hub');
  });

  it('is found on the host of the resource identifier, where that is a URL', () => {
    const elsewhere = hubOptions({ resourceIdentifier: 'https://resource.example/x' });
    expect(resourceMetadataUrl(elsewhere, ORIGIN)).toBe(
      'https://resource.example/.well-known/oauth-protected-resource/.well-known/mercure',
    );
    expect(resourceMetadataUrl(hubOptions({ resourceIdentifier: 'urn:hub' }), ORIGIN)).toBe(METADATA);
    expect(resourceMetadata(elsewhere, ORIGIN)?.resource).toBe('https://resource.example/x');
  });

  it('is none under 0.x, and on a hub without keys', () => {
    expect(resourceMetadata(hubOptions({ protocol: '0.x' }), ORIGIN)).toBeUndefined();
    expect(resourceMetadata(hubOptions(keyless), ORIGIN)).toBeUndefined();
    const issuers = [{ issuer: 'a', publisher: { key: SECRET } }];
    expect(resourceMetadata(hubOptions({ ...keyless, issuers }), ORIGIN)).toBeDefined();
  });
});
