import { MercureError } from '../../errors.js';

/** @param fault the end of "typeOrm({ name }) …"; no values, a URL holds a password */
export function invalidOption(name: string, fault: string, remedy: string): MercureError {
  return new MercureError(
    'OPTIONS_INVALID',
    500,
    `Invalid option typeOrm({ ${name} }): it ${fault}. ${remedy}`,
    remedy,
  );
}
