import 'reflect-metadata';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import Database from 'libsql';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { Broadcast, BroadcastService, MercureModule } from 'nestjs-mercure';
import { Column, type DataSource, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import { answerCalls } from '../process/calls.js';
import { DATA_BYTES } from '../wire/payload.js';

/** Rows of a transaction. */
const PER_TRANSACTION = 100;

/** A row like many: columns of an ordinary table, and some text. */
class Note {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @Column({ type: 'text' })
  text!: string;

  @Column({ type: 'boolean', default: false })
  done!: boolean;

  @UpdateDateColumn()
  updatedAt!: Date;
}

@Entity('note')
class PlainNote extends Note {}

@Broadcast({ topic: '/notes/{id}' })
@Entity('note')
class ToldNote extends Note {}

/** Milliseconds: of all cores, and of the clock. */
interface Spent {
  readonly cpu: number;
  readonly elapsed: number;
}

let app: INestApplication | undefined;
let directory = '';

const handlers = {
  /** Starts an application whose notes are told, or one without a hub; answers where its hub is. */
  start: async ({ isTold }: { isTold: boolean }) => {
    directory = mkdtempSync(join(tmpdir(), 'bench-broadcast-'));
    const database = TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      driver: Database,
      database: join(directory, 'notes.db'),
      enableWAL: true,
      entities: [isTold ? ToldNote : PlainNote],
      synchronize: true,
    });
    const hub = MercureModule.forRoot({ anonymous: true, publicUrl: 'https://example.com' });
    @Module({ imports: isTold ? [database, hub] : [database] })
    class NotesModule {}
    app = await NestFactory.create(NotesModule, { logger: false });
    await app.listen(0, '127.0.0.1');
    return `${await app.getUrl()}/.well-known/mercure`;
  },

  /** Saves new rows one after another, each by itself, until what is told of them is with the hub. */
  save: (count: number) =>
    spentOn(async ({ manager, entity }) => {
      for (let index = 0; index < count; index++) {
        await manager.save(entity, note(index));
        // As between two requests; SQLite alone never gives up its turn, and whoever follows would be told at the end.
        await endOfTurn();
      }
    }),

  /** The same in transactions of a hundred. */
  saveInTransactions: (count: number) =>
    spentOn(async (notes) => {
      for (let done = 0; done < count; done += PER_TRANSACTION) {
        await notes.dataSource.transaction(async (manager) => {
          for (let index = 0; index < PER_TRANSACTION; index++) await manager.save(notes.entity, note(index));
        });
        await endOfTurn();
      }
    }),

  stop: async () => {
    await app?.close();
    rmSync(directory, { recursive: true, force: true });
  },
};

interface Notes {
  readonly dataSource: DataSource;
  readonly manager: DataSource['manager'];
  readonly entity: typeof Note;
}

async function spentOn(work: (notes: Notes) => Promise<void>): Promise<Spent> {
  const dataSource = app!.get<DataSource>(getDataSourceToken());
  const entity = dataSource.hasMetadata(ToldNote) ? ToldNote : PlainNote;
  const broadcasts = entity === ToldNote ? app!.get(BroadcastService) : undefined;
  globalThis.gc!();
  const before = process.cpuUsage();
  const started = performance.now();
  await work({ dataSource, manager: dataSource.manager, entity });
  await broadcasts?.flush();
  const elapsed = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1000, elapsed };
}

function note(index: number): Partial<Note> {
  return { title: `note ${index}`, text: 'x'.repeat(DATA_BYTES) };
}

export type BroadcastHandlers = typeof handlers;
answerCalls(handlers);
