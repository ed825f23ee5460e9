import { StoreFault } from '../store-fault.js';

/** By class of SQLSTATE: it is what was sent, and would be refused again. */
const DATA_CLASSES = new Set(['22', '23', '54']);

/** A server that ended the connection in the middle of a statement says these; what it did before is not known. */
const ENDED = new Set(['57P01', '57P02', '57P05', '25P03']);

/** What an error of the driver means. Its own message is told where it is the server's, and never holds settings. */
export function postgresFault(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const cause = { cause: error };
  if (!/^[0-9A-Z]{5}$/.test(code)) return new StoreFault('lost', connectionReason(code, message), cause);
  if (DATA_CLASSES.has(code.slice(0, 2))) return new StoreFault('data', message, cause);
  if (ENDED.has(code) || code.startsWith('08')) return new StoreFault('lost', message, cause);
  return new StoreFault('away', message, cause);
}

/** A code of Node's, or the driver's own words. */
function connectionReason(code: string, message: string): string {
  if (code !== '') return `the connection fails (${code})`;
  return /terminated|timeout|ended|closed/i.test(message)
    ? 'the connection was lost'
    : 'the connection fails';
}
