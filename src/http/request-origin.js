/**
 * `scheme://host` as clients see this application: `publicUrl`'s, else what the request itself says. Forwarded
 * headers are not believed: anybody can send them, and the audience of tokens hangs on this.
 */
export function requestOrigin(request, options) {
  return options.publicUrl ? new URL(options.publicUrl).origin : ownOrigin(request);
}
/** What the request says of itself, lower-cased. */
export function ownOrigin({ socket, headers }) {
  const scheme = socket.encrypted ? 'https' : 'http';
  const authority = headers[':authority'] ?? headers.host ?? 'localhost';
  return `${scheme}://${String(authority).toLowerCase()}`;
}
//# sourceMappingURL=request-origin.js.map
