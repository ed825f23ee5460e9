import { answerCalls } from '../process/calls.js';
import { type Load, Publisher } from '../wire/load.js';
import { HttpPublisher, type PublisherTarget } from './http-publisher.js';

let connections: HttpPublisher[] = [];
const publisher = new Publisher((update, index) => connections[index]!.publish(update));

const handlers = {
  /** Opens the connections that a load may use. */
  connect: async ({ target, count }: { target: PublisherTarget; count: number }) => {
    for (const connection of connections) connection.close();
    connections = await Promise.all(Array.from({ length: count }, () => HttpPublisher.connect(target)));
  },
  run: (load: Load) => publisher.run(load),
};

export type PublisherHandlers = typeof handlers;
answerCalls(handlers);
