import { StoreFault } from '../store-fault.js';

/** It is what was sent, and would be refused again. */
const DATA = new Set([
  'ER_DATA_TOO_LONG',
  'ER_NET_PACKET_TOO_LARGE',
  'ER_TRUNCATED_WRONG_VALUE',
  'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
  'ER_WARN_DATA_OUT_OF_RANGE',
  'ER_TOO_BIG_ROWSIZE',
]);

const ENDED = new Set([
  'ER_SERVER_SHUTDOWN',
  'ER_QUERY_INTERRUPTED',
  'ER_CONNECTION_KILLED',
  'ER_NET_READ_ERROR',
]);

/** What an error of the driver means. Its own message is told where it is the server's, and never holds settings. */
export function mysqlFault(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const { code = '', message = '', fatal } = error as { code?: string; message?: string; fatal?: boolean };
  const cause = { cause: error };
  if (DATA.has(code)) return new StoreFault('data', message, cause);
  if (!code.startsWith('ER_')) {
    const reason = code === '' ? 'the connection fails' : `the connection fails (${code})`;
    return new StoreFault('lost', reason, cause);
  }
  return new StoreFault(fatal || ENDED.has(code) ? 'lost' : 'away', message, cause);
}
