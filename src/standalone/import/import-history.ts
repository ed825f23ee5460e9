import { open as openFile } from 'node:fs/promises';
import { MercureError } from '../../errors.js';
import { validateLegacyUpdate } from '../../legacy/validate-legacy-update.js';
import type { Transport } from '../../transport/transport.js';
import type { Update } from '../../update/update.js';
import { validateTopics, validateUpdate, type UpdateRules } from '../../update/validate-update.js';
import { readEnvironment } from '../read-environment.js';
import type { Surroundings } from '../run.js';
import type { Settings } from '../settings.js';
import { startError } from '../start-error.js';
import { chooseTransport, DEFAULT_TRANSPORT_URL } from '../transport-url.js';
import { type Imported, importUpdates } from './import-updates.js';
import { linesOf } from './lines.js';

/** Where the hub is: below it nothing is published. Of its host nothing depends on. */
const RULES: UpdateRules = {
  hubUrl: new URL('http://localhost/.well-known/mercure'),
  maxTopicBytes: 8192,
  maxBodyBytes: 1024 * 1024,
};
/** Of lines that are no updates: more are counted. */
const MAX_TOLD = 20;

/**
 * `import <file>`: stores an export of the Go hub's Bolt file, one JSON text a line, in the transport of the environment.
 * Resolves with the exit code: 0 only where every line is stored, was there already or was left out for what it is.
 *
 * @throws MercureError OPTIONS_INVALID, TRANSPORT_INVALID, TRANSPORT_UNAVAILABLE
 */
export async function importHistory(surroundings: Surroundings, file: string): Promise<number> {
  const { environment, print, complain, input, ended } = surroundings;
  const { settings, sources } = readEnvironment(environment);
  const url = settings.transportUrl ?? DEFAULT_TRANSPORT_URL;
  const source = sources.get('transportUrl') ?? 'MERCURE_TRANSPORT_URL';
  const { label, open } = chooseTransport(url, source);
  if (/^(?:memory|local|null):/i.test(url)) {
    throw startError(
      `${source} names the memory transport, which would forget what is imported`,
      'Set it to sqlite:///path/to/file, a database or redis://.',
    );
  }
  const stream = file === '-' ? input() : await readFile(file);
  const transport = await open();
  const done: Imported = { stored: 0, known: 0, leftOut: 0, bad: 0, lastLine: 0 };
  await start(transport);
  try {
    let isEnded = false;
    void ended.then(() => (isEnded = true));
    await importUpdates(
      linesOf(until(stream, ended)),
      {
        transport,
        hubUrl: RULES.hubUrl,
        validate: validation(settings),
        bad: (line, fault) => {
          if (done.bad <= MAX_TOLD) complain(`error: line ${line}: ${fault}`);
        },
        isEnded: () => isEnded,
      },
      done,
    );
    if (isEnded) throw startError('It was told to end', 'Import again to go on');
    return report(done, label, print, complain);
  } catch (error) {
    complain(`error: ${reasonOf(error)}`);
    complain(unfinished(done, 'Import again when that is put right'));
    return 1;
  } finally {
    await transport.close();
  }
}

/** Opened before anything else is. @throws MercureError OPTIONS_INVALID */
async function readFile(path: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    const handle = await openFile(path);
    return handle.createReadStream();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw startError(`The file cannot be read (${code})`, 'Correct its path or permissions.');
  }
}

/** Nobody listens here. */
async function start(transport: Transport): Promise<void> {
  await transport.start({ appended: () => undefined, gap: () => undefined });
}

function validation({ protocol }: Settings): (update: Update) => void {
  const validateRest = protocol === '0.x' ? validateLegacyUpdate : validateUpdate;
  return (update) => {
    validateTopics(update.topics, RULES);
    validateRest(update, RULES);
  };
}

/** A stream up to the moment it is told to end: a pipe may never say anything more. */
async function* until(
  stream: AsyncIterable<Uint8Array>,
  ended: Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]();
  const over = ended.then(() => ({ done: true, value: undefined }) as const);
  for (;;) {
    const next = await Promise.race([chunks.next(), over]);
    if (next.done) return;
    yield next.value;
  }
}

function report(
  done: Imported,
  label: string,
  print: Surroundings['print'],
  complain: Surroundings['complain'],
): number {
  const { stored, known, leftOut, bad } = done;
  if (bad > 0) {
    complain(unfinished(done, `Correct or remove the bad lines (${bad}) and import again`));
    return 1;
  }
  if (stored + known + leftOut === 0) {
    complain('error: There is not one line to import. Look whether the export worked.');
    return 1;
  }
  print(`Imported ${counted(stored)} into ${label}.`);
  if (known > 0) print(`${counted(known)} were there already, by their ids, and are left as they are.`);
  if (leftOut > 0) print(`${leftOut} events about subscriptions of the old hub are left out.`);
  return 0;
}

function unfinished({ stored, lastLine }: Imported, remedy: string): string {
  const rest =
    lastLine === 0
      ? 'Nothing is imported'
      : `Line ${lastLine} is the last that is done, and nothing after it`;
  return `error: The import is not finished: ${counted(stored)} stored. ${rest}. ${remedy}: what is stored is skipped then.`;
}

function counted(count: number): string {
  return count === 1 ? '1 update' : `${count.toLocaleString('en')} updates`;
}

function reasonOf(error: unknown): string {
  if (error instanceof MercureError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? String((error as Error).stack) : `The file cannot be read (${code})`;
}
