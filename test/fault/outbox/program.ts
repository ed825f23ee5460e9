// An application that broadcasts, by outbox unless it is told otherwise, as a process that may be killed or be one of several.
import 'reflect-metadata';
import { Controller, Inject, Module, Param, Post, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { BroadcastService } from '../../../src/broadcast/broadcast.service.js';
import { MercureModule } from '../../../src/mercure.module.js';
import { MercureService } from '../../../src/mercure.service.js';
import { memory } from '../../../src/transport/memory-transport.js';
import { redis } from '../../../src/transport/redis/redis-transport.js';
import type { Transport } from '../../../src/transport/transport.js';
import { typeOrm } from '../../../src/transport/typeorm/type-orm.js';
import { REDIS_URL } from '../../support/redis.js';
import { databaseAt } from './database.js';
import { type CommitMoment, die, dieAtCommit } from './failpoint.js';
import { Noise, Step } from './rows.js';

const { DATABASE = '', TRANSPORT = 'memory', PREFIX = '', DELIVERY = 'outbox' } = process.env;
const transport = transportOf(TRANSPORT);

function transportOf(name: string): Transport {
  if (name === 'log') return typeOrm({ dataSource: DataSource, migrate: true });
  return name === 'redis' ? redis({ url: REDIS_URL, prefix: PREFIX }) : memory();
}

@Controller()
class StepsController {
  #noise: Promise<unknown> | undefined;
  #isQuiet = false;

  constructor(
    @Inject(getDataSourceToken()) private readonly dataSource: DataSource,
    @Inject(MercureService) private readonly mercure: MercureService,
    @Inject(BroadcastService) private readonly broadcasts: BroadcastService,
  ) {}

  /** Two rows in a transaction, the second in a savepoint. The process may not survive it. */
  @Post('write/:title')
  async write(@Param('title') title: string, @Query('die') moment?: CommitMoment | 'published') {
    const runner = this.dataSource.createQueryRunner();
    if (moment === 'published') dieWhenPublished();
    else if (moment) await dieAtCommit(runner, moment);
    await runner.startTransaction();
    await runner.manager.save(Step, { title: `${title}/1` });
    await runner.manager.transaction((inner) => inner.save(Step, { title: `${title}/2` }));
    await runner.commitTransaction();
    await runner.release();
  }

  /** One row. The answer comes after the commit. */
  @Post('step/:title')
  async step(@Param('title') title: string) {
    await this.dataSource.manager.save(Step, { title });
  }

  /** Writers that commit whenever they like. */
  @Post('noise/:writers')
  begin(@Param('writers') writers: string) {
    const write = async (writer: number): Promise<void> => {
      for (let count = 0; !this.#isQuiet; count++) {
        await this.dataSource.manager.save(Noise, { title: `${process.pid}/${writer}/${count}` });
      }
    };
    this.#noise = Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
  }

  @Post('quiet')
  async quiet() {
    this.#isQuiet = true;
    await this.#noise;
  }

  /** Everything committed so far has been told when this update is. */
  @Post('settle/:name')
  async settle(@Param('name') name: string) {
    await this.broadcasts.flush();
    await this.fence(name);
  }

  /** What was handed to the hub before this update has been told when it is. */
  @Post('fence/:name')
  async fence(@Param('name') name: string) {
    await this.mercure.publish({ topic: 'https://example.com/settled', data: JSON.stringify(name) });
  }
}

/** The hub has stored what it was given next; whoever gave it does not hear of it any more. */
function dieWhenPublished(): void {
  const append = transport.append.bind(transport);
  transport.append = (...updates) => append(...updates).finally(die);
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...databaseAt(DATABASE), synchronize: true }),
    MercureModule.forRoot({
      anonymous: true,
      publicUrl: 'https://example.com',
      transport,
      broadcast: DELIVERY === 'memory' ? {} : { delivery: 'outbox', outbox: { migrate: true } },
    }),
  ],
  controllers: [StepsController],
})
class ProgramModule {}

const app = await NestFactory.create(ProgramModule, { logger: ['error'], abortOnError: false });
await app.listen(0, '127.0.0.1');
console.log(`listening ${await app.getUrl()}`);
