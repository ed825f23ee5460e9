import { logEvent } from './event-log.js';
import { bookList } from './book-list.js';

// The topic of every book, as a URI Template: whatever the application's public URL is.
const BOOKS = '{+application}/books/{id}';
const TRY_AGAIN_MS = 3000;

const STATES = {
  connecting: 'Connecting…',
  live: 'Live',
  reconnecting: 'Reconnecting…',
  closed: 'Disconnected',
};

const connection = document.getElementById('connection');
const list = bookList({
  add: (book) => send('POST', 'books', book),
  change: (id, book) => send('PATCH', `books/${id}`, book),
  remove: (id) => send('DELETE', `books/${id}`),
});

/** Changes that were heard while the list is on its way; undefined when it is there. */
let heard;
let reads = 0;

for (const line of document.querySelectorAll('.add-line')) {
  line.textContent = `curl -d 'title=Dune' ${new URL('books', location)}`;
}
void begin();

async function begin() {
  try {
    const hub = await findHub();
    document.getElementById('follow-line').textContent = `curl -N '${hub}?topic=*'`;
    follow(`${hub}?${new URLSearchParams({ topic: BOOKS })}`);
  } catch {
    show('closed');
    setTimeout(() => void begin(), TRY_AGAIN_MS);
  }
}

/** Where the hub is, as the Link of the books says it: discovery. */
async function findHub() {
  const { headers } = await fetch('books', { method: 'HEAD' });
  const [, link] = /<([^>]*)>; rel="?mercure"?/.exec(headers.get('Link'));
  // Taken at this page's own origin, by whatever name it was opened: 127.0.0.1 is another one than localhost.
  return new URL(new URL(link, location).pathname, location).href;
}

/**
 * The stream first, the list second: what is committed after the list was read is on the stream, and what came on the
 * stream before the list did is laid over it. Nothing falls between the two.
 */
function follow(url) {
  const stream = new EventSource(url);
  let cursor = '';
  show('connecting');
  stream.addEventListener('open', () => {
    show('live');
    // A stream that comes back continues where it was: the browser names the last event it has seen, if any.
    if (!cursor) void readList();
  });
  stream.addEventListener('message', (event) => {
    logEvent(event);
    cursor = event.lastEventId;
    const change = parse(event.data);
    if (heard) heard.push(change);
    else list.apply(change);
  });
  // The hub says so when it no longer has all that happened meanwhile, for example because it was restarted.
  stream.addEventListener('mercure', (event) => {
    logEvent(event);
    void readList();
  });
  stream.addEventListener('error', () => {
    const givenUp = stream.readyState === EventSource.CLOSED;
    show(givenUp ? 'closed' : 'reconnecting');
    // The browser gives up after any answer but 200.
    if (givenUp) setTimeout(() => follow(url), TRY_AGAIN_MS);
  });
}

async function readList() {
  const read = ++reads;
  heard ??= [];
  try {
    const response = await fetch('books');
    if (!response.ok) throw new Error(response.statusText);
    const books = await response.json();
    if (read !== reads) return;
    list.reset(books);
    for (const change of heard) list.apply(change);
    heard = undefined;
  } catch {
    if (read === reads) setTimeout(() => void readList(), TRY_AGAIN_MS);
  }
}

/** What was changed shows when the stream says so, in this window like in every other. */
async function send(method, url, book) {
  const response = await fetch(url, {
    method,
    headers: book && { 'Content-Type': 'application/json' },
    body: book && JSON.stringify(book),
  });
  // Whoever removes a book that somebody else has just removed has what they wanted.
  if (response.ok || (method === 'DELETE' && response.status === 404)) return;
  const { message } = await response.json().catch(() => ({}));
  throw new Error(message ?? `The server answered ${response.status}.`);
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    // Published by hand, and no book.
    return undefined;
  }
}

function show(state) {
  connection.dataset.state = state;
  connection.textContent = STATES[state];
}
