/**
 * A parameter of a URL, for an error. What is no plain name is not quoted: a password with a "?" that is not encoded looks
 * like parameters.
 */
export function unknownParameter(name: string): string {
  return /^[a-z][a-z_-]{0,29}$/i.test(name) ? `an unknown parameter "${name}"` : 'an unknown parameter';
}
