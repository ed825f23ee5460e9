import { Module } from '@nestjs/common';
import { MercureModule } from 'nestjs-mercure';
import { redis } from 'nestjs-mercure/redis';
import { typeOrm } from 'nestjs-mercure/typeorm';
import { MessagesController } from './messages.controller.js';
import { NodesController } from './nodes.controller.js';
import { nodes, port, storeUrl } from './settings.js';

@Module({
  imports: [
    // The same store on every node is all it takes: they are one hub.
    MercureModule.forRoot({
      publicUrl: `http://localhost:${port}`,
      anonymous: true,
      // The page comes from one node and follows another.
      corsOrigins: nodes,
      transport: storeUrl.startsWith('redis') ? redis({ url: storeUrl }) : typeOrm({ url: storeUrl }),
    }),
  ],
  controllers: [MessagesController, NodesController],
})
export class AppModule {}
