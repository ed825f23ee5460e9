import { describe, expect, it } from 'vitest';
import { type ComponentPatterns, parseComponents } from '../../src/topic/url-pattern/components.js';
import { createUrlPattern } from '../../src/topic/url-pattern/url-pattern.js';

describe('a pattern by components matches URLs by theirs', () => {
  it.each<[given: ComponentPatterns, matching: readonly string[], others: readonly string[]]>([
    [{}, ['https://example.com/', 'urn:isbn:1', 'file:///a'], []],
    [{ protocol: 'http{s}?' }, ['http://a/', 'https://a:1/'], ['ws://a/', 'httpss://a/']],
    [{ protocol: ':p' }, ['ws://a/', 'urn:a'], []],
    [{ protocol: '(ws|wss)' }, ['ws://a/', 'wss://a/'], ['http://a/']],
    [{ username: 'anna' }, ['https://anna@a/', 'https://anna:x@a/'], ['https://a/', 'https://ann@a/']],
    [{ username: '' }, ['https://a/', 'https://:x@a/'], ['https://anna@a/']],
    [{ password: ':any' }, ['https://:x@a/', 'https://u:a%2Fb@a/'], ['https://a/', 'https://u@a/']],
    [
      { hostname: '{*.}?a.example' },
      ['https://a.example/', 'https://x.y.a.example/'],
      ['https://xa.example/'],
    ],
    [{ hostname: ':a.:b' }, ['https://x.y/'], ['https://x/', 'https://x.y.z/']],
    [{ hostname: '[\\:\\:(1|2)]' }, ['https://[::1]/', 'https://[::2]/'], ['https://[::3]/']],
    [{ hostname: '[*' }, ['https://[::1]/', 'https://[2001:db8::]/'], ['https://a/']],
    [{ hostname: 'bücher.*' }, ['https://bücher.example/'], ['https://buecher.example/']],
    [{ hostname: '' }, ['urn:a', 'file:///a'], ['https://a/']],
    [{ port: '' }, ['https://a/', 'https://a:443/', 'urn:a'], ['https://a:444/']],
    [{ port: '(80|443)' }, ['http://a:443/', 'https://a:80/'], ['http://a/', 'https://a/']],
    [{ port: '80:x' }, ['https://a:8080/', 'https://a:801/'], ['https://a:80/', 'https://a:81/']],
    [{ port: '{}80' }, ['https://a:80/'], ['http://a/']],
    [
      { pathname: '/:a/:b?' },
      ['https://a/x', 'https://a/x/y'],
      ['https://a/', 'https://a/x/', 'https://a/x/y/z'],
    ],
    [{ pathname: ':a' }, [], ['https://a/x', 'https://a/']],
    [{ pathname: '*:a' }, ['https://a/x', 'urn:a'], ['https://a/']],
    [{ pathname: 'a.b' }, ['urn:a.b'], ['urn:axb', 'https://a/a.b']],
    [{ protocol: 'urn', pathname: ':a\\::b' }, ['urn:x:y', 'urn:x/y:z/w:v'], ['urn:x', 'urn::']],
    [{ protocol: 'urn', pathname: '/:a?' }, ['urn:/x', 'urn:/x/y', 'urn:/'], ['urn:x']],
    [{ search: '' }, ['https://a/', 'https://a/?', 'https://a/#x'], ['https://a/?x']],
    [{ search: 'q=:q{&*}?' }, ['https://a/?q=1', 'https://a/?q=1&r'], ['https://a/?q=', 'https://a/']],
    [{ search: '*q=(\\d+){&*}?' }, ['https://a/?x&q=1', 'https://a/?q=22&y'], ['https://a/?q=x']],
    [{ hash: '!/:path' }, ['https://a/#!/x/y'], ['https://a/#!/', 'https://a/']],
    [{ hash: 'é*' }, ['https://a/#é', 'https://a/#%C3%A9x'], ['https://a/#e']],
    [{ pathname: '/([\\p{L}&&[^x-z]]+)' }, ['https://a/abc'], ['https://a/xyz', 'https://a/a1']],
    [{ pathname: '/([[a-f]--[c-d]]{2})' }, ['https://a/af', 'https://a/be'], ['https://a/ac', 'https://a/a']],
    [{ pathname: '/([[a-b][0-1]]+)' }, ['https://a/a0b1'], ['https://a/a2']],
    [{ pathname: '/([^[\\d]]+)' }, ['https://a/x'], ['https://a/1']],
    [{ pathname: '/(\\S\\D)' }, ['https://a/1a', 'https://a/aa'], ['https://a/a1']],
    [
      { pathname: '/:id(\\w{3,4}?)' },
      ['https://a/abc', 'https://a/abcd'],
      ['https://a/ab', 'https://a/abcde'],
    ],
    [{ pathname: '/a(b)+' }, ['https://a/ab', 'https://a/abb'], ['https://a/a']],
    [{ pathname: '/(b)+' }, ['https://a/b', 'https://a/b/b'], ['https://a/bb', 'https://a/']],
    [
      { pathname: '{/:a.json}*' },
      ['https://a/x.json', 'https://a/x.json/y.json'],
      ['https://a/x.json/y', 'https://a/'],
    ],
    [{ pathname: '/{a:b}+' }, ['https://a/ax', 'https://a/axay'], ['https://a/a', 'https://a/xa']],
  ])('%o', (given, matching, others) => {
    const pattern = createUrlPattern(given);
    const verdict = (url: string): boolean => pattern.matches(parseComponents(url)!);
    expect(matching.filter((url) => !verdict(url))).toEqual([]);
    expect(others.filter(verdict)).toEqual([]);
  });
});
