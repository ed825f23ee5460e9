import { describe, expect, it } from 'vitest';
import { parseComponents } from '../../src/topic/url-pattern/components.js';
import { parseUrlPattern } from '../../src/topic/url-pattern/url-pattern.js';
import { matches } from './support/matching.js';

type Vector = readonly [pattern: string, topic: string, matches: boolean];

/** Every vector runs as a test of its own. */
function check(vectors: readonly Vector[]): void {
  it.each(vectors)('%s against %s is %s', (pattern, topic, expected) => {
    expect(matches('urlpattern', pattern, topic)).toBe(expected);
  });
}

describe('what an absolute pattern leaves out', () => {
  const books = 'https://example.com/books/:id';
  check([
    [books, 'https://example.com/books/1', true],
    [books, 'https://example.com/books/1?x=1', true],
    [books, 'https://example.com/books/1#f', true],
    [books, 'https://user:pw@example.com/books/1', true],
    [books, 'https://example.com:443/books/1', true],
    [books, 'https://example.com:8443/books/1', false],
    [books, 'http://example.com/books/1', false],
    [books, 'https://example.com/books/', false],
    [books, 'https://example.com/books/1/2', false],
    [books, 'https://example.com/books/a%2Fb', true],
    ['https://example.com', 'https://example.com/any/path?q#h', true],
    ['https://example.com?q', 'https://example.com/?q', true],
    ['https://example.com?q', 'https://example.com/x?q', false],
    ['https://example.com#h', 'https://example.com/#h', true],
    ['https://example.com#h', 'https://example.com/?q#h', false],
    ['https://example.com:*/a', 'https://example.com:8443/a', true],
    ['https://example.com:*/a', 'https://example.com/a', true],
    ['https://example.com:8443/a', 'https://example.com:8443/a', true],
    ['https://example.com:443/a', 'https://example.com/a', true],
    ['http://example.com:443/a', 'http://example.com:443/a', true],
    ['http://example.com:443/a', 'http://example.com/a', false],
    ['https://user\\:pw@example.com/', 'https://user:pw@example.com/', true],
    ['https://user\\:pw@example.com/', 'https://user:other@example.com/', false],
    ['https://user\\:pw@example.com/', 'https://example.com/', false],
    ['https://user@example.com/', 'https://user:anything@example.com/', true],
  ]);
});

describe('relative patterns and relative topics meet at the URL of the hub', () => {
  check([
    ['/books/:id', '/books/1', true],
    ['/books/:id', 'https://hub.example.com/books/1', true],
    ['/books/:id', 'https://example.com/books/1', false],
    ['/books/:id', 'http://hub.example.com/books/1', false],
    ['chat-room-*', 'chat-room-12', true],
    ['chat-room-*', '/.well-known/chat-room-12', true],
    ['chat-room-*', '/chat-room-12', false],
    ['../x/:id', '../x/1', true],
    ['../x/:id', '/x/1', true],
    ['?page=:n', '?page=2', true],
    ['?page=:n', '/.well-known/mercure?page=2', true],
    ['?page=:n', '/other?page=2', false],
    ['#:part', '#top', true],
    ['#:part', '?q#top', false],
    ['', '', false],
    ['', '/.well-known/?q#h', true],
    ['{/a}?', '/a', true],
    ['\\/a', '/a', true],
  ]);

  it('needs a base to be relative', () => {
    expect(() => parseUrlPattern('/books/:id')).toThrow('base');
  });
});

describe('topics that are no hierarchical URL', () => {
  check([
    // A colon begins a name: the protocol would be `urn` and something.
    ['urn:uuid:*', 'urn:uuid:abc', false],
    // An escaped colon ends the protocol, but whatever follows is a path relative to the hub's, which is no opaque one.
    ['urn\\:uuid\\:*', 'urn:uuid:abc', false],
    ['{urn}:*', 'urn:uuid:abc', false],
    ['*\\:uuid\\:*', 'urn:uuid:abc', false],
    ['/books/:id', 'https://[', false],
    ['/books/:id', 'https://', false],
    ['*://*/x', 'http://[::1', false],
  ]);

  it.each<Vector>([
    ['urn\\:uuid\\:*', 'urn:uuid:abc', true],
    ['{urn}:*', 'urn:uuid:abc', true],
    ['data\\:foobar', 'data:foobar', true],
    ['data\\:foo bar\\?q', 'data:foo bar?q', true],
    ['{data}\\:text/:x', 'data:text/a/b', true],
    ['{data}\\:text/:x', 'data:text/', false],
    ['mailto\\:*', 'mailto:a@example.com', true],
  ])('without a base, %s against %s is %s', (pattern, topic, expected) => {
    expect(parseUrlPattern(pattern).matches(parseComponents(topic)!)).toBe(expected);
  });
});

describe('case and encoding', () => {
  check([
    ['https://EXAMPLE.com/a', 'https://example.COM/a', true],
    ['HTTPS://example.com/a', 'https://example.com/a', true],
    ['https://example.com/Books', 'https://example.com/books', false],
    ['https://example.com/?Q', 'https://example.com/?q', false],
    ['https://example.com/café', 'https://example.com/caf%C3%A9', true],
    ['https://example.com/caf%C3%A9', 'https://example.com/café', true],
    ['https://example.com/caf%c3%a9', 'https://example.com/café', false],
    ['https://bücher.example/*', 'https://xn--bcher-kva.example/x', true],
    ['https://example.com/a b', 'https://example.com/a%20b', true],
    ['https://example.com/?q=é', 'https://example.com/?q=%C3%A9', true],
    ['https://example.com/#é', 'https://example.com/#%C3%A9', true],
    ['https://example.com/a/../b', 'https://example.com/b', true],
    ['https://example.com/a/%2e%2e/b', 'https://example.com/b', true],
    ['https://example.com/:x/../b', 'https://example.com/b', false],
    ['/*..', '/a..', true],
    ['/*.', '/a.', true],
    ['/*%2e', '/a.', false],
    ['https://example.com/:x.json', 'https://example.com/a.json', true],
    ['https://[\\:\\:1]/a', 'https://[::1]/a', true],
    ['https://[\\:\\:AB]/a', 'https://[::ab]/a', true],
    ['https://127.0.0.1/a', 'https://127.1/a', true],
  ]);
});

describe('names and wildcards', () => {
  check([
    ['/a/*', '/a/', true],
    ['/a/*', '/a/b/c', true],
    ['/a/*', '/a', false],
    ['/a*', '/a', true],
    ['/*/c', '/a/b/c', true],
    ['/:a/:b', '/x/y', true],
    ['/:a/:b', '/x', false],
    ['/:a:b', '/xy', true],
    ['/:a:b', '/x', false],
    ['/x-:a-y', '/x--y', false],
    ['/x-:a-y', '/x---y', true],
    ['https://*.example.com/', 'https://a.b.example.com/', true],
    ['https://*.example.com/', 'https://example.com/', false],
    ['https://:sub.example.com/', 'https://a.example.com/', true],
    ['https://:sub.example.com/', 'https://a.b.example.com/', false],
    ['http{s}?://example.com/', 'http://example.com/', true],
    ['http{s}?://example.com/', 'https://example.com/', true],
    ['http{s}?://example.com/', 'ws://example.com/', false],
    ['*://example.com/a', 'ftp://example.com/a', true],
    ['/a?q=:v', '/a?q=1/2', true],
    ['/a?q=:v', '/a?q=', false],
    ['/a#:v', '/a#1/2', true],
    ['/:café', '/x', true],
    ['/:$x/:_y', '/a/b', true],
  ]);
});

describe('modifiers', () => {
  check([
    ['/a/:b?', '/a', true],
    ['/a/:b?', '/a/b', true],
    ['/a/:b?', '/a/', false],
    ['/a/:b+', '/a/b/c/d', true],
    ['/a/:b+', '/a', false],
    ['/a/:b+', '/a/b//c', false],
    ['/a/:b*', '/a', true],
    ['/a/:b*', '/a/b/c', true],
    ['/a/{b}?', '/a/', true],
    ['/a/{b}?', '/a/b', true],
    ['/a{/b}?', '/a', true],
    ['/a{/b}+', '/a/b/b/b', true],
    ['/a{/b}+', '/a', false],
    ['/a{/b}*/c', '/a/c', true],
    ['/a{/:x-y}*', '/a/1-y/2-y', true],
    ['/a{/:x-y}*', '/a/1-y/2', false],
    ['/a/**', '/a', true],
    ['/a/**', '/a/b/c', true],
    ['/a/*?', '/a', true],
    ['/a/*?', '/a/', true],
    ['/a{b:x}?', '/a', true],
    ['/a{b:x}?', '/abc', true],
    ['/a{b:x}?', '/ab', false],
    ['/{:x.}+json', '/a.b.json', true],
  ]);
});

describe('custom groups', () => {
  check([
    ['/n/(\\d+)', '/n/42', true],
    ['/n/(\\d+)', '/n/4x', false],
    ['/n/:id(\\d+)', '/n/42', true],
    ['/n/:id(\\d+)?', '/n', true],
    ['/x/(news|alerts)', '/x/alerts', true],
    ['/x/(news|alerts)', '/x/alert', false],
    ['/x/(a(?:b|c)*d)', '/x/abcbd', true],
    ['/x/(a(?<n>b))', '/x/ab', true],
    ['/x/([[a-z]--[aeiou]]+)', '/x/rhythm', true],
    ['/x/([[a-z]--[aeiou]]+)', '/x/vowel', false],
    ['/x/([\\d&&[0-4]]+)', '/x/1234', true],
    ['/x/([\\d&&[0-4]]+)', '/x/12345', false],
    ['/x/([\\w\\-]+)', '/x/a-b', true],
    ['/x/([^a]+)', '/x/bcd', true],
    ['/x/([^a]+)', '/x/bad', false],
    ['/x/(\\p{Lu}\\p{Ll}+)', '/x/Abc', true],
    ['/x/(\\P{Lu}+)', '/x/abC', false],
    ['/x/(\\x41\\u0042\\u{43})', '/x/ABC', true],
    ['/x/(\\u{1F600}?a)', '/x/a', true],
    ['/x/(\\uD83D\\uDE00?a)', '/x/a', true],
    ['/x/(a{2})', '/x/aa', true],
    ['/x/(a{2})', '/x/aaa', false],
    ['/x/(a{2,})', '/x/aaaa', true],
    ['/x/(a{1,3})', '/x/aaaa', false],
    ['/x/(a{1}?b)', '/x/ab', true],
    ['/x/(a*?)', '/x/aaa', true],
    ['/x/(a{0})b', '/x/b', true],
    ['/x/(^a$)', '/x/a', false],
    ['{/x}?(a|^b)', '/xa', true],
    ['/x/(.*)', '/x/a/b', true],
    ['/x/([^\\/]+?)', '/x/a', true],
    ['/x/([^\\/]+?)', '/x/a/b', false],
    ['/x/([])', '/x/', false],
    ['/x/(|a)', '/x/', true],
    ['/x/(a||b)y', '/x/y', true],
    ['/x/(a\\)b)', '/x/a)b', true],
    ['/x/(a\\(?b)', '/x/a(b', true],
    ['/x/(\\.)', '/x/..', false],
    ['https://(a|b).example.com/', 'https://b.example.com/', true],
    ['https://example.com:(80|81)/', 'https://example.com:81/', true],
    ['/x?q=(\\d+)', '/x?q=7', true],
  ]);

  it('knows the ends of the whole component, not those of the group', () => {
    const anchored = parseUrlPattern('{data}:(^a|b$)(c$|^d)');
    const verdict = (pathname: string): boolean => anchored.matches(parseComponents(`data:${pathname}`)!);
    expect(verdict('ac')).toBe(true);
    expect(verdict('ad')).toBe(false);
    expect(verdict('bc')).toBe(false);
    expect(verdict('a')).toBe(false);
  });
});

describe('patterns that are refused', () => {
  it.each([
    ['/a{', 'an open brace'],
    ['/a}', 'a brace never opened'],
    ['/{a{b}}', 'nested braces'],
    ['/{:a:b}', 'two groups in one pair of braces'],
    ['/a(', 'an open parenthesis'],
    ['/a()', 'an empty group'],
    ['/a(b', 'an open group'],
    ['/a(b(c))', 'a capture within a group'],
    ['/a(é)', 'a group that is not ASCII'],
    ['/a(?:b)', 'a group that begins with a question mark'],
    ['/a\\', 'a trailing backslash'],
    ['/: ', 'a colon without a name'],
    ['/:a/:a', 'the same name twice'],
    ['/+', 'a modifier after nothing'],
    ['https://example.com:-1/', 'a port that is no number'],
    ['https://[::1]/', 'colons of an address that are not escaped'],
    ['/([a-z--[aeiou]])', 'a range among set operations'],
    ['/(?<x>a)', 'a named capture as the whole group'],
    ['https://example.com:65536/', 'a port that is too large'],
    ['https://exa mple.com/', 'a host with a space'],
    ['https://[not:hex:zz]/', 'an address that is none'],
    ['1http://example.com/', 'a scheme that is none'],
    ['/(a', 'an open group'],
    ['/([a)', 'an open class'],
    ['/(a**)', 'a quantifier of a quantifier'],
    ['/(a{2,1})', 'a range the wrong way round'],
    ['/(\\i)', 'an escape that is none'],
    ['/(?i:a)', 'flags'],
    ['/(a(?i:b))', 'flags inside'],
    ['/((?=a)a)', 'a look-ahead'],
    ['/((?!a)b)', 'a negative look-ahead'],
    ['/(a(?<=a)b)', 'a look-behind'],
    ['/(a(?<!b)b)', 'a negative look-behind'],
    ['/((?<x>a)\\1)', 'a back-reference'],
    ['/((?<x>a)\\k<x>)', 'a named back-reference'],
    ['/((?<x>a))((?<x>b))', 'one group name in two groups'],
    ['/(\\ba)', 'a word boundary'],
    ['/(a\\B)', 'the opposite of a word boundary'],
    ['/([\\q{abc|d}])', 'strings in a class'],
    ['/((?:[)])([(?])x)', 'groups that balance only together'],
    ['/(.{256})', 'more than 256 states'],
    ['/((?:(?:a{30}){30}){30})', 'counts that multiply'],
    ['/((?:(?:|){9999}){9999})', 'counts of nearly nothing'],
    [`/(${'a|'.repeat(300)}b)`, 'hundreds of alternatives'],
    [`/(${'\\p{L}'.repeat(17)})`, 'many character properties'],
    [`/${'{a}?'.repeat(200)}*`, 'hundreds of modifiers'],
  ])('refuses %s: %s', (pattern) => {
    expect(() => matches('urlpattern', pattern, '/')).toThrow(
      expect.objectContaining({
        code: 'MATCHER_INVALID',
        status: 400,
        message: 'invalid topic matcher pattern',
        remedy: expect.stringMatching(/^Write a valid URL Pattern: .+\.$/),
      }),
    );
  });

  it('accepts counts of nothing at all, however they multiply', () => {
    expect(matches('urlpattern', '/x/(a(?:(?:(?:){99999}){99999}){99999})', '/x/a')).toBe(true);
  });

  it('accepts the largest counts under the cap', () => {
    expect(matches('urlpattern', '/(.{200})(b|c)?', `/${'a'.repeat(200)}`)).toBe(true);
    expect(matches('urlpattern', '/(.{200})(b|c)?', `/${'a'.repeat(202)}`)).toBe(false);
  });
});
