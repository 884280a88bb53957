// Subscribes to a callshop as a front end does, with the official graphql-ws client, and writes each message as a line of JSON. Environment:
// CALLSHOP_URL (ws://…/graphql), CALLSHOP_TOKEN, CALLSHOP_ID.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const { CALLSHOP_URL: url, CALLSHOP_TOKEN: token, CALLSHOP_ID: id } = process.env;
const write = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const call = `id cabinId dialed number destination state sipCode endedBy cause refusal
  answeredAt endedAt elapsedSeconds billedSeconds cost { amount }`;
const subscriptions = {
  activity: `subscription($id: ID!) { callshopActivity(callshopId: $id) {
    cursor snapshot { cabins { id } liveCalls { id } }
    event { seq at kind cabinId sessionId call { ${call} } } } }`,
  live: `subscription($id: ID!) { liveCalls(callshopId: $id, everySeconds: 1) {
    asOf calls { id state elapsedSeconds cost { amount } } } }`,
};

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${token}` },
  // do not retry: a message that is lost during a reconnection would go unnoticed
  retryAttempts: 0,
});
for (const [of, query] of Object.entries(subscriptions)) {
  client.subscribe({ query, variables: { id } }, {
    next: (result) => write({ of, ...result }),
    error: (error) => write({ of, errors: [String(error?.reason ?? error?.message ?? JSON.stringify(error))] }),
    complete: () => write({ of, complete: true }),
  });
}
