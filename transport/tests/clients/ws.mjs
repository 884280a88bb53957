// The npm client graphql-ws against a GraphQL endpoint: node ws.mjs ws://HOST:PORT/graphql
import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const url = process.argv[2];
const connect = (options = {}) =>
  createClient({ url, webSocketImpl: WebSocket, connectionParams: { token: 'user' }, retryAttempts: 0, ...options });

const all = async (client, payload) => {
  const results = [];
  for await (const result of client.iterate(payload)) results.push(result);
  return results;
};

let passed = 0;
const check = async (name, run) => {
  try {
    await run();
    passed += 1;
  } catch (error) {
    console.error(`${name}:`, error);
    process.exitCode = 1;
  }
};

await check('a query over the socket', async () => {
  const client = connect();
  assert.deepEqual(await all(client, { query: '{ hello who }' }), [{ data: { hello: 'world', who: 'user' } }]);
  await client.dispose();
});

await check('a mutation over the socket', async () => {
  const client = connect();
  assert.deepEqual(await all(client, { query: 'mutation { bump }' }), [{ data: { bump: 1 } }]);
  await client.dispose();
});

await check('a subscription with variables', async () => {
  const client = connect();
  const query = 'subscription Count($to: Int!) { count(to: $to) }';
  const results = await all(client, { query, variables: { to: 3 }, operationName: 'Count' });
  assert.deepEqual(results.map((result) => result.data.count), [1, 2, 3]);
  await client.dispose();
});

await check('an invalid document fails only its own operation, and the socket stays open', async () => {
  const client = connect({ lazy: false });
  await assert.rejects(all(client, { query: '{ nothing }' }), (errors) => {
    assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
  assert.equal((await all(client, { query: '{ hello }' }))[0].data.hello, 'world');
  await client.dispose();
});

await check('unsubscribing ends one operation and leaves the others', async () => {
  const client = connect();
  const silent = client.iterate({ query: 'subscription { silence }' });
  assert.equal((await silent.next()).value.data.silence, 0);
  await silent.return();
  assert.equal((await all(client, { query: 'subscription { count(to: 2) }' })).length, 2);
  await client.dispose();
});

await check('many operations at once', async () => {
  const client = connect();
  const runs = Array.from({ length: 40 }, (_, n) => all(client, { query: `subscription { count(to: ${n + 1}) }` }));
  (await Promise.all(runs)).forEach((results, n) => assert.equal(results.length, n + 1));
  await client.dispose();
});

await check('a bad token closes with 4403', async () => {
  const client = connect({ connectionParams: { authorization: 'Bearer forged' } });
  await assert.rejects(all(client, { query: '{ hello }' }), (event) => event.code === 4403);
});

await check('pings of the client keep the socket open', async () => {
  let pongs = 0;
  const client = connect({ keepAlive: 20, lazy: false, on: { pong: () => (pongs += 1) } });
  const silent = client.iterate({ query: 'subscription { silence }' });
  await silent.next();
  while (pongs < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await client.dispose();
});

console.log(`${passed} of 8 checks passed`);
process.exit(process.exitCode ?? 0);
