/**
 * Fetches a document of an issuer: over HTTP with a deadline and a bound, and without following redirects, which
 * would let one host of the issuer send the hub to any other.
 *
 * @throws Error where there is no answer in time, none with status 200, or one over the bound
 */
export async function fetchText(
  url: URL,
  bounds = { timeoutMs: 5_000, maxBytes: 1024 * 1024 },
): Promise<string> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal: AbortSignal.timeout(bounds.timeoutMs),
  });
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest of the body.
    if (bytes > bounds.maxBytes) throw new RangeError('the document is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
