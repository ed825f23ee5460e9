import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from './differences.js';
import { ROWS } from './rows/index.js';

const ROOT = resolve(import.meta.dirname, '../..');
const TEXT = readFileSync(resolve(ROOT, 'docs/protocol.md'), 'utf8');
const ROW_ID = /\b(?:A-\d+\.\d+|B\d+-\d+)\b/g;

const section = (title: string): string => TEXT.split(`\n## ${title}\n`)[1]!.split('\n## ')[0]!;
/** The first cells of the tables of a section. */
const firstCells = (text: string): string[] =>
  [...text.matchAll(/^\| (\S+) +\|/gm)].map(([, cell]) => cell!).filter((cell) => /\d/.test(cell));

describe('docs/protocol.md', () => {
  it('lists the rows that are played, each once', () => {
    expect(firstCells(section('The rows')).toSorted()).toEqual(ROWS.map(({ id }) => id).toSorted());
  });

  it('names no row that is not there', () => {
    const there = new Set([...ROWS.map(({ id }) => id), ...firstCells(section('Proved elsewhere'))]);
    expect((TEXT.match(ROW_ID) ?? []).filter((id) => !there.has(id))).toEqual([]);
  });

  it('tells of every difference to other hubs that is known', () => {
    const told = new Set(section('Differences to the Go hub').match(ROW_ID));
    expect(DIFFERENCES.flatMap(({ rows }) => rows).filter((id) => !told.has(id))).toEqual([]);
  });

  it('names tests that exist', () => {
    const named = [...TEXT.matchAll(/`([\w-]+\/[\w./-]+\.spec\.ts|[\w-]+\/[\w.-]+\.e2e-spec\.ts)`/g)].map(
      ([, path]) => path!.replace(/^(?!test\/)/, 'test/'),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((path) => !existsSync(resolve(ROOT, path)))).toEqual([]);
  });
});
