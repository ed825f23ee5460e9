import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { componentStrings } from '../topic/support/pattern-string.js';

// A failure prints the seed and the path that reproduce it: fc.assert(…, { seed, path }).

describe('a pattern written again', () => {
  it('reads the same, whatever it is', () => {
    const name = fc.constantFrom(':a', ':b', ':é', '(x)', '([a-c]+)', '(.*)', '*', '([^\\/]+?)', '');
    const text = fc.string({
      unit: fc.constantFrom('/', 'a', 'b', '.', '-', '\\:', '\\*', 'é', '%20'),
      maxLength: 3,
    });
    const piece = fc
      .record({
        before: text,
        name,
        after: text,
        braces: fc.boolean(),
        modifier: fc.constantFrom('', '', '?', '*', '+'),
      })
      .map(({ before, name, after, braces, modifier }) => {
        if (braces) return `{${before}${name}${name.startsWith(':') ? '\\' : ''}x${after}}${modifier}`;
        return name === '' ? before : `${before}${name}${modifier}`;
      });
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join('')),
        fc.constantFrom('pathname', 'search', 'hash', 'username'),
        fc.constantFrom('https', 'urn'),
        (pattern, component, protocol) => {
          let once;
          try {
            once = componentStrings({ protocol, [component]: pattern });
          } catch {
            // Two groups of one name, say.
            return;
          }
          expect(componentStrings(once)).toEqual(once);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
