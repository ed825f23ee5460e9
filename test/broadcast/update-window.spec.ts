import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Broadcasting } from '../../src/broadcast/publish-queue.js';
import { UpdateWindow } from '../../src/broadcast/update-window.js';

describe('a window', () => {
  let told: string[];
  let superseded: string[];
  let window: UpdateWindow;

  const update = (
    name: string,
    { key = 'a', waits = true, windowMs = 10, maxWaitMs = 25 } = {},
  ): Broadcasting => ({
    update: { topic: name },
    what: name,
    entity: 'Book',
    pace: { key, waits, windowMs, maxWaitMs },
  });
  const tell = (...broadcasts: Broadcasting[]): void => {
    told.push(...window.admit(broadcasts).map(({ what }) => what));
  };

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    superseded = [];
    window = new UpdateWindow(
      (key) => told.push(...window.release(key).map(({ what }) => what)),
      ({ what }) => superseded.push(what),
    );
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells the first at once, and of the others the latest when there are no more', () => {
    tell(update('1'));
    tell(update('2'));
    vi.advanceTimersByTime(9);
    tell(update('3'));
    vi.advanceTimersByTime(9);
    expect(told).toEqual(['1']);
    vi.advanceTimersByTime(1);
    expect(told).toEqual(['1', '3']);
    expect(superseded).toEqual(['2']);
  });

  it('tells a row that changes all the time as often as the maximum wait says', () => {
    for (let ms = 0; ms < 100; ms += 5) {
      tell(update(`${ms}`));
      vi.advanceTimersByTime(5);
    }
    expect(told).toEqual(['0', '25', '50', '75']);
  });

  it('tells what was told alone no second time, and what comes later at once', () => {
    tell(update('1'));
    vi.advanceTimersByTime(10);
    expect(vi.getTimerCount()).toBe(0);
    tell(update('2'));
    expect(told).toEqual(['1', '2']);
  });

  it('is each row’s own', () => {
    tell(update('1'), update('2', { key: 'b' }), update('3'));
    expect(told).toEqual(['1', '2']);
  });

  it('gives way to what does not wait, which makes what waited superfluous', () => {
    tell(update('1'));
    tell(update('2'));
    tell(update('deleted', { waits: false }));
    expect(told).toEqual(['1', 'deleted']);
    expect(superseded).toEqual(['2']);
    vi.advanceTimersByTime(100);
    expect(told).toEqual(['1', 'deleted']);
  });

  it('a move in the place of what somebody else did is nobody’s', () => {
    const by = (originator: string, name: string, waits: boolean): Broadcasting => ({
      update: { topic: name, data: originator },
      what: name,
      entity: 'Book',
      pace: { key: 'a', waits, windowMs: 10, maxWaitMs: 25, signature: { originator, unsigned: 'nobody' } },
    });
    const said = (...all: Broadcasting[]) =>
      window.admit(all).map(({ what, update }) => `${what} by ${update.data as string}`);
    expect(said(by('eve', '1', true), by('eve', '2', true))).toEqual(['1 by eve']);
    const move = [by('mallory', 'deleted', false), by('mallory', 'created', false)];
    expect(said(...move)).toEqual(['deleted by nobody', 'created by nobody']);
    expect(said(...move)).toEqual(['deleted by mallory', 'created by mallory']);
  });

  it('is no concern of what has none', () => {
    const { pace: _, ...plain } = update('plain');
    tell(plain, plain);
    expect(told).toEqual(['plain', 'plain']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets go of everything when asked, once', () => {
    tell(update('1'), update('2'), update('3', { key: 'b' }), update('4', { key: 'b' }));
    window.releaseAll();
    window.releaseAll();
    vi.advanceTimersByTime(100);
    expect(told).toEqual(['1', '3', '2', '4']);
  });

  it('whose release is on its way tells what has come meanwhile, once', () => {
    const due: string[] = [];
    window = new UpdateWindow(
      (key) => due.push(key),
      () => undefined,
    );
    tell(update('1'));
    tell(update('2'));
    vi.advanceTimersByTime(10);
    tell(update('3'));
    vi.advanceTimersByTime(100);
    expect(due).toEqual(['a']);
    expect(window.release('a').map(({ what }) => what)).toEqual(['3']);
    expect(window.release('a')).toEqual([]);
  });
});
