// node decrypt.js: prints the encrypted reports, decrypted. Packages: eventsource, jose.
import { EventSource } from 'eventsource';
import { compactDecrypt, importJWK } from 'jose';

const { APP_URL = 'http://localhost:3000', READERS_SECRET } = process.env;

// Discovery: the resource says where its updates come from, and where the key is.
const resource = new URL('/reports', APP_URL);
const discovery = await fetch(resource);
const { topic } = await discovery.json();
const { hub, keySet } = parseLink(discovery.headers.get('Link'));

// The key goes its own way, which the hub is no part of.
const { keys } = await (
  await fetch(keySet, { headers: { Authorization: `Bearer ${READERS_SECRET}` } })
).json();
if (!keys) throw new Error('These reports are for others: set READERS_SECRET.');

hub.searchParams.set('match', topic);
const stream = new EventSource(hub);
stream.addEventListener('open', () => console.log('live'));
stream.addEventListener('message', ({ data }) => {
  decrypt(data).then(console.log, ({ message }) => console.error(`Not for us: ${message}`));
});

/** A compact JWE (RFC 7516), for the key that it names; no other algorithms than these are tried. */
async function decrypt(jwe) {
  const { plaintext } = await compactDecrypt(
    jwe,
    ({ kid, alg }) => {
      const key = keys.find((one) => one.kid === kid);
      if (!key) throw new Error(`there is no key ${kid}`);
      return importJWK(key, alg);
    },
    {
      keyManagementAlgorithms: ['ECDH-ES+A256KW', 'RSA-OAEP-256'],
      contentEncryptionAlgorithms: ['A256GCM'],
    },
  );
  return new TextDecoder().decode(plaintext);
}

function parseLink(link) {
  const [, target, attributes] = /<([^>]*)>\s*;([^<]*rel="?mercure"?[^<]*)/.exec(link);
  const [, keySet] = /key-set="([^"]*)"/.exec(attributes);
  return { hub: new URL(target, resource), keySet: new URL(keySet, resource) };
}
