import { readFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { AddressInfo } from 'node:net';

/** The content security policy with which the server serves the console. */
export const POLICY =
  "default-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface Site {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** The paths of the API: GraphQL, the uploads of rate decks, and the downloads of exports. */
const API_PATHS = ['/graphql', '/tariff-imports/', '/export/'];

/** Serves the built console with its security policy, and forwards requests to the API, WebSockets included. */
export async function serveConsole(folder: string, api: URL): Promise<Site> {
  const server = createServer((incoming, response) => {
    if (API_PATHS.some((path) => incoming.url?.startsWith(path) === true)) {
      forward(incoming, api).then(
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
        () => {
          response.writeHead(502).end();
        },
      );
      return;
    }
    const path = normalize(new URL(incoming.url ?? '/', 'http://localhost').pathname);
    readFile(join(folder, path === '/' ? 'index.html' : path)).then(
      (body) => {
        const type = TYPES[path === '/' ? '.html' : extname(path)] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body);
      },
      () => {
        response.writeHead(404).end();
      },
    );
  });
  forwardSockets(server, api);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${portOf(server)}/`, close: () => stop(server) };
}

function forward(incoming: IncomingMessage, api: URL): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { ...incoming.headers, host: api.host };
    delete headers.origin;
    // a new connection for each request, because the server may close an idle connection just when a request is sent on it
    const outgoing = request({ host: api.hostname, port: api.port, path: incoming.url, method: incoming.method, headers, agent: false }, resolve);
    outgoing.on('error', reject);
    incoming.pipe(outgoing);
  });
}

function forwardSockets(server: Server, api: URL): void {
  server.on('upgrade', (incoming, socket, head) => {
    const upstream = connect(Number(api.port), api.hostname, () => {
      const lines = [`GET ${incoming.url ?? '/'} HTTP/1.1`];
      for (const [name, value] of Object.entries({ ...incoming.headers, host: api.host, origin: api.origin })) {
        if (value !== undefined) lines.push(`${name}: ${String(value)}`);
      }
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    const end = (): void => {
      upstream.destroy();
      socket.destroy();
    };
    for (const stream of [upstream, socket]) stream.on('error', end).on('close', end);
  });
}

export function portOf(server: Server): number {
  const address = server.address();
  if (!isPort(address)) throw new Error('The server does not listen on a port.');
  return address.port;
}

function isPort(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
