/** How often a part may occur. */
export type Modifier = 'none' | 'optional' | 'zero-or-more' | 'one-or-more';

/** A piece of a pattern string: fixed text, or one group with the fixed text around it. */
export interface Part {
  readonly type: 'fixed-text' | 'regexp' | 'segment-wildcard' | 'full-wildcard';
  /** The fixed text, or the source of a custom group. */
  readonly value: string;
  readonly modifier: Modifier;
  readonly prefix: string;
  readonly suffix: string;
}

/** What sets the components apart when a pattern string is read. */
export interface PatternOptions {
  /** The character that `:name` stops at; empty: none. */
  readonly delimiter: '' | '.' | '/';
  /** The character that, just before a group, belongs to the group: `/` in paths, so that `/:id?` is optional as a whole. */
  readonly prefix: '' | '/';
}

export const DEFAULT_OPTIONS: PatternOptions = { delimiter: '', prefix: '' };
export const HOSTNAME_OPTIONS: PatternOptions = { delimiter: '.', prefix: '' };
export const PATHNAME_OPTIONS: PatternOptions = { delimiter: '/', prefix: '/' };
