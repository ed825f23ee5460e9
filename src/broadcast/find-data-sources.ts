import type { ModulesContainer } from '@nestjs/core';
import type { DataSource } from 'typeorm';
import { MercureError } from '../errors.js';
import type { BroadcastDefaults } from './broadcast-options.js';

type Token = NonNullable<BroadcastDefaults['dataSources']>[number];

/**
 * The DataSources of a Nest application, told by their shape: TypeORM need not be installed, and several copies of it
 * may be.
 *
 * @param tokens the Nest tokens to follow; undefined follows all
 * @param option that has them, for messages
 * @throws MercureError OPTIONS_INVALID naming the token that provides no DataSource
 */
export function findDataSources(
  modules: ModulesContainer,
  tokens: readonly Token[] | undefined,
  option = 'broadcast.dataSources',
): DataSource[] {
  const found = new Map<unknown, DataSource>();
  for (const module of modules.values()) {
    for (const { token, instance } of module.providers.values()) {
      if (isDataSource(instance)) found.set(token, instance);
    }
  }
  const chosen = tokens?.map((token) => found.get(token) ?? refuse(token, option)) ?? found.values();
  return [...new Set(chosen)];
}

function isDataSource(value: unknown): value is DataSource {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const { isInitialized, entityMetadatas, subscribers, createQueryRunner } = value as Partial<DataSource>;
    return (
      typeof isInitialized === 'boolean' &&
      Array.isArray(entityMetadatas) &&
      Array.isArray(subscribers) &&
      typeof createQueryRunner === 'function'
    );
  } catch {
    // A provider whose getters do not like to be looked at is none.
    return false;
  }
}

function refuse(token: Token, option: string): never {
  const name = typeof token === 'function' ? token.name : String(token);
  const remedy = 'Name the token of a DataSource, getDataSourceToken() of @nestjs/typeorm, or leave it out.';
  throw new MercureError(
    'OPTIONS_INVALID',
    500,
    `Option "${option}": "${name}" provides no DataSource. ${remedy}`,
    remedy,
  );
}
