const SHOWN = 50;
const events = document.getElementById('events');

/** Shows an event as the stream had it, the newest first. Text only: nothing of it is ever read as HTML. */
export function logEvent({ type, lastEventId, data }) {
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString();
  const lines = [
    ...(type === 'message' ? [] : [`event: ${type}`]),
    `id: ${lastEventId}`,
    ...data.split('\n').map((line) => `data: ${line}`),
  ];
  const about = document.createElement('span');
  about.className = 'about';
  about.textContent = subjectOf(type, data);
  const item = document.createElement('li');
  item.append(time, ' ', about, `\n${lines.join('\n')}`);
  events.prepend(item);
  document.getElementById('no-events').hidden = true;
  while (events.children.length > SHOWN) events.lastElementChild.remove();
}

/** What an event is about, as far as it says so itself: a stream does not carry topics. */
function subjectOf(type, data) {
  try {
    const { '@id': topic, id, deleted } = JSON.parse(data);
    if (type !== 'message' || id === undefined) return type;
    return `${topic ? new URL(topic).pathname : `/books/${id}`}${deleted ? ' (deleted)' : ''}`;
  } catch {
    return 'no book';
  }
}
