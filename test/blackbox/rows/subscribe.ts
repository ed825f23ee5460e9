import { LEGACY, MODERN, GENERATIONS, repeat, type Row } from '../support/row.js';
import { follow, hears, update } from './steps.js';

const FORBIDDEN = {
  NUL: '%00',
  'a line feed': '%0A',
  DEL: '%7F',
  'a C1 control': '%C2%85',
  'a format character': '%E2%80%8B',
  'a byte that is no UTF-8': '%FF',
};
const NO_MATCHER = ['MATCH', 'Match', 'matchurlpattern', 'match_exactly', 'matchRegexp', 'match_URLPATTERN'];
const HOST = { host: 'hub.test' };
const refused = (query: string, reason: string) => [{ ask: { query }, answer: { status: 400, reason } }];

export const SUBSCRIBE: readonly Row[] = [
  ...['match', 'match_exact'].map((name, index) => ({
    id: `A-1.${index + 1}`,
    promise: `\`${name}\` is one topic, byte for byte`,
    generations: MODERN,
    steps: [
      { follow: { query: [[name, '$T/b%C3%BC/{id}']] as const } },
      update('$T/bü/{id}', 'decoded'),
      update('$T/b%c3%bc/{id}', 'lower'),
      update('$T/b%C3%BC/1', 'filled in'),
      update('$T/b%C3%BC/{id}', 'itself'),
      hears('itself'),
    ],
  })),
  {
    id: 'A-1.3',
    promise: '`match_urlpattern` is a URL Pattern: only its host in any case',
    generations: MODERN,
    steps: [
      { follow: { query: [['match_urlpattern', '$T/Books/:id']] } },
      update('$T/books/1', 'other case'),
      update('$T/Books/1/pages', 'below'),
      update('$T/Books/1', 'plain'),
      update('HTTPS://EXAMPLE.COM/$U/Books/2', 'shouted'),
      hears('plain', 'shouted'),
    ],
  },
  {
    id: 'A-1.4',
    promise: 'a relative pattern matches relative topics',
    generations: MODERN,
    steps: [
      { follow: { query: [['match_urlpattern', '/$U/:id']] } },
      update('/$U/1/2', 'below'),
      update('/$U/1', 'relative'),
      hears('relative'),
    ],
  },
  {
    id: 'A-1.19',
    promise: 'both stand at the URL of the hub, where it was told which that is',
    generations: MODERN,
    setup: 'named',
    steps: [
      { follow: { query: [['match_urlpattern', '/$U/:id']], headers: HOST } },
      { ...update('https://elsewhere.test/$U/1', 'elsewhere'), ask: { headers: HOST } },
      { ...update('/$U/2', 'relative'), ask: { headers: HOST } },
      { ...update('https://hub.test/$U/3', 'absolute'), ask: { headers: HOST } },
      hears('relative', 'absolute'),
    ],
  },
  {
    id: 'A-1.20',
    promise: 'a topic that is no URL reference matches no pattern, but the wildcard',
    generations: MODERN,
    steps: [
      { follow: { query: [['match_urlpattern', 'http{s}?://*/*']] } },
      { follow: { query: [['match_urlpattern', '*']] }, as: 'wildcard' },
      update('http://[$U', 'no reference'),
      update('$T', 'a URL'),
      hears('a URL'),
      { hears: ['no reference', 'a URL'], on: 'wildcard' },
    ],
  },
  {
    id: 'A-1.5',
    promise: '`topic` is a topic or a URI Template, and both may be repeated',
    generations: LEGACY,
    steps: [
      {
        follow: {
          query: [
            ['topic', '$T'],
            ['topic', '$T/{id}'],
          ],
        },
      },
      update('$T/1/2', 'two segments'),
      update('$T', 'exact'),
      update('$T/1', 'expanded'),
      hears('exact', 'expanded'),
    ],
  },
  {
    id: 'A-1.6',
    promise: 'a URI Template has the operators of RFC 6570, level 3 and more',
    generations: LEGACY,
    steps: [
      { follow: { query: [['topic', '{scheme}://{+host}/$U{/a}{?b,c}']] } },
      update('https://example.com/$U/1/2?b=1', 'a segment more'),
      update('https://example.com/x/$U/1?b=1&c=2', 'all of it'),
      hears('all of it'),
    ],
  },
  {
    id: 'A-1.7',
    promise: 'both generations mix in one request',
    generations: ['both'],
    steps: [
      {
        follow: {
          query: [
            ['topic', '$T/t/{id}'],
            ['match', '$T/m'],
            ['match_urlpattern', '$T/p/:id'],
          ],
        },
      },
      update('$T/m/{id}', 'none'),
      update('$T/t/1', 't'),
      update('$T/m', 'm'),
      update('$T/p/1', 'p'),
      hears('t', 'm', 'p'),
    ],
  },
  ...(
    [
      ['match', MODERN],
      ['match_exact', MODERN],
      ['match_urlpattern', MODERN],
      ['topic', LEGACY],
    ] as const
  ).map(([name, generations], index) => ({
    id: `A-1.${index + 8}`,
    promise: `\`${name}=*\` is every topic`,
    generations,
    steps: [
      { follow: { query: [[name, '*']] as const } },
      update('$T', 'a URL'),
      update('no URL at all $U', 'none'),
      hears('a URL', 'none'),
    ],
  })),
  ...NO_MATCHER.map((name, index) => ({
    id: `A-1.${index + 12}`,
    promise: `\`${name}\` is refused: all that begins with match is reserved`,
    generations: MODERN,
    steps: refused(`match=a&${name}=b`, `unknown topic matcher query parameter: "${name}"`),
  })),
  {
    id: 'A-1.18',
    promise: '`topic` is refused where only 1.0 is spoken',
    generations: ['1.0'],
    steps: refused(
      'topic=a',
      'unknown topic matcher query parameter: "topic" (use "match" or "match_urlpattern")',
    ),
  },
  {
    id: 'B3-1',
    promise: 'a request without any of the parameters is 400',
    generations: MODERN,
    steps: refused('x=1', 'missing "match" subscription parameter'),
  },
  {
    id: 'B3-2',
    promise: 'a request without `topic` is 400',
    generations: ['0.x'],
    steps: refused('x=1', 'Missing "topic" parameter.'),
  },
  {
    id: 'B3-3',
    promise: 'the refusal names the parameters there are',
    generations: ['both'],
    steps: [
      { ask: {}, answer: { status: 400, body: /"match".*"match_urlpattern".*"topic"|"topic".*"match"/s } },
    ],
  },
  {
    id: 'B3-4',
    promise: 'other parameters are ignored',
    generations: GENERATIONS,
    steps: [
      follow('$T', {
        query: [
          ['x', '$T/x'],
          ['TOPIC', '$T/x'],
          ['rematch', '$T/x'],
        ],
      }),
      update('$T/x', 'x'),
      update('$T', 'asked for'),
      hears('asked for'),
    ],
  },
  {
    id: 'B3-5',
    promise: 'a pair with a broken escape is no reason to refuse the rest',
    generations: MODERN,
    steps: [{ follow: { query: 'x=%zz&match=$T' } }, update('$T', 'whole'), hears('whole')],
  },
  ...Object.entries(FORBIDDEN).flatMap(([what, encoded], at) =>
    ['match', 'match_urlpattern'].map((name, index) => ({
      id: `B3-${6 + 2 * at + index}`,
      promise: `${what} in \`${name}\` is 400`,
      generations: MODERN,
      steps: refused(
        `${name}=a${encoded}b`,
        'topic matcher values must be valid UTF-8 without control characters',
      ),
    })),
  ),
  {
    id: 'B3-18',
    promise: 'a broken URL Pattern is 400, and nothing of the machine inside is told',
    generations: MODERN,
    steps: refused('match_urlpattern=https://[', 'invalid topic matcher pattern'),
  },
  {
    id: 'B3-19',
    promise: 'the token is judged before the parameters',
    generations: GENERATIONS,
    steps: [
      {
        ask: {
          query: 'MATCH=a',
          token: { subscribe: ['*'], key: 'a secret of nobody, and as long as it must be' },
        },
        answer: { status: 401 },
      },
    ],
  },
  {
    id: 'A-2.1',
    promise: '100 matchers are taken',
    generations: MODERN,
    steps: [{ follow: { query: repeat(100, ['match', '$T']) } }, update('$T', 'once'), hears('once')],
  },
  {
    id: 'A-2.2',
    promise: '101 are not',
    generations: MODERN,
    steps: refused(Array(101).fill('match=a').join('&'), 'too many matchers (max 100)'),
  },
  {
    id: 'A-2.3',
    promise: '1000 `topic` are taken',
    generations: LEGACY,
    steps: [{ follow: { query: repeat(1000, ['topic', 'a']) } }],
  },
  {
    id: 'A-2.4',
    promise: '1001 are not',
    generations: LEGACY,
    steps: refused(Array(1001).fill('topic=a').join('&'), 'Too many "topic" parameters.'),
  },
  {
    id: 'A-2.5',
    promise: 'an exact topic of 4096 bytes is taken',
    generations: MODERN,
    steps: [{ follow: { query: `match=${'a'.repeat(4096)}` } }],
  },
  {
    id: 'A-2.6',
    promise: 'one of 4097 bytes is not, counted in UTF-8',
    generations: MODERN,
    steps: [
      ...refused(`match=${'a'.repeat(4097)}`, 'pattern too long (max 4096 bytes)'),
      ...refused(`match=${'%C3%BC'.repeat(2049)}`, 'pattern too long (max 4096 bytes)'),
    ],
  },
  {
    id: 'A-2.7',
    promise: 'a URL Pattern of more than 2048 characters is not',
    generations: MODERN,
    steps: [
      {
        ask: { query: `match_urlpattern=/${'a'.repeat(2048)}` },
        answer: { status: 400, reason: /too long/ },
      },
    ],
  },
  {
    id: 'A-2.8',
    promise: 'a URI Template of more than 2048 characters is not',
    generations: LEGACY,
    steps: [
      { ask: { query: `topic=${'a'.repeat(2046)}%7Bb%7D` }, answer: { status: 400, reason: /too long/ } },
    ],
  },
];
