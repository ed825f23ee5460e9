import { ALL, type Matcher } from './matcher.js';
import { parseTemplate } from './uri-template/template.js';

/**
 * What a `topic` of the 0.x protocol selects: `*` every topic; a URI Template the texts it expands to and its own
 * text; anything else the topic of that very text. A value with braces that is no template is such a text.
 */
export function selectorMatcher(value: string): Matcher {
  if (value === '*') return ALL;
  const isTemplate = value.includes('{') && parseTemplate(value) !== undefined;
  return { type: isTemplate ? 'template' : 'exact', pattern: value };
}
