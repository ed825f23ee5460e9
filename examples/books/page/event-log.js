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
  const item = document.createElement('li');
  item.append(time, `\n${lines.join('\n')}`);
  events.prepend(item);
  while (events.children.length > SHOWN) events.lastElementChild.remove();
}
