// What the bundle owes to the packages inside it: their licenses, which ask to go where the code goes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A rolldown plugin that writes the licenses of everything bundled beside the bundle. */
export function bundledLicenses(fileName) {
  return {
    name: 'bundled-licenses',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap(({ modules }) => Object.keys(modules ?? {}));
      const directories = new Set(modules.map(packageOf).filter((directory) => directory !== undefined));
      const source = [...directories]
        .toSorted()
        .map(describe)
        .join(`\n${'-'.repeat(80)}\n`);
      this.emitFile({ type: 'asset', fileName, source });
    },
  };
}

/** The directory of the package a module is of; undefined for our own, which tests build under node_modules/.cache. */
function packageOf(id) {
  return /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/@.][^/]*)\//.exec(id)?.[1];
}

function describe(directory) {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  );
  const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each));
  const holder = typeof author === 'string' ? author : author?.name;
  const text = file
    ? readFileSync(join(directory, file), 'utf8')
    : `Copyright (c) ${holder ?? `the authors of ${name}`}`;
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}
