/** Rows for `it.each` with `%s` as their promise: unlike `$promise` it is neither quoted nor cut short. */
export function named<Row extends { readonly promise: string }>(rows: readonly Row[]): [string, Row][] {
  return rows.map((row) => [row.promise, row]);
}
