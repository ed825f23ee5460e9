import { describe, expect, it } from 'vitest';
import { OPTION_NAMES } from '../../src/options/check-option.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { readMarkdown, tableRows } from './markdown.js';

const rows = tableRows(readMarkdown('docs/options.md').split('\n## ')[0]!).filter(([name]) =>
  name!.startsWith('`'),
);
const documented = rows.map(([name, fallback]) => ({ name: name!.slice(1, -1), fallback: fallback! }));

describe('docs/options.md', () => {
  it('names every option, and no other', () => {
    expect(documented.map(({ name }) => name).toSorted()).toEqual(OPTION_NAMES.toSorted());
  });

  it.each(documented)('tells the default of $name', ({ name, fallback }) => {
    // Without a key somebody has to be let in; the default of that very option is told by the refusal.
    const resolved: Record<string, unknown> = { ...resolveOptions({ anonymous: true }), anonymous: false };
    const value = /^`(["\d[{].*|true|false)`$/.exec(fallback)?.[1];
    if (value !== undefined) expect(resolved[name]).toEqual(JSON.parse(value));
    else if (fallback === '`memory()`') expect(resolved[name]).toHaveProperty('durability', 'process');
    else expect(resolved[name]).toBeUndefined();
  });

  it('is right that nobody is let in by default', () => {
    expect(() => resolveOptions({})).toThrow('anonymous');
  });

  it.each(OPTION_NAMES)('is right that null is no value of %s', (name) => {
    expect(() => resolveOptions({ anonymous: true, [name]: null })).toThrow(name);
  });
});
