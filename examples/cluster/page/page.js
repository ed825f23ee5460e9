import { follow } from './follow.js';

const messages = document.getElementById('messages');
const connection = document.getElementById('connection');

const response = await fetch('nodes');
const { nodes, topic } = await response.json();
let current = nodes[0];

const following = follow({
  nodes,
  topic,
  state: (state, node) => {
    current = node;
    connection.textContent = `${state === 'live' ? 'Following' : 'Connecting to'} ${node}`;
  },
  message: (data, node) => {
    const { text, saidOn } = JSON.parse(data);
    add(`${text} (said on ${saidOn}, heard from ${new URL(node).port})`);
  },
  gap: () => add('Something is missing here: the history does not go back so far.'),
});

document.getElementById('switch').addEventListener('click', () => following.next());
document.getElementById('say').addEventListener('submit', (event) => {
  event.preventDefault();
  void say(event.target);
});

async function say(form) {
  await fetch(new URL('/messages', current), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ text: form.elements.text.value }),
  });
  form.reset();
}

function add(text) {
  const item = document.createElement('li');
  item.textContent = text;
  messages.append(item);
}
