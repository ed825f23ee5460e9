import { createElement, useEffect, useState } from 'react';

/**
 * Follows a stream for as long as the component is mounted, and from its URL of now: without the clean-up, each visit of
 * a view would leave a connection behind, and browsers have six of them for a host over HTTP/1.1.
 */
export function useUpdates(url) {
  const [updates, setUpdates] = useState([]);
  useEffect(() => {
    const stream = new EventSource(url);
    stream.addEventListener('message', ({ data, lastEventId }) => {
      setUpdates((before) => [...before, { id: lastEventId, data }]);
    });
    return () => {
      stream.close();
      setUpdates([]);
    };
  }, [url]);
  return updates;
}

/** In JSX: <ul>{updates.map(({ id, data }) => <li key={id}>{data}</li>)}</ul> */
export function NewsList({ url }) {
  const updates = useUpdates(url);
  return createElement(
    'ul',
    null,
    updates.map(({ id, data }) => createElement('li', { key: id }, data)),
  );
}
