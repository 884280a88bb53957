// The clients of the two protocols, without a library above them: node plain.mjs graphql-ws|graphql-sse
import { createClient as createSse } from 'graphql-sse';
import { createClient as createWs } from 'graphql-ws';
import { codesIn, exercise, headers, login, post, way } from './common.mjs';

const network = await way();
const isSocket = process.argv[2] === 'graphql-ws';
const client = isSocket
  ? createWs({ url: network.ws, connectionParams: () => ({ token: login.token }) })
  : createSse({ url: network.url, headers });

async function askAnonymously(query, variables) {
  const { data } = await post(network.url, query, variables);
  return data;
}

await exercise({
  network,
  // without the recipe, a retry starts without a cursor
  resumes: false,
  codesOf: (error) => (Array.isArray(error) ? codesIn(error) : [`${error}`]),
  async ask(query, variables) {
    // a socket needs a token, so the login uses plain HTTP
    if (isSocket && login.token === '') return askAnonymously(query, variables);
    for await (const { data, errors } of client.iterate({ query, variables })) {
      if (errors) throw errors;
      return data;
    }
  },
  subscribe: (query, variables, sink) =>
    client.subscribe({ query, variables }, { ...sink, next: ({ data, errors }) => (errors ? sink.error(errors) : sink.next(data)) }),
});
process.exit(0);
