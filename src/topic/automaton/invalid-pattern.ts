/**
 * A pattern, or a template, that cannot be compiled. Its message is advice for whoever wrote the pattern; it
 * never quotes the pattern nor anything of this code.
 */
export class InvalidPattern extends Error {
  override readonly name = 'InvalidPattern';
}
