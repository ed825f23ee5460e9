import { describe } from 'vitest';
import { reads, refuses } from './support/component-rows.js';

const BASE = 'https://user:pw@hub.example:8443/a/b?q=1#frag';
const site = { protocol: 'https', hostname: 'example.com', port: '' };

describe('a pattern in one string is cut where a URL would be', () => {
  reads([
    ['https://example.com', site],
    ['https://example.com/', { ...site, pathname: '/' }],
    ['https://example.com/a/:b', { ...site, pathname: '/a/:b' }],
    ['https://example.com?a=:b', { ...site, pathname: '/', search: 'a=:b' }],
    ['https://example.com#:part', { ...site, pathname: '/', search: '', hash: ':part' }],
    ['https://example.com/a?', { ...site, pathname: '/a', search: '' }],
    ['https://example.com/a#', { ...site, pathname: '/a', search: '', hash: '' }],
    ['https://example.com/a?b#c', { ...site, pathname: '/a', search: 'b', hash: 'c' }],
    ['https://example.com/a?b\\?c', { ...site, pathname: '/a', search: 'b\\?c' }],
    ['https://example.com/a#b#c', { ...site, pathname: '/a', search: '', hash: 'b#c' }],
    ['https://example.com/a#b\\?c', { ...site, pathname: '/a', search: '', hash: 'b\\?c' }],
    ['https://example.com:8080/a', { ...site, port: '8080', pathname: '/a' }],
    ['https://example.com:*/a', { ...site, port: '*', pathname: '/a' }],
    ['https://example.com:8080?a', { ...site, port: '8080', pathname: '/', search: 'a' }],
    ['https://example.com:8080#a', { ...site, port: '8080', pathname: '/', search: '', hash: 'a' }],
    ['https://anna@example.com/a', { ...site, username: 'anna', pathname: '/a' }],
    ['https://anna:secret@example.com/a', { ...site, username: 'anna:secret', pathname: '/a' }],
    [
      'https://anna\\:secret@example.com/a',
      { ...site, username: 'anna', password: 'secret', pathname: '/a' },
    ],
    ['https://{:user}\\:*@example.com/a', { ...site, username: ':user', password: '*', pathname: '/a' }],
    ['https://\\:@example.com/a', { ...site, username: '', password: '', pathname: '/a' }],
    ['*://example.com/a', { ...site, protocol: '*', pathname: '/a' }],
    ['http{s}?://example.com/a', { ...site, protocol: 'http{s}?', pathname: '/a' }],
    ['(http|wss)://example.com/a', { ...site, protocol: '(http|wss)', pathname: '/a' }],
    ['https\\://example.com/a', { ...site, pathname: '/a' }],
    ['a:b\\://example.com/c', { ...site, protocol: 'a:b', pathname: '/c' }],
    ['https:\\/\\/example.com/c', { ...site, pathname: '/c' }],
    ['https://{a.}?example.com/a', { ...site, hostname: '{a.}?example.com', pathname: '/a' }],
    ['https://{example.com/a}', { protocol: 'https', hostname: 'example.com', port: '' }],
    ['https://example.com:eighty/a', { ...site, hostname: 'example.com:eighty', pathname: '/a' }],
    ['https://example.com/a{\\?b}', { ...site, pathname: '/a%3Fb' }],
    ['https://example.com/a{#b}', { ...site, pathname: '/a%23b' }],
    ['https://example.com/a{/b}?', { ...site, pathname: '/a{/b}?' }],
    ['https://example.com/a{/b}??c', { ...site, pathname: '/a{/b}?', search: 'c' }],
    ['https://example.com/:a??b', { ...site, pathname: '/:a?', search: 'b' }],
    ['https://example.com/*?b', { ...site, pathname: '/*?b' }],
    ['https://example.com/*??b', { ...site, pathname: '/*?', search: 'b' }],
    ['https://example.com/(\\d+)?b', { ...site, pathname: '/(\\d+)?b' }],
    ['https://example.com/a*\\?b', { ...site, pathname: '/a*', search: 'b' }],
    ['https://*', { protocol: 'https', hostname: '*', port: '' }],
    ['https://*.example.com', { ...site, hostname: '*.example.com' }],
    ['*\\:*', { protocol: '*', hostname: '*', port: '' }],
    ['data\\:text/:type', { protocol: 'data', hostname: '', port: '', pathname: 'text/:type' }],
    ['urn\\:isbn\\:*', { protocol: 'urn', hostname: '', port: '', pathname: 'isbn\\:*' }],
    ['{urn}:*', { protocol: 'urn', hostname: '', port: '', pathname: '*' }],
    ['app://host/:x', { protocol: 'app', hostname: 'host', port: '', pathname: '/:x' }],
    ['file:///srv/*', { protocol: 'file', hostname: '', port: '', pathname: '/srv/*' }],
  ]);

  refuses([
    'a/b',
    '/a',
    '?a',
    '#a',
    '',
    '*',
    'example.com/a',
    'https:example.com/a',
    'https://example.com/a?b?c',
    'https://example.com/a#b?c',
    'https://example.com/a{?b}',
    'https://example.com{/a}?',
    'https://example.com:80:81/a',
    'https://{example.com/a',
    'https://example.com/{a{b}c}',
    '(https)s)://example.com/a',
    'h ttps\\://example.com/',
  ]);
});

describe('a relative pattern in one string takes from the base what comes before it', () => {
  const hub = { protocol: 'https', hostname: 'hub.example', port: '8443' };
  reads(
    [
      ['/x/:y', { ...hub, pathname: '/x/:y' }],
      ['x/:y', { ...hub, pathname: '/a/x/:y' }],
      ['./x', { ...hub, pathname: '/a/x' }],
      ['../x', { ...hub, pathname: '/x' }],
      ['{/x}', { ...hub, pathname: '/x' }],
      ['\\/x', { ...hub, pathname: '/x' }],
      [':x', { ...hub, pathname: '/a/:x' }],
      ['*', { ...hub, pathname: '/a/*' }],
      ['', { ...hub, pathname: '/a/' }],
      ['?x', { ...hub, pathname: '/a/b', search: 'x' }],
      ['#x', { ...hub, pathname: '/a/b', search: 'q=1', hash: 'x' }],
      ['/x?y', { ...hub, pathname: '/x', search: 'y' }],
      ['/x#y', { ...hub, pathname: '/x', search: '', hash: 'y' }],
      ['http://other.example/x', { protocol: 'http', hostname: 'other.example', port: '', pathname: '/x' }],
      ['//other.example/x', { ...hub, pathname: '//other.example/x' }],
    ],
    BASE,
  );
});

describe('a pattern by components', () => {
  reads([
    [{}, {}],
    [{ pathname: '/a' }, { pathname: '/a' }],
    [{ protocol: 'https:' }, { protocol: 'https' }],
    [{ search: '?a' }, { search: 'a' }],
    [{ search: '?\\?a' }, { search: '\\?a' }],
    [{ hash: '#a' }, { hash: 'a' }],
    [{ hash: '##a' }, { hash: '#a' }],
    [{ protocol: '' }, { protocol: '' }],
    [{ hostname: '' }, { hostname: '' }],
    [{ pathname: '' }, { pathname: '' }],
    [{ search: '' }, { search: '' }],
    [{ search: '?' }, { search: '' }],
  ]);
  refuses([
    { protocol: '1a' },
    { protocol: 'ht/tp' },
    { protocol: 'café' },
    { hostname: 'a b' },
    { hostname: 'a<b' },
    { hostname: 'a@b' },
    { hostname: 'a\\:b' },
    { pathname: '/a(' },
    { pathname: '+a' },
    { search: '??a' },
    { pathname: '/:a/:a' },
    { search: '(?a)' },
    { hash: '{a' },
  ]);
});

describe('a pattern by components takes from the base what comes before the first of them', () => {
  const hub = { protocol: 'https', hostname: 'hub.example', port: '8443' };
  reads(
    [
      [{}, { ...hub, pathname: '/a/b', search: 'q=1', hash: 'frag' }],
      [{ protocol: 'http' }, { protocol: 'http' }],
      [{ hostname: 'x.example' }, { protocol: 'https', hostname: 'x.example' }],
      [{ port: '1' }, { protocol: 'https', hostname: 'hub.example', port: '1' }],
      [{ pathname: 'x' }, { ...hub, pathname: '/a/x' }],
      [{ pathname: '/x' }, { ...hub, pathname: '/x' }],
      [{ search: 'x' }, { ...hub, pathname: '/a/b', search: 'x' }],
      [{ hash: 'x' }, { ...hub, pathname: '/a/b', search: 'q=1', hash: 'x' }],
      [{ username: 'x' }, { ...hub, username: 'x', pathname: '/a/b', search: 'q=1', hash: 'frag' }],
    ],
    BASE,
  );
  reads(
    [
      [{ search: 'x' }, { ...site, hostname: 'example.com', pathname: '/\\(a\\)/\\:b\\*', search: 'x' }],
      [{ pathname: 'x' }, { ...site, hostname: 'example.com', pathname: '/\\(a\\)/x' }],
    ],
    'https://example.com/(a)/:b*',
  );
  reads(
    [
      [{ pathname: 'x' }, { protocol: 'data', hostname: '', port: '', pathname: 'x' }],
      [{ search: 'x' }, { protocol: 'data', hostname: '', port: '', pathname: 'text', search: 'x' }],
    ],
    'data:text',
  );
  refuses([{}, { pathname: '/a' }], 'no base');
});
