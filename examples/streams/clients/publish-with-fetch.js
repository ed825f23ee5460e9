// node publish-with-fetch.js <topic> <data>
const { HUB_URL = 'http://localhost:3000/.well-known/mercure', TOKEN } = process.env;
const [topic, data] = process.argv.slice(2);

const response = await fetch(HUB_URL, {
  method: 'POST',
  headers: { Authorization: `Bearer ${TOKEN}` },
  // A form, and sent as one: the protocol knows no other.
  body: new URLSearchParams({ topic, data }),
});
// The id of the update; of a refusal, the reason and what to do.
const answer = await response.text();
if (!response.ok) throw new Error(`${response.status} ${answer}`);
console.log(answer);
