import { parseComponents, type UrlComponents } from './url-pattern/components.js';

/** A topic on its way through matching: everything that matchers need of it is worked out once, when first asked for. */
export class Topic {
  private parsed: UrlComponents | undefined | null = null;
  private encoded: string | undefined;
  private measured: number | undefined;

  /**
   * @param value the topic as it was published
   * @param base the absolute URL of the hub, against which a relative topic is resolved
   */
  constructor(
    readonly value: string,
    private readonly base: string,
  ) {}

  /** Its components as a URL; undefined when it is no URL reference, so that no URL Pattern ever matches it. */
  get url(): UrlComponents | undefined {
    if (this.parsed === null) this.parsed = parseComponents(this.value, this.base);
    return this.parsed;
  }

  /** Its UTF-8 bytes, one character each. */
  get bytes(): string {
    this.encoded ??= utf8(this.value);
    return this.encoded;
  }

  /** The most symbols that one automaton reads of it. A URL may be nine times as long as what it was written as. */
  get size(): number {
    this.measured ??= Math.max(
      Buffer.byteLength(this.value),
      ...Object.values(this.url ?? {}).map((component) => component.length),
    );
    return this.measured;
  }
}

/** The UTF-8 bytes of a text, one character (U+0000–U+00FF) each. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
