import { invalidTransport } from './store-fault.js';

/**
 * @param found undefined: there are no tables
 * @throws MercureError TRANSPORT_INVALID where the tables are not there, or others than this package makes
 */
export function checkSchemaVersion(found: number | undefined, known: number, table: string): void {
  if (found === known) return;
  if (found === undefined) {
    throw invalidTransport(
      `The tables of the typeorm transport are not there (${table})`,
      'Set "migrate: true", and the hub makes them when it starts; or run the migration MercureTables1764201600000 of nestjs-mercure/typeorm.',
    );
  }
  throw invalidTransport(
    `The tables of the typeorm transport (${table}) have version ${found}, and this package knows ${known}`,
    `Use the version of nestjs-mercure that made them, or another prefix.`,
  );
}
