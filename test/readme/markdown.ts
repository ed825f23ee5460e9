import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The project's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Snippet {
  readonly language: string;
  readonly code: string;
}

export function readMarkdown(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}

/** The fenced blocks of a document, in their order. */
export function snippetsOf(markdown: string): Snippet[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({
    language: language!,
    code: code!.trimEnd(),
  }));
}

/** The rows of a document's tables, as the texts of their cells. */
export function tableRows(markdown: string): string[][] {
  return [...markdown.matchAll(/^\|(.*)\|$/gm)]
    .map(([, row]) => row!.split('|').map((cell) => cell.trim()))
    .filter(([first]) => !/^-+$/.test(first!));
}
