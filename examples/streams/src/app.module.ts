import { Module } from '@nestjs/common';
import { MercureModule } from 'nestjs-mercure';
import { NodesController } from './nodes.controller.js';
import { ReportsController } from './reports.controller.js';

@Module({
  imports: [
    MercureModule.forRoot({
      anonymous: true,
      // A key of your own, in earnest: whoever knows it may publish.
      publisher: {
        key: process.env['MERCURE_PUBLISHER_JWT_KEY'] || 'a secret of this example, known to all',
      },
      // Pages of any origin may follow the hub.
      corsOrigins: ['*'],
    }),
  ],
  controllers: [NodesController, ReportsController],
})
export class AppModule {}
