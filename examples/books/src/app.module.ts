import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import Database from 'libsql';
import { MercureModule } from 'nestjs-mercure';
import { Book } from './book.entity.js';
import { BooksController } from './books.controller.js';
import { BooksService } from './books.service.js';
import { database, publicUrl, publisherKey } from './settings.js';

@Module({
  imports: [
    // libsql is SQLite with the API of better-sqlite3, and needs no compiler to install. An application that is in
    // use has migrations in place of `synchronize`.
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      driver: Database,
      database,
      enableWAL: true,
      entities: [Book],
      synchronize: true,
    }),
    MercureModule.forRoot({
      publicUrl,
      anonymous: true,
      publisher: publisherKey ? { key: publisherKey } : undefined,
    }),
  ],
  controllers: [BooksController],
  providers: [BooksService],
})
export class AppModule {}
