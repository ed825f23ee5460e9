import { hash } from 'node:crypto';
import type { DecodedToken } from './decoded-token.js';
import type { Grants } from './grants.js';
import type { KeySource, TrustedKey } from './key-source.js';

/** What a signature proves of a token, whoever sends it and whenever. */
export interface Proof {
  readonly source: KeySource;
  readonly key: TrustedKey;
  readonly claims: DecodedToken['claims'];
  readonly generation: DecodedToken['generation'];
  readonly grants: Grants;
}

export interface ProofCacheBounds {
  /** Bytes of all proofs together, by estimate; the one used longest ago goes first. */
  readonly maxBytes: number;
  /** Milliseconds after which a token is proved again. */
  readonly maxAgeMs: number;
}

export const PROOF_CACHE_BOUNDS: ProofCacheBounds = { maxBytes: 32 * 1024 * 1024, maxAgeMs: 600_000 };

/** A proof is made of parsed claims and matchers, several times the text of its token, … */
const BYTES_PER_CHARACTER = 16;
const BYTES_PER_PROOF = 1024;
/** … and of the compiled form of its patterns, once they have been asked for. */
const BYTES_PER_PATTERN = 2048;

interface Entry {
  readonly proof: Proof;
  readonly provedAt: number;
  readonly bytes: number;
}

/**
 * Proofs of tokens seen before. It saves the signature and nothing else: whether a token has expired, is for this
 * hub, for this role and from this page is judged on every request. Tokens are known by their hash, so that a dump
 * of the memory holds none that could be used.
 */
export class ProofCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  constructor(private readonly bounds: ProofCacheBounds = PROOF_CACHE_BOUNDS) {}

  get size(): number {
    return this.entries.size;
  }

  /** The proof of a token, as long as the key that made it is still trusted. */
  get(text: string): Proof | undefined {
    const id = idOf(text);
    const entry = this.entries.get(id);
    if (!entry) return undefined;
    if (!this.isCurrent(entry)) {
      this.delete(id, entry);
      return undefined;
    }
    this.entries.delete(id);
    this.entries.set(id, entry);
    return entry.proof;
  }

  set(text: string, proof: Proof): void {
    const id = idOf(text);
    const bytes = bytesOf(text, proof.grants);
    const known = this.entries.get(id);
    if (known) this.delete(id, known);
    this.entries.set(id, { proof, provedAt: performance.now(), bytes });
    this.bytes += bytes;
    for (const [oldest, entry] of this.entries) {
      if (this.bytes <= this.bounds.maxBytes) break;
      this.delete(oldest, entry);
    }
  }

  private isCurrent({ proof, provedAt }: Entry): boolean {
    const { expiresAt = Infinity } = proof.grants;
    if (performance.now() - provedAt >= this.bounds.maxAgeMs || Date.now() >= expiresAt * 1000) return false;
    return proof.source.holds(proof.key);
  }

  private delete(id: string, entry: Entry): void {
    this.entries.delete(id);
    this.bytes -= entry.bytes;
  }
}

function bytesOf(text: string, { publish, subscribe }: Grants): number {
  const patterns = [...publish, ...subscribe].filter(
    ({ type }) => type === 'urlpattern' || type === 'template',
  );
  return BYTES_PER_PROOF + text.length * BYTES_PER_CHARACTER + patterns.length * BYTES_PER_PATTERN;
}

function idOf(text: string): string {
  return hash('sha256', text, 'base64');
}
