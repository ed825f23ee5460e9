// Runs an example by its name (`node run-example.mjs books`) from its sources, on the package's sources: no build has to come first, and none that another
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
  resolve: {
    alias: [
      { find: /^nestjs-mercure$/, replacement: `${root}src/index.ts` },
      { find: /^nestjs-mercure\//, replacement: `${root}src/` },
    ],
  },
  optimizeDeps: { noDiscovery: true },
});
await vite.ssrLoadModule(`/examples/${process.argv[2]}/src/main.ts`);
