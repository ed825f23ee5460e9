export { typeOrm, type TypeOrmTransport } from './transport/typeorm/type-orm.js';
export type { TypeOrmTransportOptions } from './transport/typeorm/options.js';
