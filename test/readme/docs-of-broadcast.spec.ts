import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, Entity, type EntityManager, PrimaryGeneratedColumn } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  Broadcast,
  type BroadcastOptions,
  BroadcastService,
  MercureModule,
  MercureService,
} from '../../src/index.js';
import { Libsql } from '../support/libsql.js';
import { POSTGRES_URL, postgresAnswers, query } from '../support/postgres.js';
import { readMarkdown, snippetsOf, tableRows } from './markdown.js';
import { SnippetFiles } from './snippet-files.js';

/** What the declarations of docs/broadcast.md stand on. */
const SURROUNDINGS = `
import { Broadcast } from 'nestjs-mercure';
import { Column, DeleteDateColumn, Entity, JoinTable, ManyToMany, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';

@Broadcast()
@Entity()
export class Author {
  @PrimaryGeneratedColumn() id!: number;
}

@Entity()
export class Tag {
  @PrimaryGeneratedColumn() id!: number;
}
`;
const BOOK = `
@Entity()
export class Book {
  @PrimaryGeneratedColumn() id!: number;
  @Column('varchar') title!: string;
  @Column('varchar', { default: '1' }) isbn!: string;
  @Column('varchar', { default: '' }) place!: string;
  @Column('boolean', { default: true }) published!: boolean;
  @ManyToOne(() => Author) author!: Author;
  @ManyToMany(() => Tag) @JoinTable() tags!: Tag[];
  @DeleteDateColumn({ nullable: true }) deletedAt!: Date | null;
}
`;

interface Book {
  id: number;
  title: string;
  place: string;
  published: boolean;
  author: object;
  tags: object[];
}
interface Library {
  readonly Author: Type<{ id: number }>;
  readonly Tag: Type<{ id: number }>;
  readonly Book: Type<Book>;
}

/** All options of a declaration: the compiler knows. */
const OPTIONS = {
  by: true,
  topic: true,
  collection: true,
  private: true,
  on: true,
  create: true,
  update: true,
  delete: true,
  softDelete: true,
  recover: true,
  inverse: true,
  touch: true,
  relations: true,
  payload: true,
  serialize: true,
  groups: true,
  jsonLd: true,
  windowMs: true,
  maxWaitMs: true,
  bulk: true,
  type: true,
} satisfies Record<keyof BroadcastOptions, true>;

const declarations = snippetsOf(readMarkdown('docs/broadcast.md'))
  .filter(({ language, code }) => language === 'ts' && code.startsWith('@Broadcast'))
  .map(({ code }) => code);

describe('docs/broadcast.md', () => {
  let files: SnippetFiles;

  beforeAll(async () => {
    files = await SnippetFiles.write(declarations.map((code) => SURROUNDINGS + code + BOOK));
  });

  afterAll(() => files?.remove());

  /** What is told while the work is done with books of the nth declaration, as `topics: data`. */
  async function told(
    index: number,
    work: (manager: EntityManager, library: Library) => Promise<unknown>,
  ): Promise<string[]> {
    const library = await files.module<Library>(index);
    const database = TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      driver: Libsql,
      database: ':memory:',
      entities: [library.Author, library.Tag, library.Book],
      synchronize: true,
    });
    const hub = MercureModule.forRoot({ anonymous: true, publicUrl: 'https://example.com' });
    const app = await Test.createTestingModule({ imports: [database, hub] }).compile();
    onTestFinished(() => app.close());
    await app.init();
    const lines: string[] = [];
    app
      .get(MercureService)
      .updates$.subscribe(({ topics, data }) =>
        lines.push(`${topics.map((topic) => topic.replace('https://example.com', '')).join(' ')}: ${data}`),
      );
    await work(app.get(DataSource).manager, library);
    await app.get(BroadcastService).flush();
    return lines;
  }

  it('compiles', { timeout: 120_000 }, () => {
    expect(declarations).toHaveLength(3);
    expect(files.complaints()).toEqual([]);
  });

  it('Topics: a template over a foreign key, a function, and the collection', async () => {
    const lines = await told(0, async (manager, { Author, Book }) => {
      const author = await manager.save(Author, {});
      await manager.save(Book, { title: 'Dune', author });
    });
    expect(lines[1]).toMatch(/^\/users\/1\/books\/1 \/isbn\/1 \/books: \{"id":1,"title":"Dune"/);
  });

  it('Which changes are told: conditions and columns', async () => {
    const lines = await told(1, async (manager, { Book }) => {
      await manager.save(Book, { title: 'a draft', published: false });
      const book = await manager.save(Book, { title: 'Dune' });
      await manager.save(Book, { id: book.id, place: 'Arrakis' });
      await manager.save(Book, { id: book.id, title: 'Dune Messiah' });
      await manager.softRemove(await manager.findOneByOrFail(Book, { id: book.id }));
    });
    expect(lines.map((line) => /"title":"([^"]+)"/.exec(line)?.[1])).toEqual(['Dune', 'Dune Messiah']);
  });

  it('Relations: the author is told of a book, and a book of its tags', async () => {
    const lines = await told(2, async (manager, { Author, Tag, Book }) => {
      const author = await manager.save(Author, {});
      const tag = await manager.save(Tag, {});
      const book = await manager.save(Book, { title: 'Dune', author });
      await manager.save(Book, { id: book.id, tags: [tag] });
    });
    const topics = lines.map((line) => line.split(': ')[0]);
    expect(topics).toEqual(['/authors/1', '/books/1', '/authors/1', '/books/1', '/authors/1']);
  });
});

describe('docs/broadcast.md', () => {
  it('names every option, and no other, where there is a section of it', () => {
    const [, section] = /^## Options\n(.*?)^## /ms.exec(readMarkdown('docs/broadcast.md'))!;
    const rows = tableRows(section!).filter(([name]) => name!.startsWith('`'));
    expect(rows.map(([name]) => name!.slice(1, -1)).toSorted()).toEqual(Object.keys(OPTIONS).toSorted());
  });
});

describe.skipIf(!(await postgresAnswers('test/readme/docs-of-broadcast')))('docs/broadcast.md, a log', () => {
  const name = `docs_of_broadcast_${process.pid}`;
  let files: SnippetFiles;

  beforeAll(async () => {
    const [snippet] = snippetsOf(readMarkdown('docs/broadcast.md')).filter(({ code }) =>
      code.includes('typeOrm({'),
    );
    files = await SnippetFiles.write([snippet!.code]);
    await query(`CREATE DATABASE ${name}`);
  });
  afterAll(async () => {
    await files?.remove();
    await query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    delete process.env['DATABASE_URL'];
  });

  it('compiles', { timeout: 120_000 }, () => {
    expect(files.complaints()).toEqual([]);
  });

  it('is what the application has, with tables of its own and no outbox', { timeout: 120_000 }, async () => {
    @Broadcast()
    @Entity()
    class Letter {
      @PrimaryGeneratedColumn()
      id!: number;
    }
    const url = new URL(POSTGRES_URL);
    url.pathname = name;
    process.env['DATABASE_URL'] = url.href;
    const AppModule = await files.exported<Type>('AppModule');
    const imports = [AppModule, TypeOrmModule.forFeature([Letter])];
    const app = await Test.createTestingModule({ imports }).compile();
    onTestFinished(() => app.close());
    await app.init();
    const told: string[] = [];
    app.get(MercureService).updates$.subscribe(({ data }) => told.push(data));
    const dataSource = app.get(DataSource);
    await dataSource.query('CREATE TABLE letter (id serial PRIMARY KEY)');
    await dataSource.manager.insert(Letter, {});
    await expect.poll(() => told, { timeout: 60_000 }).toEqual(['{"id":1}']);
    const tables = await dataSource.query<{ name: string }[]>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    const names = tables.map((table) => table.name);
    expect(names).toContain('mercure_update');
    expect(names).not.toContain('mercure_outbox');
  });
});

describe.each(['docs/transports.md', 'docs/redis.md'])('%s', (path) => {
  it('has TypeScript that compiles and is a module', { timeout: 120_000 }, async () => {
    const [code] = snippetsOf(readMarkdown(path)).flatMap((one) => (one.language === 'ts' ? one.code : []));
    const files = await SnippetFiles.write([code!]);
    onTestFinished(() => files.remove());
    expect(files.complaints()).toEqual([]);
    expect(await files.exported('AppModule')).toBeTypeOf('function');
  });
});
