import { MercureError } from '../errors.js';
import { isReservedTopic } from './reserved-topic.js';
import { exceedsBytes, isPlainText } from './text.js';
import type { Update } from './update.js';

/** What a hub accepts; the generations differ in it (see `legacy/validate-legacy-update.ts`). */
export interface UpdateRules {
  readonly hubUrl: URL;
  readonly maxTopicBytes: number;
  /** 0: unbounded. */
  readonly maxBodyBytes: number;
}

const MAX_TOPICS = 1000;
/** In UTF-8; past it 413 for a publisher, 400 for a subscriber's cursor. */
export const MAX_ID_BYTES = 512;
/** A body of line breaks is seven times its size on the wire; past this many times a frame would cost every subscriber. */
const FRAME_PER_BODY = 4;
/** Whatever the body may have: what an application publishes by itself has none. */
const LEAST_FRAME_BYTES = 4 * 1024 * 1024;
const BYTES_PER_LINE_BREAK = '\ndata: '.length;

const invalid = (message: string, remedy: string) => new MercureError('UPDATE_INVALID', 400, message, remedy);
const tooLarge = (message: string, remedy: string) =>
  new MercureError('UPDATE_TOO_LARGE', 413, message, remedy);

/**
 * Checks what a publisher may be asked before its grants are looked at: that there are topics, not too many, and
 * that each is text the draft allows. What is too long or too many is 413, as the draft has it.
 *
 * @throws MercureError TOPIC_MISSING, UPDATE_INVALID (400), UPDATE_TOO_LARGE (413: the draft's "too many topics")
 */
export function validateTopics(topics: readonly string[], rules: UpdateRules): void {
  if (topics.length === 0) {
    throw new MercureError(
      'TOPIC_MISSING',
      400,
      'Missing "topic" parameter',
      'Send at least one "topic" field as application/x-www-form-urlencoded.',
    );
  }
  if (topics.length > MAX_TOPICS) {
    throw tooLarge(
      'too many topics in update',
      `An update has at most ${MAX_TOPICS} topics; publish several.`,
    );
  }
  for (const topic of topics) {
    if (!isPlainText(topic)) {
      throw invalid(
        '"topic" field contains a forbidden character',
        'Topics are well-formed UTF-8 without control or format characters; percent-encode them.',
      );
    }
    if (exceedsBytes(topic, rules.maxTopicBytes)) {
      throw tooLarge('"topic" field is too long', `A topic has at most ${rules.maxTopicBytes} bytes.`);
    }
  }
}

/**
 * Checks the rest of an update against draft-dunglas-mercure-08.
 *
 * @throws MercureError UPDATE_INVALID, TOPIC_RESERVED (400), UPDATE_TOO_LARGE (413)
 */
export function validateUpdate(update: Update, rules: UpdateRules): void {
  for (const topic of update.topics) {
    if (topic === '*') {
      throw invalid('"topic" field is the reserved value "*"', 'Publish to the topics of one resource.');
    }
    if (isReservedTopic(topic, rules.hubUrl)) {
      throw new MercureError(
        'TOPIC_RESERVED',
        400,
        `"${topic.slice(0, 200)}": topic value resolves into the reserved "${rules.hubUrl.pathname}" namespace`,
        "Use a topic outside of the hub's own path.",
      );
    }
  }
  validateIdText(update.id);
  if (update.id.startsWith('#') || update.id === 'earliest') {
    throw invalid(
      '"id" field uses a reserved value',
      'An id is not "earliest" and does not begin with "#"; leave it out to get a UUID.',
    );
  }
  if (update.type !== undefined) {
    validateTypeText(update.type);
    if (update.type === 'mercure') {
      throw invalid('"type" field uses the reserved value "mercure"', 'Choose another event type.');
    }
  }
  validateBody(update, rules);
}

/** An id's text: sane as a field of the stream and as a header value. @throws MercureError UPDATE_INVALID, UPDATE_TOO_LARGE */
export function validateIdText(id: string): void {
  if (!isPlainText(id)) throw forbiddenCharacter('id');
  if (id === '') throw invalid('"id" field is empty', 'Leave it out to get a UUID.');
  if (exceedsBytes(id, MAX_ID_BYTES)) {
    throw tooLarge('"id" field is too long', `An id has at most ${MAX_ID_BYTES} bytes of UTF-8.`);
  }
}

/** A type's text. @throws MercureError UPDATE_INVALID */
export function validateTypeText(type: string): void {
  if (!isPlainText(type)) throw forbiddenCharacter('type');
}

/** What both generations ask of data and retry. @throws MercureError UPDATE_INVALID, UPDATE_TOO_LARGE */
export function validateBody(update: Update, { maxBodyBytes }: UpdateRules): void {
  if (!update.data.isWellFormed()) {
    throw invalid('"data" field is not valid UTF-8', 'Send text, or encode binary data (base64).');
  }
  if (update.retry !== undefined && !(Number.isSafeInteger(update.retry) && update.retry >= 0)) {
    throw invalid('Invalid "retry" parameter', 'Send a whole number of milliseconds.');
  }
  const maxBytes = maxBodyBytes === 0 ? Infinity : Math.max(LEAST_FRAME_BYTES, FRAME_PER_BODY * maxBodyBytes);
  if (frameMayExceed(update.data, maxBytes) && frameBytes(update) > maxBytes) {
    throw tooLarge(
      'the encoded update is too large',
      `An event has at most ${maxBytes} bytes on the wire; "maxBodyBytes" raises it.`,
    );
  }
}

function forbiddenCharacter(field: string): MercureError {
  return invalid(
    `"${field}" field contains a forbidden control character`,
    'Send well-formed UTF-8 without control or format characters.',
  );
}

/** Cheap bound first: no character costs more than a line break does. */
function frameMayExceed(data: string, maxBytes: number): boolean {
  return data.length * BYTES_PER_LINE_BREAK > maxBytes;
}

function frameBytes(update: Update): number {
  let lineBreaks = 0;
  for (let i = 0; i < update.data.length; i++) {
    const code = update.data.charCodeAt(i);
    if (code === 10 || (code === 13 && update.data.charCodeAt(i + 1) !== 10)) lineBreaks++;
  }
  return Buffer.byteLength(update.data) + lineBreaks * (BYTES_PER_LINE_BREAK - 1);
}
