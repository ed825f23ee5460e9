import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseTransport } from '../../src/standalone/transport-url.js';

const choose = (url: string) => chooseTransport(url, 'TRANSPORT_URL');

describe('MERCURE_TRANSPORT_URL', () => {
  it.each([
    ['memory://', '10,000'],
    ['memory://?size=500', '500'],
    ['memory:', '10,000'],
    ['memory://?size=70&ageMs=60000&bytes=1000000', '70'],
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

  it.each([
    ['sqlite:///var/lib/mercure.db?size=5', 'SQLite (/var/lib/mercure.db)'],
    ['sqlite://./a%20b%3F.db', `SQLite (${resolve('a b?.db')})`],
    ['SQLITE:///m.db', 'SQLite (/m.db)'],
    ['postgres://user:hunter2@db/app?sslmode=verify-full&prefix=news_', 'PostgreSQL (db:5432/app)'],
    ['postgresql://user:hunter2@[::1]:6543/app', 'PostgreSQL ([::1]:6543/app)'],
    ['mysql://user:hunter2@db/app?ssl=true&durability=process', 'MySQL (db:3306/app)'],
    ['mariadb://user:hunter2@db:3307/app', 'MariaDB (db:3307/app)'],
  ])('%s is a database, told without its password', async (url, told) => {
    const { label, open } = choose(url);
    expect(label).toBe(`${told}, tables ${url.includes('news_') ? 'news_' : 'mercure_'}…`);
    // Opened is not connected: that is the hub's to start.
    expect((await open()).durability).toBe(url.includes('process') ? 'process' : 'disk');
  });

  it('bolt:// names the command that brings its history over', () => {
    expect(() => choose('bolt://mercure.db')).toThrow(
      /^Invalid TRANSPORT_URL.* "npx nestjs-mercure import <export>"/,
    );
  });

  it.each([
    'redis://user:hunter2@host/not-a-number',
    'redis://user:hunter2@host?sise=1',
    'redis://hunter2:%@host?size=1',
    'postgres://user:hunter2@host/db?sise=1',
    'postgres://user:hunter2@/db',
    'postgres:hunter2',
    'mysql://user:hunter2@host/db?size=many',
    'mysql://user:hunter2@host/db?ssl=no',
    'mysql://user:hunter2@host/db?charset=x',
    'mysql://us%er:hunter2@host/db',
    'postgres://user:hunter2@host/db?prefix=a-b',
    'postgres://user:hunter2@host/db?durability=none',
    'sqlite://',
    'sqlite://:memory:',
    'sqlite:///a%.db',
    'sqlite:///a.db?mode=hunter2',
    'nothing',
    'memory://?size=x',
    'memory://?sise=1',
    'memory://?bytes=many',
    'redis://user?hunter2@host',
    'mysql://host/db?hunter2=1',
  ])('%s is refused, saying what there is, without a password', (url) => {
    expect(() => choose(url)).toThrow(
      /^(?!.*hunter2)Invalid TRANSPORT_URL.*\. (?:Use|Its|Percent|Give|Leave)/,
    );
  });

  it.each(['memory://?sise=1', 'redis://host?sise=1', 'postgres://host/db?sise=1', 'sqlite:///a.db?sise=1'])(
    '%s is refused naming the parameter',
    (url) => {
      expect(() => choose(url)).toThrow(
        /^Invalid TRANSPORT_URL: .*unknown parameter "sise"\. Its parameters are size|prefix/,
      );
    },
  );
});
