import { describe, expect, it } from 'vitest';
import { parseTemplate } from '../../src/topic/uri-template/template.js';
import { matches } from './support/matching.js';

const BOOKS = '{scheme}://{+host}/demo/books/{id}.jsonld';
const SUBSCRIPTIONS = '/.well-known/mercure/subscriptions{/topic}{/subscriber}';
const DICTIONARY = 'https://example.com/dictionary/{term:1}/{term}';

const VECTORS: readonly (readonly [template: string, topic: string, selected: boolean])[] = [
  // Prefix lengths and names play no part.
  [DICTIONARY, 'https://example.com/dictionary/c/cat', true],
  [DICTIONARY, 'https://example.com/dictionary/c/a/cat', false],
  [DICTIONARY, 'https://example.com/dictionary/cat/cat', true],
  ['{x:3}', 'abcdefgh', true],
  // Query expansion: as many values as there are variables, none needed.
  ['https://example.com/foo{?bar}', 'https://example.com/foobaz', false],
  ['https://example.com/foo{?bar}', 'https://example.com/foo', true],
  ['https://example.com/foo{?bar}', 'https://example.com/foo?bar=1', true],
  ['https://example.com/foo{?bar}', 'https://example.com/foo?other=1', true],
  ['https://example.com/foo{?bar}', 'https://example.com/foo?', true],
  ['https://example.com/foo{?bar}', 'https://example.com/foo?bar=1&x=2', false],
  ['https://example.com/foo{?bar,x}', 'https://example.com/foo?bar=1&x=2', true],
  ['https://example.com/foo{?bar,x}', 'https://example.com/foo?a=1&b=2&c=3', false],
  ['https://example.com/foo{?bar*}', 'https://example.com/foo?a=1&b=2&c=3', true],
  // The selectors of the token in the public documentation.
  [BOOKS, 'https://example.com/demo/books/1.jsonld', true],
  [BOOKS, 'https://example.com:8443/a/b/demo/books/1.jsonld', true],
  [BOOKS, 'https://example.com/demo/books/1/2.jsonld', false],
  [BOOKS, 'https://example.com/demo/books/.jsonld', true],
  [BOOKS, '://x/demo/books/é.jsonld', false],
  [SUBSCRIPTIONS, '/.well-known/mercure/subscriptions', true],
  [SUBSCRIPTIONS, '/.well-known/mercure/subscriptions/https%3A%2F%2Fexample.com%2F1/urn%3Auuid%3Aabc', true],
  [SUBSCRIPTIONS, '/.well-known/mercure/subscriptions/https%3A%2F%2Fexample.com%2F1', true],
  [SUBSCRIPTIONS, '/.well-known/mercure/subscriptions/a/b/c', false],
  [SUBSCRIPTIONS, '/.well-known/mercure/subscriptions/a:b', false],
  [SUBSCRIPTIONS, '/.well-known/mercure/subscriptions//', true],
  // Simple expansion: unreserved characters, commas and triplets.
  ['https://example.com/{id}', 'https://example.com/', true],
  ['https://example.com/{id}', 'https://example.com/a,b', true],
  ['https://example.com/{id}', 'https://example.com/a=b', false],
  ['https://example.com/{id*}', 'https://example.com/a=b', true],
  ['https://example.com/{id}', 'https://example.com/a%2Fb', true],
  ['https://example.com/{id}', 'https://example.com/a%2', false],
  ['https://example.com/{id}', 'https://example.com/a%2G', false],
  ['https://example.com/{id}', 'https://example.com/a b', false],
  ['https://example.com/{id}', 'https://example.com/café', false],
  ['https://example.com/{id}', 'https://example.com/a/b', false],
  // Reserved and fragment expansion.
  ['https://example.com/{+id}', 'https://example.com/a/b?c=d#e', true],
  ['https://example.com/{+id}', "https://example.com/it's", true],
  ['https://example.com/{+id}', 'https://example.com/a"b', false],
  ['https://example.com/x{#frag}', 'https://example.com/x#a/b', true],
  ['https://example.com/x{#frag}', 'https://example.com/x', true],
  ['https://example.com/x{#frag}', 'https://example.com/x/a', false],
  // Labels and paths.
  ['X{.ext}', 'X.tar.gz', true],
  ['X{.ext}', 'X', true],
  ['X{.ext}', 'Xa', false],
  ['X{.a,b*}', 'X.y.k=v', true],
  ['{/path*}', '/a/b/c', true],
  ['{/path}', '/a/b', false],
  ['{/a,b}', '/x/y', true],
  ['{/a,b}', '/x', true],
  ['{/a,b}', '/x/y/z', false],
  ['{/list*,path:4}', '/a/b/c/d/e/f', true],
  // Path-style parameters and continued queries.
  ['{;x,y}', ';x=1;y=2', true],
  ['{;x}', ';y=2', true],
  ['{;x}', ';x=1;y=2', false],
  ['{;list*}', ';list=1;list=2;list=3', true],
  ['?fixed=yes{&x}', '?fixed=yes&x=1024', true],
  ['?fixed=yes{&x}', '?fixed=yes', true],
  ['?fixed=yes{&x}', '?fixed=yes&a&b', false],
  // What is exploded may hold a "=", from there on.
  ['{a,b*}', 'x=1', false],
  ['{a,b*}', 'x,y=1', true],
  ['{a*,b}', 'x=1,y', true],
  // Literals are compared as they stand, byte for byte.
  ['café/{id}', 'café/1', true],
  ['café/{id}', 'caf%C3%A9/1', false],
  ['café/{id}', 'cafè/1', false],
  ['{id}é', 'xé', true],
  ['{id}é', 'xè', false],
  ['{a}é{b}', 'xéy', true],
  ['{a}é{b}', 'xÃ©y', false],
  ['{a}日本{b}', '日本', true],
  ['{a}😀{b}', 'x😀', true],
  ['HTTPS://example.com/{id}', 'https://example.com/1', false],
  ['plain', 'plain', true],
  ['plain', 'plainer', false],
  ['a.b{x}', 'aXb', false],
  // The examples of RFC 6570, 3.2.2 to 3.2.9, select what they expand to.
  ['{var}', 'value', true],
  ['{hello}', 'Hello%20World%21', true],
  ['{half}', '50%25', true],
  ['O{empty}X', 'OX', true],
  ['{x,y}', '1024,768', true],
  ['?{x,empty}', '?1024,', true],
  ['{keys*}', 'semi=%3B,dot=.,comma=%2C', true],
  ['{+hello}', 'Hello%20World!', true],
  ['{base}index', 'http%3A%2F%2Fexample.com%2Fhome%2Findex', true],
  ['{+base}index', 'http://example.com/home/index', true],
  ['O{+empty}X', 'OX', true],
  ['up{+path}{var}/here', 'up/foo/barvalue/here', true],
  ['{+list*}', 'red,green,blue', true],
  ['{+keys}', 'semi,;,dot,.,comma,,', true],
  ['{#path:6}here', '#/foo/bhere', true],
  ['{#keys*}', '#semi=;,dot=.,comma=,', true],
  ['www{.dom*}', 'www.example.com', true],
  ['X{.keys*}', 'X.semi=%3B.dot=..comma=%2C', true],
  ['X{.empty_keys*}', 'X', true],
  ['{/who,dub}', '/fred/me%2Ftoo', true],
  ['{/var,x}/here', '/value/1024/here', true],
  ['{/keys*}', '/semi=%3B/dot=./comma=%2C', true],
  ['{;v,empty,who}', ';v=6;empty;who=fred', true],
  ['{;keys*}', ';semi=%3B;dot=.;comma=%2C', true],
  ['{?x,y,undef}', '?x=1024&y=768', true],
  ['{?keys*}', '?semi=%3B&dot=.&comma=%2C', true],
  ['?fixed=yes{&x}', '?fixed=yes&x=1024', true],
  ['{&var:3}', '&var=val', true],
];

describe('a URI Template used as a selector', () => {
  it.each(VECTORS)('%s against %s is %s', (template, topic, selected) => {
    expect(matches('template', template, topic)).toBe(selected);
  });

  it('selects the topic of its very own text, too', () => {
    expect(matches('template', 'https://example.com/{id}', 'https://example.com/{id}')).toBe(true);
    expect(matches('template', 'https://example.com/{id}', 'https://example.com/{ID}')).toBe(false);
  });

  it('does not resolve relative topics', () => {
    expect(matches('template', 'https://hub.example.com/{id}', '/1')).toBe(false);
  });
});

describe('the syntax of RFC 6570', () => {
  it.each([
    ['{}', 'an expression without a variable'],
    ['{!x}', 'an operator reserved for extensions'],
    ['{=x}', 'an operator reserved for extensions'],
    ['{|x}', 'an operator reserved for extensions'],
    ['{a b}', 'a space in a name'],
    ['{a,}', 'an empty name after a comma'],
    ['{a..b}', 'two dots in a name'],
    ['{.a.}', 'a dot at the end of a name'],
    ['{a:0}', 'a prefix length of zero'],
    ['{a:01}', 'a prefix length with a leading zero'],
    ['{a:10000}', 'a prefix length over 9999'],
    ['{a:3*}', 'two modifiers'],
    ['{a%2}', 'half a triplet in a name'],
    ['{é}', 'a name that is not ASCII'],
    ['{{a}}', 'nested braces'],
    ['foo{', 'an open brace'],
    ['foo}', 'a brace never opened'],
    ['a%2', 'half a triplet'],
    ['a|b{x}', 'a bar in a literal'],
    ['a b{x}', 'a space in a literal'],
    ['a"b{x}', 'a quote in a literal'],
    ['a<b{x}', 'an angle bracket in a literal'],
    ['a^b{x}', 'a caret in a literal'],
    ['a\\b{x}', 'a backslash in a literal'],
    ['a`b{x}', 'a backtick in a literal'],
  ])('refuses %s: %s', (template) => {
    expect(parseTemplate(template)).toBeUndefined();
  });

  it.each(['{a.b.c}', '{a_b}', '{a%20b}', '{A9}', "it's{x}", 'caf%C3%A9{x}', 'é{x}', '{?a:9999,b*}', ''])(
    'reads %s',
    (template) => {
      expect(parseTemplate(template)).toBeDefined();
    },
  );
});
