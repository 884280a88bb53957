// graphql-sse in the single-connection mode, which the server does not offer: the library must report an error instead of waiting.
import assert from 'node:assert/strict';
import { createClient } from 'graphql-sse';
import { ACTIVITY, running, shop } from './common.mjs';

const before = await running();
const client = createClient({ url: shop.url, singleConnection: true, retryAttempts: 0 });
const error = await new Promise((resolve, reject) => {
  const complete = () => reject(new Error('The operation was completed.'));
  client.subscribe({ query: ACTIVITY, variables: { callshopId: shop.callshopId } }, { next: reject, error: resolve, complete });
});
console.log(`ok refused: ${error.message}`);
assert.equal(error.response.status, 405);
assert.ok((await running()) <= before);
process.exit(0);
