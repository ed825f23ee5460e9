import type { Segment } from './address.js';

interface Node<T> {
  readonly items: Set<T>;
  readonly literal: Map<string, Node<T>>;
  any: Node<T> | undefined;
}

/** Items under the path segments they begin with. */
export class SegmentTree<T> {
  private readonly root = node<T>();

  get isEmpty(): boolean {
    return isBare(this.root);
  }

  add(segments: readonly Segment[], item: T): void {
    let at = this.root;
    for (const segment of segments) at = child(at, segment) ?? grow(at, segment);
    at.items.add(item);
  }

  delete(segments: readonly Segment[], item: T): void {
    prune(this.root, segments, 0, item);
  }

  /** Adds to `into` every item whose segments are the beginning of the path. */
  collect(path: readonly string[], into: T[]): void {
    gather(this.root, path, 0, into);
  }
}

function node<T>(): Node<T> {
  return { items: new Set(), literal: new Map(), any: undefined };
}

function child<T>(at: Node<T>, segment: Segment): Node<T> | undefined {
  return segment === null ? at.any : at.literal.get(segment);
}

function grow<T>(at: Node<T>, segment: Segment): Node<T> {
  const made = node<T>();
  if (segment === null) at.any = made;
  else at.literal.set(segment, made);
  return made;
}

function gather<T>(at: Node<T>, path: readonly string[], depth: number, into: T[]): void {
  for (const item of at.items) into.push(item);
  if (depth === path.length) return;
  const literal = at.literal.get(path[depth]!);
  if (literal !== undefined) gather(literal, path, depth + 1, into);
  if (at.any !== undefined) gather(at.any, path, depth + 1, into);
}

/** Deletes the item, and the nodes that hold nothing any more. */
function prune<T>(at: Node<T>, segments: readonly Segment[], depth: number, item: T): void {
  if (depth === segments.length) {
    at.items.delete(item);
    return;
  }
  const segment = segments[depth]!;
  const next = child(at, segment);
  if (next === undefined) return;
  prune(next, segments, depth + 1, item);
  if (!isBare(next)) return;
  if (segment === null) at.any = undefined;
  else at.literal.delete(segment);
}

function isBare<T>(at: Node<T>): boolean {
  return at.items.size === 0 && at.literal.size === 0 && at.any === undefined;
}
