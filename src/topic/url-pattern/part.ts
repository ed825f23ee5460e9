/** How often a part may occur. */
export type Modifier = 'none' | 'optional' | 'zero-or-more' | 'one-or-more';

/** A piece of a pattern string: fixed text, or one group with the fixed text around it. */
export interface Part {
  readonly type: 'fixed-text' | 'regexp' | 'segment-wildcard' | 'full-wildcard';
  /** The name of a group that has one, else empty. */
  readonly name: string;
  /** The fixed text, or the source of a custom group. */
  readonly value: string;
  readonly modifier: Modifier;
  readonly prefix: string;
  readonly suffix: string;
}
