import type { DataSource } from 'typeorm';
import { Book } from './book.entity.js';

const BOOKS = [
  { title: 'The Left Hand of Darkness', author: 'Ursula K. Le Guin' },
  { title: 'Solaris', author: 'Stanisław Lem' },
  { title: 'Kindred', author: 'Octavia E. Butler' },
];

/** Fills a new database, once: whoever removes every book finds none after a restart, either. */
export async function seed(dataSource: DataSource): Promise<void> {
  const [{ user_version: seeded }] =
    await dataSource.query<[{ user_version: number }]>('PRAGMA user_version');
  if (seeded) return;
  await dataSource.transaction(async (manager) => {
    await manager.save(Book, BOOKS);
    await manager.query('PRAGMA user_version = 1');
  });
}
