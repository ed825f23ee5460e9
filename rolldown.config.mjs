// The program in one file: dist/main.js, as tsc compiled it, with Nest and the Fastify adapter inside, so that the
// package depends on no platform. Part of `npm run build`; `HUB_DIST` is the compiled directory, for tests.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { resolve } from 'node:path';
import { bundledLicenses } from './scripts/bundled-licenses.mjs';

const dist = resolve(import.meta.dirname, process.env.HUB_DIST ?? 'dist');

const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, 'package.json'), 'utf8'));

/** What Nest and Fastify load when it is there, and the engines of transports, loaded when they are chosen. */
const LOADED_AT_RUN_TIME = [
  /^class-(?:transformer|validator)(?:\/|$)/,
  /^@nestjs\/(?:microservices|platform-express|websockets)(?:\/|$)/,
  /^@fastify\/(?:multipart|static|view)$/,
  /^(?:@nestjs\/)?typeorm$/,
  /^ioredis$/,
];

export default {
  input: resolve(dist, 'main.js'),
  platform: 'node',
  external: [...LOADED_AT_RUN_TIME, ...builtinModules, /^node:/],
  transform: { define: { PACKAGE_VERSION: JSON.stringify(version) } },
  plugins: [bundledLicenses('standalone.licenses.txt')],
  // Where something new is not found, the build fails: the file must start beside nothing.
  onLog(level, log, handler) {
    handler(log.code === 'UNRESOLVED_IMPORT' ? 'error' : level, log);
  },
  output: {
    file: resolve(dist, 'standalone.js'),
    format: 'esm',
    codeSplitting: false,
    // Names of classes are how Nest and stack traces tell them.
    keepNames: true,
    minify: false,
  },
};
