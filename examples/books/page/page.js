import { logEvent } from './event-log.js';
import { bookList } from './book-list.js';

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

for (const line of document.querySelectorAll('.add-line')) {
  line.textContent = `curl -d 'title=Dune' ${new URL('books', location)}`;
}
void read();

/**
 * The list first, then the stream from where the list stood: the answer says which update was the newest before it was
 * read, and the hub sends what came after that one. Nothing falls between the two.
 */
async function read() {
  try {
    const response = await fetch('books');
    if (!response.ok) throw new Error(response.statusText);
    const books = await response.json();
    const { hub, topic, cursor } = discover(response.headers.get('Link'));
    document.getElementById('follow-line').textContent = `curl -N '${hub}?topic=*'`;
    list.reset(books);
    follow(hub, topic, cursor);
  } catch {
    show('closed');
    setTimeout(() => void read(), TRY_AGAIN_MS);
  }
}

/** What the `Link` of the books says: where the hub is, which topic is that of the books, where to follow it from. */
function discover(link) {
  const [, hub, cursor] = /<([^>]*)>; rel="mercure"; last-event-id="([^"]*)"/.exec(link);
  const [, topic] = /<([^>]*)>; rel="self"/.exec(link);
  // Taken at this page's own origin, by whatever name it was opened: 127.0.0.1 is another one than localhost.
  return { hub: new URL(new URL(hub, location).pathname, location).href, topic, cursor };
}

function follow(hub, topic, from) {
  const stream = new EventSource(`${hub}?${new URLSearchParams({ topic, lastEventID: from })}`);
  let cursor = from;
  show('connecting');
  // A stream that is lost comes back by itself and continues where it was: the browser names the last event it has seen.
  stream.addEventListener('open', () => show('live'));
  stream.addEventListener('message', (event) => {
    logEvent(event);
    cursor = event.lastEventId;
    list.apply(parse(event.data));
  });
  // The hub says so when it no longer has all that happened meanwhile, for example because it was restarted. Nothing
  // else is a reason to read again.
  stream.addEventListener('mercure', (event) => {
    logEvent(event);
    if (parse(event.data)?.type !== 'gap') return;
    stream.close();
    void read();
  });
  stream.addEventListener('error', () => {
    const givenUp = stream.readyState === EventSource.CLOSED;
    show(givenUp ? 'closed' : 'reconnecting');
    // The browser gives up after any answer but 200.
    if (givenUp) setTimeout(() => follow(hub, topic, cursor), TRY_AGAIN_MS);
  });
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
