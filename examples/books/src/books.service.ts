import { Injectable, NotFoundException, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type BookInput, bookFrom } from './book-input.js';
import { Book } from './book.entity.js';
import { seed } from './seed.js';
import { Turns } from './turns.js';

/** Reads and writes books. Not a word about updates here: `@Broadcast()` on the entity is all it takes. */
@Injectable()
export class BooksService implements OnApplicationBootstrap {
  // TypeORM has one connection to a SQLite file: without turns, a request could find itself inside the transaction of
  // another one and be rolled back with it, or read what is about to be. PostgreSQL needs none of this.
  private readonly turns = new Turns();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): Promise<void> {
    return this.turns.take(() => seed(this.dataSource));
  }

  all(): Promise<Book[]> {
    return this.turns.take(() => this.manager.find(Book, { order: { id: 'ASC' } }));
  }

  one(id: number): Promise<Book> {
    return this.turns.take(() => this.find(id));
  }

  add(book: BookInput): Promise<Book> {
    return this.turns.take(() => this.manager.save(Book, book));
  }

  /** Writes all books or, where one of them is none, not a single one. */
  addAll(books: readonly unknown[]): Promise<Book[]> {
    return this.turns.take(() =>
      this.dataSource.transaction(async (manager) => {
        const saved: Book[] = [];
        // A book that cannot be written shows only when its turn comes: what was written before is rolled back.
        for (const book of books) saved.push(await manager.save(Book, bookFrom(book)));
        return saved;
      }),
    );
  }

  change(id: number, changes: Partial<BookInput>): Promise<Book> {
    return this.turns.take(async () => this.manager.save(Object.assign(await this.find(id), changes)));
  }

  remove(id: number): Promise<void> {
    return this.turns.take(async () => {
      await this.manager.remove(await this.find(id));
    });
  }

  private async find(id: number): Promise<Book> {
    const book = await this.manager.findOneBy(Book, { id });
    if (!book) throw new NotFoundException(`There is no book ${id}`);
    return book;
  }

  private get manager(): EntityManager {
    return this.dataSource.manager;
  }
}
