// A node of its own that joins the entries it reads, says so, and waits to be killed.
// node presence-node.mjs <compiled entry> <its function> <options as JSON>
import { text } from 'node:stream/consumers';

const [, , module, name, options] = process.argv;
const entries = JSON.parse(await text(process.stdin));
const { [name]: make } = await import(module);
const transport = make(JSON.parse(options));
await transport.start({ appended: () => undefined, gap: () => undefined });
const told = () => Promise.resolve();
const board = transport.openPresence({ lost: told, restored: told });
await board.join(entries);
process.stdout.write('joined\n');
setInterval(() => undefined, 1000);
