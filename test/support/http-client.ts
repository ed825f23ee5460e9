import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { ByteLog, unhung } from './byte-log.js';

export interface RequestSettings {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Uint8Array;
  /** Appended to the URL; an array of pairs where names repeat. */
  readonly query?: Record<string, string> | readonly (readonly [string, string])[];
}

/** A response whose body is still arriving, as it was sent: nothing is followed, decompressed or reused. */
export interface StreamedResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: ByteLog;
  /** The client goes away. */
  readonly abort: () => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The first line: the reason; the second tells the remedy. */
  readonly reason: string;
}

/** Sends a request on a connection of its own and resolves with the response's head. */
export function open(url: string, settings: RequestSettings = {}): Promise<StreamedResponse> {
  const { method = 'GET', headers = {}, body, query } = settings;
  const target = new URL(url);
  for (const [name, value] of pairs(query)) target.searchParams.append(name, value);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const head = new Promise<StreamedResponse>((resolve, reject) => {
    const request = send(target, {
      method,
      agent: false,
      headers,
      rejectUnauthorized: false,
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const log = new ByteLog();
      response.on('data', (chunk: Buffer) => log.add(chunk));
      response.once('end', () => log.finish('end'));
      response.once('close', () => log.finish(response.complete ? 'end' : 'cut'));
      // A cut connection shows as 'close' too; unheard it would be an uncaught error.
      response.on('error', () => undefined);
      request.on('error', () => undefined);
      resolve({
        status: response.statusCode!,
        headers: response.headers,
        body: log,
        abort: () => request.destroy(),
      });
    });
    request.end(body);
  });
  return unhung(head, `the head of ${method} ${url}`);
}

/** Sends a request and resolves with the whole answer. */
export async function send(url: string, settings: RequestSettings = {}): Promise<Answer> {
  const { status, headers, body, abort } = await open(url, settings);
  // A stream would never end by itself: a test that expects a refusal wants to read that it got 200.
  if (headers['content-type'] === 'text/event-stream' && settings.method !== 'HEAD') abort();
  await body.ended();
  return { status, headers, text: body.text, reason: body.text.split('\n', 1)[0]! };
}

/** Publishes as HTML forms do: `application/x-www-form-urlencoded`. */
export function publish(
  url: string,
  token: string | undefined,
  fields: Record<string, string | readonly string[]> | string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return send(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(token === undefined ? undefined : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof fields === 'string' || fields instanceof Uint8Array ? fields : form(fields),
  });
}

/** Encodes a form; an array repeats its field. */
export function form(fields: Record<string, string | readonly string[]>): string {
  const encoded = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of typeof value === 'string' ? [value] : value) encoded.append(name, one);
  }
  return encoded.toString();
}

/** The events in the text of a stream, as an EventSource would fire them. */
export function eventsOf(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  createParser({ onEvent: (event) => events.push(event) }).feed(text);
  return events;
}

/** The ids in the whole blocks of a stream's text: for megabytes, on which a parser of events would take seconds. */
export function idsOf(text: string): string[] {
  const whole = text.slice(0, text.lastIndexOf('\n\n') + 2);
  return [...whole.matchAll(/^id: (.*)$/gm)].map(([, id]) => id!);
}

/** The data of the events in the text of a stream. */
export function dataOf(text: string): string[] {
  return eventsOf(text).map(({ data }) => data);
}

function pairs(query: RequestSettings['query']): readonly (readonly [string, string])[] {
  return Array.isArray(query) ? (query as readonly [string, string][]) : Object.entries(query ?? {});
}
