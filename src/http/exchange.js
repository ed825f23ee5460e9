/**
 * Takes the exchange over from the adapter: the hub answers by itself, so that no interceptor, serialiser or
 * compression of the application comes between the protocol and its bytes. Headers set so far are kept.
 */
export function takeOver(request, response) {
  if (!isReply(response)) return { request: request, response: response };
  const { raw } = response;
  if (!raw.headersSent) {
    for (const [name, value] of Object.entries(response.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
  }
  response.hijack();
  return { request: rawRequest(request), response: raw };
}
/** Node's request under an adapter's. */
export function rawRequest(request) {
  return request.raw ?? request;
}
/** Adds a header to a response that the adapter will send, beside those of that name it already has. */
export function appendHeader(response, name, value) {
  if (isReply(response)) {
    const reply = response;
    const before = reply.getHeaders()[name.toLowerCase()];
    // Fastify adds to Set-Cookie by itself and replaces every other header.
    const added =
      before === undefined || name.toLowerCase() === 'set-cookie' ? value : `${String(before)}, ${value}`;
    reply.header(name, added);
  } else {
    response.appendHeader(name, value);
  }
}
/** Whole answers of the hub: status, headers, a short text. */
export function answer({ request, response }, status, headers, body) {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body !== '') response.setHeader('Content-Length', Buffer.byteLength(body));
  if (request.method === 'HEAD' || body === '') response.end();
  // The two kinds of response agree here, but their overloads do not meet in one type.
  else response.end(body);
}
function isReply(response) {
  return typeof response.hijack === 'function';
}
//# sourceMappingURL=exchange.js.map
