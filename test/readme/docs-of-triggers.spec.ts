import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type MigrationInterface } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { BroadcastService, MercureModule, MercureService } from '../../src/index.js';
import { POSTGRES_URL, postgresAnswers, query } from '../support/postgres.js';
import { readMarkdown, snippetsOf } from './markdown.js';
import { SnippetFiles } from './snippet-files.js';

interface Library {
  readonly Book: Type<{ id: number; title: string; secret: string | null }>;
  readonly TellBooks1700000000000: Type<MigrationInterface>;
}

const [snippet] = snippetsOf(readMarkdown('docs/broadcast.md')).filter(({ code }) =>
  code.includes('PostgresTriggerBroadcast'),
);
const schema = `docs_of_triggers_${process.pid}`;

/** What the application had before. */
class MakeBooks1600000000000 implements MigrationInterface {
  async up(runner: Parameters<MigrationInterface['up']>[0]): Promise<void> {
    await runner.query(
      `CREATE TABLE ${schema}.book (id serial PRIMARY KEY, title varchar NOT NULL, secret varchar)`,
    );
  }

  async down(): Promise<void> {
    // Not asked for.
  }
}

describe.skipIf(!(await postgresAnswers('test/readme/docs-of-triggers')))(
  'docs/broadcast.md, by triggers',
  () => {
    let files: SnippetFiles;

    beforeAll(async () => {
      files = await SnippetFiles.write([snippet!.code]);
      await query(`CREATE SCHEMA ${schema}`);
    });
    afterAll(async () => {
      await files?.remove();
      await query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    });

    it('compiles', { timeout: 120_000 }, () => {
      expect(files.complaints()).toEqual([]);
    });

    it('tells what raw SQL did, from the migration to the end of the application', async () => {
      const { Book, TellBooks1700000000000 } = await files.module<Library>(0);
      const database = TypeOrmModule.forRoot({
        type: 'postgres',
        url: POSTGRES_URL,
        schema,
        entities: [Book],
        migrations: [MakeBooks1600000000000, TellBooks1700000000000],
        migrationsRun: true,
      });
      const hub = MercureModule.forRoot({ anonymous: true, publicUrl: 'https://example.com' });
      const app = await Test.createTestingModule({ imports: [database, hub] }).compile();
      let closed = false;
      onTestFinished(async () => (closed ? undefined : app.close()));
      await app.init();
      const lines: string[] = [];
      app
        .get(MercureService)
        .updates$.subscribe(({ topics, data }) =>
          lines.push(`${topics[0]!.replace('https://example.com', '')} ${data}`),
        );
      const dataSource = app.get(DataSource);
      await query(`INSERT INTO ${schema}.book (title, secret) VALUES ('Dune', 'hush')`);
      await app.get(BroadcastService).flush();
      expect(lines).toEqual(['/books/1 {"id":1,"title":"Dune"}']);
      await dataSource.manager.save(Book, { id: 1, title: 'Dune Messiah' });
      await query(`DELETE FROM ${schema}.book`);
      await app.close();
      closed = true;
      expect(lines.slice(1)).toEqual([
        '/books/1 {"id":1,"title":"Dune Messiah"}',
        '/books/1 {"@id":"https://example.com/books/1","@type":"Book","id":1,"deleted":true}',
      ]);
    });
  },
);
