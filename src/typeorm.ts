export { typeOrm, type TypeOrmTransport } from './transport/typeorm/type-orm.js';
export type { TypeOrmTransportOptions } from './transport/typeorm/options.js';
export type { TypeOrmTransportStats } from './transport/typeorm/sql-transport.js';
export { MercureTables1764201600000 } from './transport/typeorm/migration.js';
