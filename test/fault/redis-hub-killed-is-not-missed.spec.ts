import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildProgram, startProgram } from '../standalone/support/program.js';
import { eventsOf, idsOf, open, publish } from '../support/http-client.js';
import { REDIS_URL, redisAnswers, removeKeys } from '../support/redis.js';
import { KEY, legacyToken } from '../support/tokens.js';

const ENVIRONMENT = {
  PORT: '0',
  PATH: process.env['PATH']!,
  MERCURE_ANONYMOUS: '1',
  MERCURE_PUBLISHER_JWT_KEY: KEY,
  MERCURE_SHUTDOWN_SPREAD: '0',
};
const topic = 'https://example.com/1';

describe.skipIf(!(await redisAnswers('programs on Redis')))('Programs on one Redis', () => {
  beforeAll(() => void buildProgram(), 180_000);

  it(
    'of which one is killed lose nothing: its clients resume on the other, without a gap and without a duplicate',
    { timeout: 120_000 },
    async () => {
      const prefix = `killed-${randomUUID()}`;
      onTestFinished(() => removeKeys(REDIS_URL, prefix));
      const url = new URL(REDIS_URL);
      url.searchParams.set('prefix', prefix);
      const environment = { ...ENVIRONMENT, MERCURE_TRANSPORT_URL: url.href };
      const [one, other] = [startProgram(environment), startProgram(environment)];
      onTestFinished(() => {
        one.kill('SIGKILL');
        other.kill('SIGKILL');
      });
      const [oneUrl, otherUrl] = await Promise.all([one.url(), other.url()]);
      const token = await legacyToken({ publish: ['*'] });
      const acknowledged: string[] = [];
      const stream = await open(oneUrl, { query: { topic } });
      for (let index = 0; index < 100; index++) {
        const answer = await publish(index % 2 ? oneUrl : otherUrl, token, { topic, data: `${index}` });
        expect(answer.status).toBe(200);
        acknowledged.push(answer.text.trim());
        if (index === 60) one.kill('SIGKILL');
        if (index >= 60 && index % 2 === 0) index++;
      }
      await stream.body.ended();
      const heard = idsOf(stream.body.text);
      const resumed = await open(otherUrl, { query: { topic }, headers: { 'Last-Event-ID': heard.at(-1)! } });
      await resumed.body.waitFor((text) => idsOf(text).at(-1) === acknowledged.at(-1));
      expect([...heard, ...idsOf(resumed.body.text)]).toEqual(acknowledged);
      expect(eventsOf(resumed.body.text).some(({ event }) => event === 'mercure')).toBe(false);
    },
  );

  it('without ioredis say how it is installed', { timeout: 120_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mercure-alone-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const program = join(directory, 'standalone.mjs');
    await copyFile(buildProgram(), program);
    const hub = startProgram(
      { ...ENVIRONMENT, MERCURE_TRANSPORT_URL: 'redis://u:hunter2@localhost' },
      [],
      program,
    );
    expect((await hub.exit()).code).toBe(1);
    expect(hub.stderr.text).toContain('npm install ioredis');
    expect(hub.stderr.text).not.toContain('hunter2');
  });
});
