// Relay: node relay.mjs websocket|graphql-sse
import relay from 'relay-runtime';
import { artifact } from './artifact.mjs';
import { codesIn, exercise, login, post, way } from './common.mjs';

const { Environment, RecordSource, Store, commitMutation, fetchQuery, requestSubscription } = relay;
const network = await way();
const mode = process.argv[2];
Object.assign(globalThis, {
  address: mode === 'websocket' ? network.ws : network.url,
  currentToken: async () => login.token,
  connectionParams: async () => ({ authorization: `Bearer ${login.token}` }),
  fetchOverHttp: ({ text }, variables) => post(network.url, text, variables),
});
const recipe = await import(mode === 'websocket' ? './relay-websocket.js' : './relay-streams.js');
const environment = new Environment({ network: recipe.network, store: new Store(new RecordSource()) });

await exercise({
  network,
  resumes: true,
  // Relay turns an answer without data into an error with a source; errors that the recipe gives to `sink.error` arrive unchanged
  codesOf: (error) => (Array.isArray(error) ? codesIn(error) : codesIn(error.source?.errors ?? [])),
  ask(document, variables) {
    const request = artifact(document);
    if (document.startsWith('query')) return fetchQuery(environment, request, variables).toPromise();
    return new Promise((resolve, reject) => {
      commitMutation(environment, { mutation: request, variables, onCompleted: (data) => resolve(data), onError: reject });
    });
  },
  subscribe(document, variables, sink) {
    const config = { subscription: artifact(document), variables, onNext: sink.next, onError: sink.error, onCompleted: sink.complete };
    const { dispose } = requestSubscription(environment, config);
    return dispose;
  },
});
process.exit(0);
