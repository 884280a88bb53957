// Apollo Client: node apollo.mjs websocket|multipart
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { OperationTypeNode } from 'graphql';
import { codesIn, exercise, headers, login, way } from './common.mjs';

const network = await way();
const isSocket = process.argv[2] === 'websocket';
const http = new SetContextLink((previous) => ({ headers: { ...previous.headers, ...headers() } })).concat(new HttpLink({ uri: network.url }));

async function socket() {
  Object.assign(globalThis, { address: network.ws, connectionParams: async () => ({ authorization: `Bearer ${login.token}` }) });
  const { subscriptions } = await import('./apollo-websocket.js');
  return ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, subscriptions, http);
}

const client = new ApolloClient({ link: isSocket ? await socket() : http, cache: new InMemoryCache() });

await exercise({
  network,
  resumes: isSocket,
  codesOf: (error) => (CombinedGraphQLErrors.is(error) ? codesIn(error.errors) : [`${error}`]),
  async ask(document, variables) {
    const parsed = gql(document);
    const isQuery = document.startsWith('query');
    const { data } = await (isQuery ? client.query({ query: parsed, variables }) : client.mutate({ mutation: parsed, variables }));
    return data;
  },
  subscribe(document, variables, sink) {
    const next = ({ data, error }) => (error ? sink.error(error) : sink.next(data));
    const subscription = client.subscribe({ query: gql(document), variables, fetchPolicy: 'no-cache' }).subscribe({ ...sink, next });
    return () => subscription.unsubscribe();
  },
});
process.exit(0);
