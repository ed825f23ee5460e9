const state = document.getElementById('state');
const list = document.getElementById('news');

const stream = new EventSource('/.well-known/mercure?match=news');

stream.addEventListener('open', () => (state.textContent = 'live'));
// The browser comes back by itself, and names the last event it has seen. After any answer but 200 it gives up.
stream.addEventListener('error', () => {
  state.textContent = stream.readyState === EventSource.CLOSED ? 'closed' : 'reconnecting';
});
stream.addEventListener('message', ({ data }) => {
  const item = document.createElement('li');
  // Text, not HTML: what was published is not part of this page.
  item.textContent = data;
  list.prepend(item);
});
// Sent when some of what was missed is not kept any more: the moment to read the whole list anew.
stream.addEventListener('mercure', () => list.replaceChildren());
