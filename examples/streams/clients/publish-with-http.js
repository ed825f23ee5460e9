// node publish-with-http.js <topic> <data>
import { request } from 'node:http';
import { stringify } from 'node:querystring';

const { HUB_URL = 'http://localhost:3000/.well-known/mercure', TOKEN } = process.env;
const [topic, data] = process.argv.slice(2);
const body = stringify({ topic, data });

const publication = request(HUB_URL, {
  method: 'POST',
  headers: {
    Authorization: `Bearer ${TOKEN}`,
    'Content-Type': 'application/x-www-form-urlencoded',
    // In bytes: a text has fewer characters than those.
    'Content-Length': Buffer.byteLength(body),
  },
});
publication.on('response', (response) => {
  let answer = '';
  response.setEncoding('utf8');
  response.on('data', (text) => (answer += text));
  response.on('end', () => {
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${answer}`);
    console.log(answer);
  });
});
publication.end(body);
