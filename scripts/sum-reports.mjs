// Sums the JSON reports of a folder: `node scripts/sum-reports.mjs <folder>`. Names what failed, was skipped, or holds
// no test at all, all of which count as failed; ends with the line `N passed, N failed`, and 1 unless nothing failed.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

const folder = process.argv[2] ?? '.';
const failures = [];
let passed = 0;

for (const name of readdirSync(folder).filter((each) => each.endsWith('.json'))) {
  const { success = true, testResults = [] } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const before = failures.length;
  testResults.forEach(addFile);
  if (testResults.length === 0) failures.push(`${basename(name, '.json')}: no test ran`);
  // An error outside of any test: the runner reports no more than this of it.
  if (!success && failures.length === before) failures.push(`${basename(name, '.json')}: the run failed`);
}

for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1;

function addFile({ name, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  if (assertionResults.length === 0) failures.push(`${file}: no test ran\n${message ?? ''}`.trimEnd());
  for (const { status, fullName, failureMessages = [] } of assertionResults) {
    if (status === 'passed') passed += 1;
    else failures.push([`${file} > ${fullName} (${status})`, ...failureMessages.map(shorten)].join('\n'));
  }
}

/** The message, and of the stack what is ours. */
function shorten(text) {
  const lines = text.split('\n').filter((line) => !/^ *at .*(?:node_modules\/|node:)/.test(line));
  return lines
    .slice(0, 10)
    .map((line) => `    ${line}`)
    .join('\n');
}
