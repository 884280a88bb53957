// The npm client graphql-sse against a GraphQL endpoint: node sse.mjs URL
import assert from 'node:assert/strict';
import { createClient } from 'graphql-sse';

const url = process.argv[2];
const connect = (token) =>
  createClient({ url, retryAttempts: 0, headers: token ? { authorization: `Bearer ${token}` } : {} });

const all = async (client, payload) => {
  const results = [];
  for await (const result of client.iterate(payload)) results.push(result);
  return results;
};

const client = connect('user');
const query = 'subscription Count($to: Int!) { count(to: $to) }';
const counted = await all(client, { query, variables: { to: 3 } });
assert.deepEqual(counted.map((result) => result.data.count), [1, 2, 3]);

assert.deepEqual(await all(client, { query: '{ who }' }), [{ data: { who: 'user' } }]);
assert.deepEqual(await all(client, { query: 'mutation { bump }' }), [{ data: { bump: 1 } }]);

const [invalid] = await all(client, { query: '{ nothing }' });
assert.equal(invalid.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');

const silent = client.iterate({ query: 'subscription { silence }' });
assert.equal((await silent.next()).value.data.silence, 0);
await silent.return();

await assert.rejects(all(connect('forged'), { query: '{ hello }' }), (error) => error.response.status === 401);

console.log('6 of 6 checks passed');
process.exit(0);
