import { corsHeaders } from './cors.js';
const SECURITY_HEADERS = {
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'X-XSS-Protection': '1; mode=block',
  'Content-Security-Policy': "default-src 'self'",
};
/**
 * Puts on a response what every answer of the hub carries: the security fields, and its own CORS fields in place of
 * whatever `app.enableCors()` has put there, which does not know what the hub exposes and to whom.
 */
export function setHubHeaders({ request, response }, options) {
  for (const name of response.getHeaderNames()) {
    if (name.startsWith('access-control-')) response.removeHeader(name);
  }
  const headers = { ...SECURITY_HEADERS, ...corsHeaders(options.corsOrigins, request.headers) };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}
//# sourceMappingURL=hub-headers.js.map
