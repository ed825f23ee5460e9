import type { Worker } from 'node:cluster';
import type { Line } from '../transport/workers/messages.js';

/** A message between the processes of one hub; others are node:cluster's own business. */
interface Carried<T> {
  readonly mercure: T;
}

/** The line to a worker, on the channel that node:cluster has anyway. */
export function lineTo<In, Out>(worker: Worker): Line<In, Out> {
  return {
    send: (message) => {
      if (worker.isConnected()) worker.send({ mercure: message }, ignoreClosed);
    },
    onMessage: (take) => worker.on('message', (message: Partial<Carried<In>>) => takeOurs(message, take)),
    onClosed: (closed) => worker.on('disconnect', closed),
  };
}

/** The line to the primary. It closes with the process: node:cluster ends workers whose primary is gone. */
export function lineToPrimary<In, Out>(): Line<In, Out> {
  return {
    send: (message) => {
      if (process.connected) process.send!({ mercure: message }, undefined, undefined, ignoreClosed);
    },
    onMessage: (take) => process.on('message', (message: Partial<Carried<In>>) => takeOurs(message, take)),
    onClosed: (closed) => process.on('disconnect', closed),
  };
}

function takeOurs<T>(message: Partial<Carried<T>>, take: (message: T) => void): void {
  if (message.mercure !== undefined) take(message.mercure);
}

/** Without a callback an error of a channel that closes would be an event nobody hears: an exception. */
function ignoreClosed(): void {}
