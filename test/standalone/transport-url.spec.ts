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

  it('bolt:// names the command that will bring its history over', () => {
    expect(() => choose('bolt://mercure.db')).toThrow(
      /^Invalid TRANSPORT_URL.* "npx nestjs-mercure import <file>"/,
    );
  });

  it.each([
    'redis://user:hunter2@host',
    'postgres://hunter2@host/db',
    'nothing',
    'memory://?size=x',
    'memory://?sise=1',
  ])('%s is refused, saying what there is, without a password', (url) => {
    expect(() => choose(url)).toThrow(/^(?!.*hunter2)Invalid TRANSPORT_URL.*memory:\/\/\?size=10000/);
  });
});
