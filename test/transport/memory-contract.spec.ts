import { describe, it } from 'vitest';
import { memory, type MemoryTransportOptions } from 'nestjs-mercure';
import { transportContract } from 'nestjs-mercure/testing';
import { named } from '../support/named.js';

const contract = transportContract<MemoryTransportOptions>({
  nodes: 'one',
  durability: 'process',
  abilities: ['once', 'retained'],
  makeStore: (bounds) => Promise.resolve({ maxUpdates: 50_000, ...bounds }),
  open: (bounds) => memory(bounds),
  dropStore: () => Promise.resolve(),
});

describe('the memory transport', () => {
  it.each(named(contract))('%s', (_, { run }) => run());
});
