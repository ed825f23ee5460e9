import { MODERN, type Row } from '../support/row.js';

const RESERVED = [
  '/.well-known/mercure',
  '/.well-known/mercure/',
  '/.well-known/mercure/subscriptions/exact/a/b',
  '/.well-known/mercure?query',
  'https://elsewhere.test/.well-known/mercure/x',
  '$HUB/subscriptions/exact/a/b',
  '//elsewhere.test/.well-known/mercure',
  '/.well-known/%6Dercure/x',
  '/%2ewell-known/mercure',
  '/.well-known/x/../mercure',
  '/.well-known/mercure/../mercure/x',
  '/.well-known/x/%2e%2E/mercure',
  '\\.well-known\\mercure\\x',
  'mercure/subscriptions',
  './mercure',
  '#fragment',
  '',
];
const FREE = [
  '/.well-known/mercureX',
  '/.well-known/Mercure',
  '/x/.well-known/mercure',
  'https://example.com/?u=/.well-known/mercure',
  'https://example.com/#/.well-known/mercure',
  '/.well-known/%256Dercure',
  '/.well-known/mercure%2Fx',
  'urn:x:/.well-known/mercure',
  'http://[',
];

/** The namespace of the hub. */
export const RESERVED_TOPICS: readonly Row[] = [
  ...RESERVED.map((topic, index) => ({
    id: `A-7.${index + 5}`,
    promise: `the topic ${JSON.stringify(topic)} is the hub's own, first or not: 400`,
    generations: MODERN,
    steps: [
      {
        publish: [['topic', topic]] as const,
        answer: {
          status: 400,
          reason: topic.includes('\\')
            ? / topic value resolves into the reserved/
            : `"${topic}": topic value resolves into the reserved "/.well-known/mercure" namespace`,
        },
      },
      {
        publish: [
          ['topic', '$T'],
          ['topic', topic],
        ] as const,
        answer: { status: 400 },
      },
    ],
  })),
  ...FREE.map((topic, index) => ({
    id: `A-7.${index + 22}`,
    promise: `the topic ${JSON.stringify(topic)} only looks like the hub's`,
    generations: MODERN,
    steps: [{ publish: [['topic', topic]] as const }],
  })),
  ...['/.well-known/mercure/x', 'https://example.com/?u=/.well-known/mercure'].map((topic, index) => ({
    id: `A-7.${index + 31}`,
    promise: `the topic ${topic} is 403 where only 0.x is spoken: it has the path in it`,
    generations: ['0.x'] as const,
    steps: [
      {
        publish: [['topic', topic]] as const,
        answer: {
          status: 403,
          reason: `"${topic}": topic value references the reserved "/.well-known/mercure" namespace`,
        },
      },
    ],
  })),
];
