// The recipe for event streams with a token that the server refuses. The recipe must request another token, and must end if it gets the same token
// again.
import assert from 'node:assert/strict';
import { ACTIVITY, LOGIN, login, post, shop, until, untilGone } from './common.mjs';
import { createResumingStreams } from './resuming-streams.js';

const { data } = await post(shop.url, LOGIN, { input: { login: shop.login, password: shop.password } });

login.token = data.login.accessToken;

function follow(tokens) {
  const told = { messages: 0, errors: [], asked: 0 };
  const currentToken = async () => tokens[Math.min(told.asked++, tokens.length - 1)];
  const stop = createResumingStreams({ url: shop.url, currentToken }).subscribe(
    { query: ACTIVITY, variables: { callshopId: shop.callshopId } },
    { next: () => (told.messages += 1), error: (reason) => told.errors.push(reason), complete: () => assert.fail('It was completed.') },
  );
  return { told, stop };
}

const refused = follow(['wrong']);
await until('the end', () => refused.told.errors.length > 0);
assert.equal(refused.told.errors[0].message, 'The server has refused this token.');
assert.equal(refused.told.asked, 2);
console.log('ok a token that stays refused ends the subscription');
const renewed = follow(['wrong', login.token]);
await until('a snapshot', () => renewed.told.messages > 0);
assert.deepEqual(renewed.told.errors, []);
console.log('ok a new token goes on');
renewed.stop();
await untilGone();
process.exit(0);
