/** A template taken apart: literal text, and the names between braces. */
interface TopicTemplate {
  /** One more than there are names: what stands before, between and after them. */
  readonly literals: readonly string[];
  readonly names: readonly string[];
}

/** Lower-case letters and digits survive in every part of a URL, its host included. */
const MARK = 'zq0x7slot';

/**
 * Takes an IRI template apart: `{name}`, `{embedded.name}`, nothing else of RFC 6570.
 *
 * @param base what a relative template is resolved against, before values come in: a value of `..` must not climb
 * @throws Error saying what is wrong with the template, as the end of a sentence
 */
export function parseTopicTemplate(template: string, base: string | undefined): TopicTemplate {
  const names: string[] = [];
  const marked = template.replaceAll(/\{([^{}]*)\}/g, (_whole, name: string) => {
    if (!/^[\p{L}_$][\p{L}\p{N}_$]*(\.[\p{L}_$][\p{L}\p{N}_$]*)*$/u.test(name)) {
      throw new Error(`has the expression "{${name}}", which is not the name of a column`);
    }
    names.push(name);
    return MARK;
  });
  if (/[{}]/.test(marked)) throw new Error('has a brace without its counterpart');
  return { literals: resolveTopic(marked, base).split(MARK), names };
}

/** The topic of one row; undefined where a value is null, because there is no such resource. */
export function expandTopicTemplate(
  { literals, names }: TopicTemplate,
  valueOf: (name: string) => unknown,
): string | undefined {
  let topic = literals[0] ?? '';
  for (const [index, name] of names.entries()) {
    const value = valueOf(name);
    if (value === null || value === undefined) return undefined;
    topic += encodeValue(name, value) + (literals[index + 1] ?? '');
  }
  return topic;
}

/**
 * A topic as it is published: absolute ones as they are, relative ones resolved.
 *
 * @throws Error when it is relative and there is nothing to resolve it against
 */
export function resolveTopic(topic: string, base: string | undefined): string {
  if (/^[a-z][a-z\d+.-]*:/i.test(topic)) return topic;
  if (base === undefined) throw new Error('is relative, and the option "publicUrl" is not set');
  return new URL(topic, base).href;
}

/** RFC 6570 simple expansion: everything but unreserved characters is percent-encoded. */
function encodeValue(name: string, value: unknown): string {
  return encodeURIComponent(textOf(name, value)).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
  if (value instanceof Date) return value.toISOString();
  throw new TypeError(`column "${name}" holds neither text nor a number`);
}
