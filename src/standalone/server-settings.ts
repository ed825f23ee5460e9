import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Settings, Sources } from './settings.js';
import { startError } from './start-error.js';

const DEFAULT_PORT = 3000;

/** What the server needs to know, besides the hub. */
export interface ServerSettings {
  readonly port: number;
  /** Undefined: every interface. */
  readonly host?: string;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  readonly readTimeoutMs: number;
  readonly readHeaderTimeoutMs: number;
}

/**
 * Where and how to listen. The certificate is read here.
 *
 * @throws MercureError OPTIONS_INVALID where it cannot be used, or HTTPS is asked for without one: what was to be
 *   encrypted is not served in the clear
 */
export function serverSettings(settings: Settings, sources: Sources): ServerSettings {
  const { port, bindAddress, siteAddress } = settings;
  const tls = readCertificate(settings, sources);
  if (siteAddress?.scheme === 'https' && !tls) {
    throw startError(
      `${sources.get('siteAddress')} asks for HTTPS, and there is no certificate`,
      'Set CERT_FILE and KEY_FILE; or put a proxy in front that has one, and set it to :3000.',
    );
  }
  const schemePort = { http: 80, https: 443 }[siteAddress?.scheme ?? ('none' as 'http')];
  return {
    port: port ?? bindAddress?.port ?? siteAddress?.port ?? schemePort ?? DEFAULT_PORT,
    host: bindAddress?.host,
    tls,
    readTimeoutMs: settings.readTimeoutMs ?? 300_000,
    readHeaderTimeoutMs: settings.readHeaderTimeoutMs ?? 60_000,
  };
}

function readCertificate({ certFile, keyFile }: Settings, sources: Sources): ServerSettings['tls'] {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    throw startError(`${certFile ? 'KEY_FILE' : 'CERT_FILE'} is not set`, 'HTTPS needs both files.');
  }
  const cert = readFile(certFile, sources.get('certFile')!);
  const key = readFile(keyFile, sources.get('keyFile')!);
  try {
    createSecureContext({ cert, key });
  } catch {
    throw startError(
      'CERT_FILE and KEY_FILE are no certificate and its key',
      'Both are PEM, without a passphrase.',
    );
  }
  return { cert, key };
}

function readFile(path: string, name: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw startError(`The file of ${name} cannot be read (${code})`, 'Correct its path or permissions.');
  }
}
