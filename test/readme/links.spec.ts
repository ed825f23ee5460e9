import { execFileSync } from 'node:child_process';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMarkdown, ROOT } from './markdown.js';

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

// What the package would hold; without its build, which no document is part of.
const [{ files }] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent'], {
    cwd: ROOT,
    encoding: 'utf8',
  }),
) as [Packed];
const packed = new Set(files.map(({ path }) => path));
const documents = [...packed].filter((path) => path.endsWith('.md') && !path.startsWith('dist/'));

/** The names a document's headings have in links. */
function anchorsOf(path: string): string[] {
  return [...readMarkdown(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('The documents in the package', () => {
  it('are those a user needs', () => {
    expect(documents).toEqual(
      expect.arrayContaining(['README.md', 'docs/options.md', 'docs/service.md', 'docs/standalone.md']),
    );
  });

  it.each(documents)('%s leads nowhere but to what is there', (path) => {
    const links = [...readMarkdown(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    const missing = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [file, anchor] = link.split('#');
      const target = file ? posix.join(posix.dirname(path), file) : path;
      return !packed.has(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    expect(missing).toEqual([]);
  });
});
