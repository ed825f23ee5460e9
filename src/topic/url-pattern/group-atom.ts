import { ByteCache } from '../byte-cache.js';
import { SymbolSet } from '../automaton/symbol-set.js';

/** Sets already worked out, bounded: it is clients who name them. */
const known = new ByteCache<SymbolSet>(128 * 1024);
const SET_BYTES = 200;

/**
 * The symbols that one atom of a custom group matches: `[a-z]`, `\d`, `\p{Lu}`, `\x41`.
 *
 * The regular expressions of the platform are asked once per ASCII character, when the pattern is compiled: that is
 * their exact meaning, set operations and property names included, without a second class parser. Parsed URLs hold
 * ASCII only, so no other character is ever asked for.
 */
export function symbolsOfAtom(source: string): SymbolSet {
  let set = known.get(source);
  if (set === undefined) {
    const atom = new RegExp(`^(?:${source})$`, 'v');
    set = SymbolSet.where((symbol) => symbol < 128 && atom.test(String.fromCharCode(symbol)));
    known.set(source, set, SET_BYTES);
  }
  return set;
}
