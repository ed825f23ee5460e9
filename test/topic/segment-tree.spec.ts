import { describe, expect, it } from 'vitest';
import { SegmentTree } from '../../src/topic/segment-tree.js';

function collected(tree: SegmentTree<string>, path: string): string[] {
  const into: string[] = [];
  tree.collect(path.split('/'), into);
  return into.toSorted();
}

describe('a tree of path segments', () => {
  it('finds the items whose segments a path begins with', () => {
    const tree = new SegmentTree<string>();
    tree.add([], 'root');
    tree.add(['', 'a'], 'a');
    tree.add(['', 'a', 'b'], 'ab');
    tree.add(['', null, 'b'], '*b');
    tree.add(['', null], '*');
    expect(collected(tree, '/a/b/c')).toEqual(['*', '*b', 'a', 'ab', 'root']);
    expect(collected(tree, '/x/b')).toEqual(['*', '*b', 'root']);
    expect(collected(tree, '/a')).toEqual(['*', 'a', 'root']);
    expect(collected(tree, 'a')).toEqual(['root']);
  });

  it('is empty again once everything is deleted', () => {
    const tree = new SegmentTree<string>();
    const addresses = [[], ['a'], ['a', null, 'b'], [null, null], ['a', 'b', 'c', 'd']];
    for (const [i, segments] of addresses.entries()) tree.add(segments, `${i}`);
    for (const [i, segments] of addresses.entries()) {
      expect(tree.isEmpty).toBe(false);
      tree.delete(segments, `${i}`);
    }
    expect(tree.isEmpty).toBe(true);
  });

  it('keeps the others of a place when one is deleted', () => {
    const tree = new SegmentTree<string>();
    tree.add(['a'], '1');
    tree.add(['a'], '2');
    tree.add(['a', 'b'], '3');
    tree.delete(['a'], '1');
    tree.delete(['a', 'x'], 'unknown');
    expect(collected(tree, 'a/b')).toEqual(['2', '3']);
  });

  it('does not take keys for properties', () => {
    const tree = new SegmentTree<string>();
    tree.add(['__proto__', 'constructor'], '1');
    expect(collected(tree, '__proto__/constructor')).toEqual(['1']);
    expect(collected(tree, 'toString')).toEqual([]);
  });
});
