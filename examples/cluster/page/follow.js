/**
 * Follows a topic on one node, and on the next one when it is told to or when the node is lost: from the last update
 * that was heard, so that nothing is missed and nothing comes twice.
 *
 * @param {{
 *   nodes: readonly string[],
 *   topic: string,
 *   message: (data: string, node: string) => void,
 *   gap: (node: string) => void,
 *   state: (state: 'connecting' | 'live', node: string) => void,
 *   Source?: typeof EventSource,
 * }} settings
 */
export function follow({ nodes, topic, message, gap, state, Source = EventSource }) {
  let turn = 0;
  let last = '';
  let stream;
  let timer;

  function open() {
    const node = nodes[turn % nodes.length];
    const url = new URL('/.well-known/mercure', node);
    url.searchParams.set('topic', topic);
    if (last) url.searchParams.set('lastEventID', last);
    state('connecting', node);
    stream = new Source(url.href);
    stream.addEventListener('open', () => state('live', node));
    stream.addEventListener('message', (event) => {
      last = event.lastEventId;
      message(event.data, node);
    });
    // Of what is missing the hub tells on the stream itself.
    stream.addEventListener('mercure', () => gap(node));
    stream.addEventListener('error', () => {
      stream.close();
      // Not at once: where no node is there, it would go round without end.
      timer = setTimeout(next, 500);
    });
  }

  function next() {
    stop();
    turn++;
    open();
  }

  function stop() {
    clearTimeout(timer);
    stream.close();
  }

  open();
  return { next, stop };
}
