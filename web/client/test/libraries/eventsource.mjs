// The platform's EventSource, with a ticket: node --experimental-eventsource eventsource.mjs
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { LOGIN, login, post, renameDirectly, running, shop, until, untilGone } from './common.mjs';

/** Keeps the server's cookie as a browser does, because the EventSource of Node.js has no cookies. Its network can be cut. */
async function cookieJar() {
  const seen = [];
  const open = new Set();
  let cookie;
  let isCut = false;
  const server = createServer((incoming, outgoing) => {
    seen.push({ cookie, id: incoming.headers['last-event-id'] });
    if (isCut) return void incoming.socket.destroy();
    const options = { port: new URL(shop.url).port, path: incoming.url, headers: { ...incoming.headers, ...(cookie && { cookie }) } };
    const onward = request(options, (answer) => {
      cookie = answer.headers['set-cookie']?.[0].split(';')[0] ?? cookie;
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.on('error', () => undefined).on('close', () => outgoing.destroy()).pipe(outgoing);
    });
    open.add(onward);
    onward.on('error', () => outgoing.destroy()).end();
    outgoing.on('close', () => {
      open.delete(onward);
      onward.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/graphql`,
    seen,
    cut() {
      isCut = true;
      for (const onward of open) onward.destroy();
    },
    mend() {
      isCut = false;
    },
  };
}

const jar = await cookieJar();
const answer = await post(shop.url, LOGIN, { input: { login: shop.login, password: shop.password } });
login.token = answer.data.login.accessToken;
const { followShop } = await import('./events.js');
const messages = [];
const reasons = [];
const common = { url: jar.url, request: async (query) => (await post(shop.url, query, {})).data, fail: (reason) => reasons.push(reason) };
await until('no subscription', async () => (await running()) === 0);
const stop = await followShop({ ...common, callshopId: shop.callshopId, show: ({ event }) => messages.push(event?.kind ?? 'snapshot') });
await until('a snapshot', () => messages.length > 0);
await renameDirectly();
await until('an event', () => messages.length > 1);
assert.equal(await running(), 1);
console.log('ok mutation, seen by the subscription');

jar.cut();
await renameDirectly();
await renameDirectly();
jar.mend();
await until('the missed events', () => messages.length > 3);
assert.deepEqual(messages, ['snapshot', 'CABIN_CHANGED', 'CABIN_CHANGED', 'CABIN_CHANGED']);
assert.equal(jar.seen[0].id, undefined);
assert.ok(jar.seen.at(-1).id && jar.seen.at(-1).cookie);
console.log('ok resume by Last-Event-ID and cookie, no gap, nothing twice');
stop();
await untilGone();
assert.deepEqual(reasons, []);
console.log('ok closed, gone on the server');

const shown = [];
await followShop({ ...common, callshopId: shop.cabinId, show: (message) => shown.push(message) });
await until('the reason', () => reasons.length > 0);
assert.deepEqual(shown, []);
console.log(`ok a wrong id ends, and says: ${reasons[0]}`);
const noTicket = new URL(jar.url);
noTicket.searchParams.set('query', 'subscription { noSuchField }');
noTicket.searchParams.set('ticket', 'wrong');
const source = new EventSource(noTicket);
await once(source, 'error');
assert.equal(source.readyState, EventSource.CLOSED);
console.log('ok a wrong ticket closes the source for good');
process.exit(0);
