import { describe, expect, it } from 'vitest';
import { nearestName } from '../../src/options/nearest-name.js';

const KNOWN = ['path', 'publicUrl', 'publicUrls', 'publisher'];

describe('the nearest name', () => {
  it.each([
    ['paht', 'path', 2],
    ['Path', 'path', 0],
    ['publicUrl', 'publicUrl', 0],
    ['publicurlss', 'publicUrls', 1],
    ['publicher', 'publisher', 1],
    ['', 'path', 4],
  ])('of "%s" is "%s", %i edits away', (unknown, name, edits) => {
    expect(nearestName(unknown, KNOWN)).toEqual({ name, edits });
  });

  it('is nothing where nothing is known', () => {
    expect(nearestName('path', [])).toBeUndefined();
  });
});
