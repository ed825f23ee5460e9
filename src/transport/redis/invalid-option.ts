import { MercureError } from '../../errors.js';

/** @param fault the end of "redis({ name }) …"; no values, the URL holds a password */
export function invalidOption(name: string, fault: string, remedy: string): MercureError {
  return new MercureError(
    'OPTIONS_INVALID',
    500,
    `Invalid option redis({ ${name} }): it ${fault}. ${remedy}`,
    remedy,
  );
}
