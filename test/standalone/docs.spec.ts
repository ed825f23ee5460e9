import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/standalone/variables.js';

const guide = readFileSync(resolve(import.meta.dirname, '../../docs/standalone.md'), 'utf8');

/** What a formatter adds is left out: padding, and backslashes. */
const squeezed = (text: string): string =>
  text.replaceAll(/ +/g, ' ').replaceAll(/-+/g, '-').replaceAll('\\', '');

describe('docs/standalone.md', () => {
  it('has every variable, as the program has it', () => {
    const rows = VARIABLES.map(({ name, aliases, unit, fallback, meaning }) => {
      const spellings = [name, ...aliases].map((each) => `\`${each}\``).join(', ');
      return `| ${spellings} | ${unit} | ${fallback} | ${meaning} |`;
    });
    const table = ['| variable | unit | default | meaning |', '| - | - | - | - |', ...rows].join('\n');
    const [, shown] = /<!-- variables -->\n+(.*?)\n+<!-- \/variables -->/s.exec(guide)!;
    expect(squeezed(shown!)).toBe(squeezed(table));
  });
});
