// urql: node urql.mjs websocket|graphql-sse|event-stream. The last one is its own fetch exchange.
import { Client, fetchExchange } from '@urql/core';
import { codesIn, exercise, headers, login, way } from './common.mjs';

const network = await way();
const mode = process.argv[2];
const RECIPES = { websocket: './urql-websocket.js', 'graphql-sse': './urql-streams.js' };
Object.assign(globalThis, {
  address: mode === 'websocket' ? network.ws : network.url,
  currentToken: async () => login.token,
  connectionParams: async () => ({ authorization: `Bearer ${login.token}` }),
});
const recipe = mode in RECIPES ? await import(RECIPES[mode]) : null;

const client = new Client({
  url: network.url,
  preferGetMethod: false,
  requestPolicy: 'network-only',
  fetchOptions: () => ({ headers: headers() }),
  fetchSubscriptions: recipe === null,
  exchanges: recipe === null ? [fetchExchange] : [recipe.subscriptions, fetchExchange],
});

await exercise({
  network,
  resumes: recipe !== null,
  codesOf: (error) => (error.graphQLErrors.length > 0 ? codesIn(error.graphQLErrors) : [`${error}`]),
  async ask(document, variables) {
    const isQuery = document.startsWith('query');
    const { data, error } = await (isQuery ? client.query(document, variables) : client.mutation(document, variables)).toPromise();
    if (error) throw error;
    return data;
  },
  subscribe(document, variables, sink) {
    const { unsubscribe } = client.subscription(document, variables).subscribe(({ data, error }) => (error ? sink.error(error) : sink.next(data)));
    return unsubscribe;
  },
});
process.exit(0);
