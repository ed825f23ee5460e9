// Runs the books example from its sources, on the package's sources: no build has to come first, and none that another
// suite makes meanwhile is in the way. The built example is what `npm start` runs, and its smoke test.
import { fileURLToPath } from 'node:url';
import { createViteServer } from 'vitest/node';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const vite = await createViteServer({
  root,
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  resolve: { alias: { 'nestjs-mercure': `${root}src/index.ts` } },
  optimizeDeps: { noDiscovery: true },
});
await vite.ssrLoadModule('/examples/books/src/main.ts');
