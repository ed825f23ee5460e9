// Keeps the architecture where it is: `node scripts/check-layers.mjs`, part of `npm run lint`.
// Imports point one way, barrels do not happen, files stay short. (Cycles are oxlint's: import/no-cycle.)
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

/**
 * What each folder may import, besides itself. Rows only name rows above them, so no two folders need each other;
 * `type` marks what is imported as types only, and may name a row below: the shape of an option is its feature's.
 * `legacy` translates 0.x at the door of `authorization`, in both directions: the two are one layer.
 */
const LAYERS = {
  errors: [],
  update: ['errors'],
  topic: ['errors'],
  transport: ['errors', 'update'],
  options: ['errors', 'transport', 'type broadcast'],
  authorization: ['errors', 'update', 'topic', 'type options', 'legacy'],
  legacy: ['errors', 'update', 'topic', 'type options', 'authorization', 'type subscriber'],
  sse: ['errors', 'update'],
  subscriber: ['errors', 'update', 'topic', 'type authorization', 'type sse'],
  hub: ['errors', 'update', 'topic', 'transport', 'authorization', 'sse', 'subscriber'],
  broadcast: ['errors', 'type update', 'options'],
  'mercure.tokens': [],
  // prettier-ignore
  http: [
    'errors', 'update', 'topic', 'type transport', 'type options', 'authorization', 'legacy',
    'sse', 'type subscriber', 'hub', 'mercure.tokens',
  ],
  resource: ['errors', 'options', 'type hub', 'broadcast', 'http'],
  // Published: the contract of transports, for those of others, and what an application's own tests want.
  // prettier-ignore
  testing: [
    'errors', 'update', 'transport', 'options', 'hub', 'broadcast', 'mercure.tokens',
    'mercure.hub', 'mercure.service', 'mercure.module-definition',
  ],
  // The program stands outside: it uses the module as an application does.
  standalone: [
    'errors',
    'update',
    'transport',
    'options',
    'authorization',
    'legacy',
    'mercure.module',
    'mercure.service',
  ],
  main: ['standalone'],
};
const ENTRIES = ['index', 'typeorm', 'redis'];
const ONE_LAYER = ['authorization', 'legacy'];

/** Who may import what from outside. Engines of optional peers are types, or imported when a transport starts. */
const PACKAGES = {
  '@nestjs/common': ['http', 'broadcast', 'resource', 'type hub', 'mercure', 'testing', 'type standalone'],
  '@nestjs/core': ['broadcast', 'mercure', 'standalone'],
  '@nestjs/platform-fastify': ['standalone'],
  '@nestjs/typeorm': [],
  jose: ['update', 'authorization', 'type options'],
  typeorm: ['type broadcast', 'transport'],
  ioredis: ['transport'],
};

const MAX_LINES = 300;
const LONG_LINES = 250;

const root = resolve(import.meta.dirname, '..');
const problems = [];
const warnings = [];
const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(root, join(entry.parentPath, entry.name)));

checkTable();
for (const path of files) {
  checkFile(path);
  for (const each of importsOf(path)) checkImport(path, each);
}

for (const warning of warnings) console.warn(`warning: ${warning}`);
for (const problem of problems) console.error(`error: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${files.length} files in their layers`);

/** Every import and re-export of a file, with the file it leads to where that is one of ours. */
function importsOf(path) {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest);
  const found = [];
  const add = (node, isType) => {
    const to = node.text.startsWith('.')
      ? relative(root, resolve(root, dirname(path), node.text)).replace(/\.js$/, '.ts')
      : undefined;
    found.push({ name: node.text, to, isType });
  };
  source.forEachChild(function visit(node) {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, onlyTypes(node.importClause, 'namedBindings'));
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      add(node.moduleSpecifier, onlyTypes(node, 'exportClause'));
      if (!node.exportClause) problems.push(`${path} has an "export *": list the names`);
    } else if (ts.isImportTypeNode(node)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      if (ts.isStringLiteral(node.arguments[0])) add(node.arguments[0], false);
    }
    node.forEachChild(visit);
  });
  return found;
}

/** `import type { … }`, or every name in the braces marked with `type`. */
function onlyTypes(clause, bindings) {
  if (!clause || clause.isTypeOnly) return Boolean(clause);
  const names = clause[bindings]?.elements;
  return (
    !clause.name && names !== undefined && names.length > 0 && names.every(({ isTypeOnly }) => isTypeOnly)
  );
}

/** `src/http/cors.ts` ⇒ `http`; a file beside the folders is a layer of its own, `src/errors.ts` ⇒ `errors`. */
function layerOf(path) {
  return path.split('/')[1].replace(/\.ts$/, '');
}

/** Where everything meets: the entry points, the module and its service. They have no row. */
function isTop(layer) {
  return ENTRIES.includes(layer) || (layer.startsWith('mercure.') && !(layer in LAYERS));
}

function checkTable() {
  const rows = Object.keys(LAYERS);
  for (const [row, allowed] of Object.entries(LAYERS)) {
    for (const each of allowed.filter((name) => !name.startsWith('type '))) {
      const oneLayer = ONE_LAYER.includes(row) && ONE_LAYER.includes(each);
      if (rows.indexOf(each) >= rows.indexOf(row) && !oneLayer) {
        problems.push(`the table of layers lets ${row} import ${each}, which is not above it`);
      }
    }
  }
}

function checkFile(path) {
  // A compiled copy beside its source would be imported in its place.
  if (!path.endsWith('.ts')) problems.push(`${path} is no TypeScript`);
  const text = readFileSync(join(root, path), 'utf8');
  const lines = text.split('\n').length - 1;
  if (lines > MAX_LINES) problems.push(`${path} has ${lines} lines, more than ${MAX_LINES}`);
  else if (lines > LONG_LINES) warnings.push(`${path} has ${lines} lines: over ${MAX_LINES} it is refused`);
  if (/^@Module\(/m.test(text) && path !== 'src/mercure.module.ts') {
    problems.push(`${path} is a module: only mercure.module.ts wires providers`);
  }
}

function checkImport(path, { name, to, isType }) {
  const from = layerOf(path);
  const may = (allowed, layer) => allowed.includes(layer) || (isType && allowed.includes(`type ${layer}`));
  const how = isType ? 'a type' : 'a value';
  if (to === undefined) {
    const known = Object.keys(PACKAGES).find((each) => name === each || name.startsWith(`${each}/`));
    if (known && !may(PACKAGES[known], isTop(from) ? 'mercure' : from))
      problems.push(`${path} imports ${how} of ${name}`);
    return;
  }
  if (!existsSync(join(root, to))) problems.push(`${path} imports ${name}, which is not there`);
  if (isTop(from) || layerOf(to) === from) return;
  const allowed = LAYERS[from];
  if (!allowed) problems.push(`src/${from} has no row in the table of layers`);
  else if (!may(allowed, layerOf(to))) problems.push(`${path} (${from}) imports ${how} of ${to}`);
}
