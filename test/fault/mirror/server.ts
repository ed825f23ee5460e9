// The application that is mirrored, as a process of its own: its database, its hub, and its workload.
import 'reflect-metadata';
import {
  Controller,
  Get,
  Inject,
  InternalServerErrorException,
  Module,
  Param,
  Post,
  Query,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { BroadcastService } from '../../../src/broadcast/broadcast.service.js';
import { MercureModule } from '../../../src/mercure.module.js';
import { MercureService } from '../../../src/mercure.service.js';
import { MercureResource } from '../../../src/resource/mercure-resource.decorator.js';
import { memory } from '../../../src/transport/memory-transport.js';
import { typeOrm } from '../../../src/transport/typeorm/type-orm.js';
import { mirroredDatabase } from './database.js';
import { Book } from './book.js';
import { sabotaged } from './sabotage.js';
import { Workload } from './workload.js';

const { DATABASE = '', DELIVERY = 'memory', TRANSPORT = 'memory', PORT = '0' } = process.env;
const sabotage = sabotaged(
  TRANSPORT === 'memory' ? memory() : typeOrm({ dataSource: DataSource, migrate: true }),
);

@Controller()
class BooksController {
  constructor(
    @Inject(getDataSourceToken()) private readonly dataSource: DataSource,
    @Inject(MercureService) private readonly mercure: MercureService,
    @Inject(BroadcastService) private readonly broadcasts: BroadcastService,
  ) {}

  @Get('books')
  @MercureResource({ entity: Book, collection: true })
  list() {
    return this.dataSource.manager.find(Book, { order: { id: 'ASC' } });
  }

  @Post('work')
  async work(@Query() { seed, from, to, parallel }: Record<string, string>) {
    const workload = new Workload({
      dataSource: this.dataSource,
      seed: Number(seed),
      parallel: Number(parallel),
    });
    await workload.run(Number(from), Number(to)).catch((error: unknown) => {
      throw new InternalServerErrorException(String(error));
    });
  }

  /** The next update, or the next two, do not reach the streams as they should. */
  @Post('sabotage/:kind')
  async break(@Param('kind') kind: 'drop' | 'swap') {
    const book = await this.dataSource.manager.save(Book, { title: 'before', code: `sabotage-${kind}` });
    await this.settle('before');
    sabotage.arm(kind);
    await this.dataSource.manager.save(Book, { id: book.id, title: 'first' });
    if (kind === 'swap') await this.dataSource.manager.save(Book, { id: book.id, title: 'second' });
    await this.broadcasts.flush();
  }

  /** Everything written so far has been told when this update is. */
  @Post('settle/:name')
  async settle(@Param('name') name: string) {
    await this.broadcasts.flush();
    await this.mercure.publish({ topic: 'https://example.com/settled', data: name });
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...mirroredDatabase(DATABASE), entities: [Book], synchronize: true }),
    MercureModule.forRoot({
      anonymous: true,
      publicUrl: 'https://example.com',
      transport: sabotage.transport,
      heartbeatMs: 1000,
      broadcast:
        DELIVERY === 'outbox'
          ? // An autocommit write that is killed before its outbox row is written is told to nobody.
            { delivery: 'outbox', outbox: { wrapAutocommit: true } }
          : { delivery: 'memory' },
    }),
  ],
  controllers: [BooksController],
})
class MirrorModule {}

const app = await NestFactory.create(MirrorModule, { logger: ['error'], abortOnError: false });
await app.listen(Number(PORT), '127.0.0.1');
console.log(`listening ${await app.getUrl()}`);
