import { describe, expect, it } from 'vitest';
import { dataOf, open } from '../support/http-client.js';
import { ADAPTERS, createHubApp } from '../support/hub-app.js';
import { isInstalled, startPlainNginx } from '../standalone/support/proxies.js';

describe.skipIf(!isInstalled('nginx')).each(ADAPTERS)('Behind nginx with its defaults, on %s', (adapter) => {
  it('a stream is there at once, each event when it is published, for longer than the proxy waits for bytes', async () => {
    const hub = await createHubApp({ adapter, options: { heartbeatMs: 400 } });
    // Buffering is on, the hub is asked in HTTP/1.0, and two seconds of silence end the connection.
    const nginx = await startPlainNginx(String(hub.port), 'proxy_read_timeout 2s;');
    const stream = await open(`http://127.0.0.1:${nginx.port}/.well-known/mercure`, {
      query: { topic: 'a' },
    });
    expect(stream.status).toBe(200);
    await stream.body.waitFor(':\n');
    for (const data of ['one', 'two', 'three']) {
      await hub.service.publish({ topic: 'a', data });
      await stream.body.waitFor(`data: ${data}\n\n`);
    }
    // Fifteen signs of life are six seconds: three times what the proxy would wait.
    await stream.body.waitFor((text) => text.split('\n').filter((line) => line === ':').length >= 15);
    await hub.service.publish({ topic: 'a', data: 'four' });
    expect(dataOf(await stream.body.waitFor('data: four\n\n'))).toEqual(['one', 'two', 'three', 'four']);
    stream.abort();
    await nginx.stop();
    await hub.close();
  });
});
