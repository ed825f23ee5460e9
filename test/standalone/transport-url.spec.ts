import { describe, expect, it } from 'vitest';
import { chooseTransport } from '../../src/standalone/transport-url.js';

const choose = (url: string) => chooseTransport(url, 'TRANSPORT_URL');

describe('MERCURE_TRANSPORT_URL', () => {
  it.each([
    ['memory://', '10,000'],
    ['memory://?size=500', '500'],
    ['memory:', '10,000'],
    ['memory://local?size=0', 'last 0'],
    ['local://local', '10,000'],
    ['null://', '10,000'],
  ])('%s is the memory transport', async (url, told) => {
    const { label, open } = choose(url);
    expect(label).toContain('memory');
    expect(label).toContain(told);
    expect((await open()).durability).toBe('process');
  });

  it.each([
    ['redis://localhost', 'localhost:6379, keys {mercure}:'],
    ['rediss://user:hunter2@host:6380/2?prefix=news&size=5', 'host:6380, keys {news}:'],
    ['redis+sentinel://:hunter2@a:1,b:2,[::1]:3/0?name=main', 'a:1, b:2, ::1:3'],
    ['REDIS+CLUSTER://a,b', 'a:6379, b:6379'],
  ])('%s is Redis, told without its password', async (url, told) => {
    const { label, open } = choose(url);
    expect(label).toContain(told);
    expect(label).not.toContain('hunter2');
    // Opened is not connected: that is the hub's to start.
    expect((await open()).durability).toBe('process');
  });

  it('bolt:// names the command that will bring its history over', () => {
    expect(() => choose('bolt://mercure.db')).toThrow(
      /^Invalid TRANSPORT_URL.* "npx nestjs-mercure import <file>"/,
    );
  });

  it.each([
    'redis://user:hunter2@host/not-a-number',
    'redis://user:hunter2@host?sise=1',
    'redis://hunter2:%@host?size=1',
    'postgres://hunter2@host/db',
    'nothing',
    'memory://?size=x',
    'memory://?sise=1',
  ])('%s is refused, saying what there is, without a password', (url) => {
    expect(() => choose(url)).toThrow(/^(?!.*hunter2)Invalid TRANSPORT_URL.*\. (?:Use|Its|Percent)/);
  });
});
