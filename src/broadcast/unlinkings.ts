import type { AfterQueryEvent, EntityMetadata, ObjectLiteral } from 'typeorm';
import { dataSourceOf } from './data-source-of.js';

/** A statement that was sent. */
export type Statement = Pick<AfterQueryEvent, 'query' | 'parameters' | 'success'>;

/**
 * Rows of junction tables that one connection deletes without its events naming them: what `relation().of().remove()`
 * removes, only its statement says. Between an event and its statement others may come on a connection that is shared.
 */
export class Unlinkings {
  readonly #announced: EntityMetadata[] = [];
  #found: { readonly junction: EntityMetadata; readonly rows: readonly ObjectLiteral[] }[] = [];

  /** Rows of a junction table are about to be deleted. */
  announce(junction: EntityMetadata): void {
    this.#announced.push(junction);
  }

  /** A statement was sent, perhaps one that was announced. */
  sent({ query, parameters, success }: Statement): void {
    for (const [index, junction] of this.#announced.entries()) {
      const rows = unlinkedRows(junction, query, Array.isArray(parameters) ? parameters : []);
      if (!rows) continue;
      this.#announced.splice(index, 1);
      if (success) this.#found.push({ junction, rows });
      return;
    }
  }

  /**
   * Rows of a junction table have been deleted.
   *
   * @returns which they are; undefined where the statement did not say, none where an event before has taken them
   */
  take(junction: EntityMetadata): readonly ObjectLiteral[] | undefined {
    const found = this.#found.filter((each) => each.junction === junction);
    this.#found = this.#found.filter((each) => each.junction !== junction);
    const unsaid = this.#announced.indexOf(junction);
    if (unsaid >= 0) this.#announced.splice(unsaid, 1);
    if (unsaid >= 0 && found.length === 0) return undefined;
    return found.flatMap(({ rows }) => rows);
  }
}

/** The rows that a statement of the form TypeORM gives it deletes; undefined for any other statement. */
function unlinkedRows(
  junction: EntityMetadata,
  query: string,
  parameters: readonly unknown[],
): ObjectLiteral[] | undefined {
  const { driver } = dataSourceOf(junction);
  const table = junction.tablePath.split('.').map((name) => driver.escape(name));
  const head = `DELETE FROM ${table.join('.')} WHERE `;
  if (!query.startsWith(head)) return undefined;
  const columns = [...junction.ownerColumns, ...junction.inverseColumns].map((column) => ({
    column,
    term: `${driver.escape(column.databaseName)} = `,
  }));
  let placeholders = 0;
  /** Undefined is no value; numbers may stand in the text. */
  const valueOf = (text: string): unknown => {
    if (text === '?') return parameters[placeholders++];
    const [, dollar, digits] = /^(\$?)(-?\d+)$/.exec(text) ?? [];
    return dollar ? parameters[Number(digits) - 1] : digits && Number(digits);
  };
  const rows: ObjectLiteral[] = [];
  for (const condition of query.slice(head.length).split(' OR ')) {
    const terms = condition.slice(1, -1).split(' AND ');
    if (condition !== `(${terms.join(' AND ')})` || terms.length !== columns.length) return undefined;
    const row: ObjectLiteral = {};
    for (const [index, { column, term }] of columns.entries()) {
      const value = terms[index]?.startsWith(term) ? valueOf(terms[index].slice(term.length)) : undefined;
      if (value === undefined || value === '') return undefined;
      column.setEntityValue(row, value);
    }
    rows.push(row);
  }
  return rows;
}
