import { describe, expect, it } from 'vitest';
import { discoveryLink } from '../../src/http/discovery.js';
import { resolveOptions } from '../../src/options/resolve-options.js';

const HINTS = {
  lastEventId: 'urn:x:"1"',
  contentType: 'application/merge-patch+json',
  type: 'update',
  keySet: 'https://example.com/jwks.json',
};

describe('the link of discovery', () => {
  it('names the hub, and nothing else where nothing else is to be said', () => {
    expect(discoveryLink(resolveOptions({ anonymous: true }))).toBe('</.well-known/mercure>; rel="mercure"');
  });

  it('is absolute where the public URL is known, and says every hint, quoted', () => {
    const options = resolveOptions({ anonymous: true, publicUrl: 'https://example.com', cookieName: 'own' });
    expect(discoveryLink(options, HINTS)).toBe(
      '<https://example.com/.well-known/mercure>; rel="mercure"; last-event-id="urn:x:\\"1\\""; type="update"; ' +
        'content-type="application/merge-patch+json"; key-set="https://example.com/jwks.json"; cookie-name="own"',
    );
  });

  it('carries an id beyond ASCII as the bytes of its UTF-8', () => {
    const link = discoveryLink(resolveOptions({ anonymous: true }), { lastEventId: 'é' });
    expect(Buffer.from(link, 'latin1').toString('utf8')).toContain('last-event-id="é"');
  });
});
