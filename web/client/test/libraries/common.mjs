// The steps that every library must pass, and functions that observe the server and cut the network.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * The shop under test: `url` of the server, `metrics` URL on the server's private listener, `callshopId`, `cabinId`, and a user's `login` and
 * `password`.
 */
export const shop = JSON.parse(process.env.SHOP ?? '{}');

export const LOGIN = 'mutation Login($input: LoginInput!) { login(input: $input) { accessToken userErrors { code message } } }';
export const SHOP = 'query Shop($id: ID!) { callshop(id: $id) { id name } }';
export const RENAME = 'mutation Rename($input: UpdateCabinInput!) { updateCabin(input: $input) { cabin { id label } userErrors { code message field } } }';
export const ACTIVITY = `subscription Activity($callshopId: ID!, $after: String) {
  callshopActivity(callshopId: $callshopId, after: $after) { cursor snapshot { asOf } event { seq kind cabinId } }
}`;
export const INVALID = 'query Invalid { noSuchField }';
export const INVALID_SUBSCRIPTION = 'subscription Invalid { noSuchField }';
export const INVALID_CODE = 'GRAPHQL_VALIDATION_FAILED';

/** The token of the login, which each library sends in its own way. */
export const login = { token: '' };
export const headers = () => (login.token === '' ? {} : { authorization: `Bearer ${login.token}` });

export async function until(what, isSo, withinMs = 60_000) {
  const end = Date.now() + withinMs;
  while (!(await isSo())) {
    assert(Date.now() < end, `not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Number of subscriptions that run on the server. */
export async function running() {
  const text = await (await fetch(shop.metrics)).text();
  return Number(/^\S*subscriptions_open (\d+)/m.exec(text)?.[1]);
}

/** A relay to the server, whose connections can be cut. */
export async function way() {
  const sockets = new Set();
  let isCut = false;
  const server = createServer((near) => {
    const far = connect(Number(new URL(shop.url).port), '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    if (isCut) near.destroy();
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    ws: `ws://127.0.0.1:${port}/graphql`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      isCut = false;
    },
  };
}

let labels = 0;
export const rename = () => ({ input: { cabinId: shop.cabinId, label: `Booth ${process.pid}-${++labels}` } });

/** Changes the cabin without the library, for example while the library's network is cut. */
export async function renameDirectly() {
  const body = JSON.stringify({ query: RENAME, variables: rename() });
  const answer = await fetch(shop.url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers() }, body });
  assert.deepEqual((await answer.json()).data.updateCabin.userErrors, []);
}

/**
 * Waits until no subscription runs on the server. The server notices that an HTTP client has left only when it writes: at the next event, or after 20
 * s.
 */
export async function untilGone() {
  await until('the end of the subscription on the server', async () => {
    await renameDirectly();
    return (await running()) === 0;
  });
}

/** A sink that records its calls. `error` and `complete` may come from the library at any time. */
function keeping() {
  const kept = { messages: [], errors: [], completed: 0 };
  const sink = {
    next: (data) => kept.messages.push(data.callshopActivity),
    error: (error) => kept.errors.push(error),
    complete: () => (kept.completed += 1),
  };
  return { kept, sink };
}

const done = (what) => console.log(`ok ${what}`);

/**
 * Runs all steps with one library. `ask(document, variables)` resolves with the data, or rejects with the library's error. `subscribe(document,
 * variables, sink)` returns the function that ends the subscription. `codesOf(error)` finds the codes in the library's error. `resumes`: the library
 * connects again by itself, from the last cursor.
 */
export async function exercise({ ask, subscribe, codesOf, network, resumes }) {
  const answer = await ask(LOGIN, { input: { login: shop.login, password: shop.password } });
  assert.deepEqual(answer.login.userErrors, []);
  login.token = answer.login.accessToken;
  done('login');
  assert.equal((await ask(SHOP, { id: shop.callshopId })).callshop.id, shop.callshopId);
  done('query');

  // the previous program has just ended, so its subscription may still run
  await until('no subscription', async () => (await running()) === 0);
  const { kept, sink } = keeping();
  const stop = subscribe(ACTIVITY, { callshopId: shop.callshopId }, sink);
  await until('a snapshot', () => kept.messages.length > 0 || kept.errors.length > 0);
  assert.deepEqual([kept.errors, kept.messages.length], [[], 1]);
  assert.notEqual(kept.messages[0].snapshot, null);
  assert.equal(await running(), 1);
  const input = rename();
  assert.equal((await ask(RENAME, input)).updateCabin.cabin.label, input.input.label);
  await until('the event of the mutation', () => kept.messages.length > 1);
  // Apollo adds the name of the type
  const { seq, kind, cabinId } = kept.messages[1].event;
  assert.deepEqual([kind, cabinId], ['CABIN_CHANGED', shop.cabinId]);
  done('mutation, seen by the subscription');

  if (resumes) {
    network.cut();
    await renameDirectly();
    await renameDirectly();
    network.mend();
    await until('the missed events', () => kept.messages.length > 3);
    assert.deepEqual(kept.messages.slice(2).map((message) => message.event?.seq), [seq + 1, seq + 2]);
    done('resume after a cut, no gap, nothing twice');
  }
  assert.deepEqual(kept.errors, []);

  stop();
  const shown = kept.messages.length;
  await untilGone();
  assert.equal(kept.messages.length, shown);
  assert.deepEqual(kept.errors, []);
  done('unsubscribe, gone on the server');

  await expectCodes(ask(INVALID, {}), codesOf);
  const wrong = keeping();
  subscribe(INVALID_SUBSCRIPTION, {}, wrong.sink);
  await until('the error of an invalid subscription', () => wrong.kept.errors.length > 0);
  assert.deepEqual(codesOf(wrong.kept.errors[0]), [INVALID_CODE]);
  done('an invalid document is GRAPHQL_VALIDATION_FAILED');
  const unknown = keeping();
  subscribe(ACTIVITY, { callshopId: shop.cabinId }, unknown.sink);
  await until('the error of a wrong id', () => unknown.kept.errors.length > 0);
  assert.deepEqual([codesOf(unknown.kept.errors[0]).length, unknown.kept.messages], [1, []]);
  done(`a wrong id is ${codesOf(unknown.kept.errors[0])[0]}`);
}

async function expectCodes(asked, codesOf) {
  const error = await asked.then(() => assert.fail('an invalid document was answered'), (reason) => reason);
  assert.deepEqual(codesOf(error), [INVALID_CODE]);
}

export const codesIn = (errors) => errors.map(({ extensions }) => extensions.code);

/** Sends a request as a page without a library would. */
export async function post(url, query, variables) {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers() }, body: JSON.stringify({ query, variables }) };
  return (await fetch(url, init)).json();
}
