// A node of its own that joins the entries it reads, says so, and waits to be killed.
// node presence-node.mjs <compiled src/redis.js> <options as JSON>
import { text } from 'node:stream/consumers';

const [, , module, options] = process.argv;
const entries = JSON.parse(await text(process.stdin));
const { redis } = await import(module);
const transport = redis(JSON.parse(options));
await transport.start({ appended: () => undefined, gap: () => undefined });
const told = () => Promise.resolve();
const board = transport.openPresence({ lost: told, restored: told });
await board.join(entries);
process.stdout.write('joined\n');
setInterval(() => undefined, 1000);
