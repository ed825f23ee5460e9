import { DETAIL, GENERATIONS, LEGACY, MODERN, repeat, type Row } from '../support/row.js';
import { follow, hears, secret, update } from './steps.js';

const denied = (generation: '1.0' | '0.x') => (generation === '1.0' ? 403 : 401);
const KINDS = [
  ['1.0', MODERN],
  ['0.x', LEGACY],
] as const;

/** Who may publish what, and who hears what is private. */
export const GRANTS: readonly Row[] = [
  ...KINDS.flatMap(([generation, generations], index) => [
    {
      id: `A-6.${1 + index}`,
      promise: `a ${generation} token for another topic publishes nothing: ${denied(generation)}`,
      generations,
      steps: ['topic=$T', 'topic=$T&private=on'].map((publish) => ({
        publish,
        token: { generation, publish: ['$T/other'] },
        answer: { status: denied(generation) },
      })),
    },
    {
      id: `A-8.${1 + index}`,
      promise: `a ${generation} publisher needs a grant for every topic`,
      generations,
      steps: [
        {
          publish: 'topic=$T&topic=$T/b',
          token: { generation, publish: ['$T'] },
          answer: { status: denied(generation) },
        },
        { publish: 'topic=$T&topic=$T/b', token: { generation, publish: ['$T', '$T/b'] } },
      ],
    },
    {
      id: `A-8.${3 + index}`,
      promise: `* of a ${generation} token grants everything`,
      generations,
      steps: [{ publish: 'topic=$T&topic=no+URL', token: { generation, publish: ['*'] } }],
    },
    {
      id: `A-8.${5 + index}`,
      promise: `a ${generation} token for subscribing publishes nothing`,
      generations,
      steps: [
        {
          publish: 'topic=$T',
          token: { generation, subscribe: ['*'] },
          answer: { status: denied(generation) },
        },
      ],
    },
    {
      id: `B7-${1 + index}`,
      promise: `private updates reach the ${generation} subscriber they are granted to, and nobody else`,
      generations,
      steps: [
        follow('$T', { query: [['$M', '$T/mine']] }),
        {
          follow: {
            query: [
              ['$M', '$T'],
              ['$M', '$T/mine'],
            ] as const,
            token: { generation, subscribe: ['$T/mine'] },
          },
          as: 'friend',
        },
        secret('$T', 'not mine'),
        secret('$T/mine', 'mine'),
        update('$T', 'end'),
        hears('end'),
        { hears: ['mine', 'end'], on: 'friend' },
      ],
    },
    {
      id: `B7-${3 + index}`,
      promise: `a ${generation} grant for one topic of an update opens it to those who follow another`,
      generations,
      steps: [
        follow('$T', { token: { generation, subscribe: ['$T/users/42'] } }),
        secret('$T', 'of others', ['topic', '$T/users/43']),
        secret('$T', 'mine', ['topic', '$T/users/42']),
        hears('mine'),
      ],
    },
    {
      id: `B7-${5 + index}`,
      promise: `* grants a ${generation} subscriber every private update it follows`,
      generations,
      steps: [
        follow('$T', { token: { generation, subscribe: ['*'] } }),
        secret('$T/other', 'not followed'),
        secret('$T', 'followed'),
        hears('followed'),
      ],
    },
  ]),
  {
    id: 'A-8.7',
    promise: 'an empty list publishes nothing, not even what is public',
    generations: LEGACY,
    steps: [{ publish: 'topic=$T', token: { generation: '0.x', publish: [] }, answer: { status: 401 } }],
  },
  {
    id: 'A-8.8',
    promise: 'a selector of 0.x is a URI Template',
    generations: LEGACY,
    steps: [
      { publish: 'topic=$T/1', token: { generation: '0.x', publish: ['$T/{id}'] } },
      follow('$T/1', { token: { generation: '0.x', subscribe: ['$T/{id}'] } }),
      secret('$T/1', 'granted'),
      hears('granted'),
    ],
  },
  {
    id: 'A-8.9',
    promise: 'a grant of 1.0 may be a URL Pattern',
    generations: MODERN,
    steps: [
      { publish: 'topic=$T/1', token: { publish: [{ match: '$T/:id', match_type: 'urlpattern' }] } },
      {
        publish: 'topic=$T/1/2',
        token: { publish: [{ match: '$T/:id', match_type: 'urlpattern' }] },
        answer: { status: 403 },
      },
    ],
  },
  {
    id: 'A-8.10',
    promise: 'the wildcard of a grant is found before its type is looked at',
    generations: MODERN,
    steps: [
      { publish: 'topic=no+URL+$U', token: { publish: [{ match: '*', match_type: 'urlpattern' }] } },
      { publish: 'topic=no+URL+$U', token: { publish: [{ match: '*', match_type: 'exact' }] } },
    ],
  },
  ...(['private=on', 'private', 'private=', 'private=0', 'private=false'] as const).map((field, index) => ({
    id: `B6-${26 + index}`,
    promise: `\`${field}\` is private: the field counts by being there`,
    generations: GENERATIONS,
    steps: [
      follow('$T'),
      { publish: `topic=$T&data=hidden&${field}` },
      update('$T', 'shown'),
      hears('shown'),
    ],
  })),
  {
    id: 'B7-7',
    promise: 'the namespaced claim overrides the short one',
    generations: LEGACY,
    steps: [
      {
        publish: 'topic=$T',
        token: { generation: '0.x', publish: [], claims: { 'https://mercure.rocks/': { publish: ['$T'] } } },
      },
      {
        publish: 'topic=$T',
        token: { generation: '0.x', publish: ['*'], claims: { 'https://mercure.rocks/': { publish: [] } } },
        answer: { status: 401 },
      },
    ],
  },
  {
    id: 'B7-8',
    promise: 'more than 1000 selectors are 401',
    generations: LEGACY,
    steps: [
      {
        publish: 'topic=$T',
        token: { generation: '0.x', publish: repeat(1001, ['a', 'b']).map(([topic]) => topic) },
        answer: { status: 401 },
      },
    ],
  },
  {
    id: 'B7-9',
    promise: 'details of other types, and unknown actions, grant nothing and harm nothing',
    generations: MODERN,
    steps: [
      {
        publish: 'topic=$T',
        token: {
          publish: [],
          claims: {
            authorization_details: [
              { type: 'payment', actions: 7, topics: 'x' },
              { type: DETAIL, actions: ['observe'], topics: [{ match: '*' }] },
              { type: DETAIL, actions: ['observe', 'publish'], topics: [{ match: '$T' }] },
            ],
          },
        },
      },
    ],
  },
];
