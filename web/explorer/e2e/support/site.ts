import { readFile, stat } from 'node:fs/promises';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { Duplex } from 'node:stream';

export interface SiteOptions {
  /** The served folders; the key of each folder is its path in the URL, such as `/explorer/`. */
  readonly folders: Readonly<Record<string, string>>;
  /** The server behind `/graphql`. */
  readonly graphql: string;
  readonly policy: string;
}

export interface Site {
  readonly origin: string;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.graphql': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** Serves built pages as the program does: with a content security policy, and GraphQL at the same origin. */
export async function startSite(options: SiteOptions): Promise<Site> {
  const upstream = new URL(options.graphql);
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/graphql') === true) {
      pass(request, response, upstream);
    } else {
      void serve(request, response, options);
    }
  });
  const sockets = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    upgrade(request, socket, upstream);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('The site has no port.');
  }
  return {
    origin: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, options: SiteOptions): Promise<void> {
  const path = decodeURIComponent(new URL(request.url ?? '/', 'http://site').pathname);
  const found = Object.entries(options.folders).find(([prefix]) => path.startsWith(prefix));
  const file = found === undefined ? null : await fileAt(found[1], normalize(path.slice(found[0].length)));
  const headers = { 'content-security-policy': options.policy, 'x-content-type-options': 'nosniff' };
  if (file === null) {
    response.writeHead(404, headers).end('not found');
    return;
  }
  const type = TYPES[extname(file)] ?? 'application/octet-stream';
  response.writeHead(200, { ...headers, 'content-type': type }).end(await readFile(file));
}

async function fileAt(folder: string, path: string): Promise<string | null> {
  const file = join(folder, path.endsWith('/') || path === '.' ? join(path, 'index.html') : path);
  const found = await stat(file).catch(() => null);
  return found?.isFile() === true ? file : null;
}

function pass(request: IncomingMessage, response: ServerResponse, upstream: URL): void {
  const { method, headers, url } = request;
  const onward = forward({ host: upstream.hostname, port: upstream.port, path: url, method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => {
    response.destroy();
  });
  response.on('close', () => {
    onward.destroy();
  });
  request.pipe(onward);
}

function upgrade(request: IncomingMessage, socket: Duplex, upstream: URL): void {
  const onward = connect(Number(upstream.port), upstream.hostname, () => {
    const lines = request.rawHeaders.flatMap((name, index, all) => (index % 2 === 0 ? `${name}: ${all[index + 1] ?? ''}` : []));
    onward.write(`GET ${request.url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    onward.pipe(socket);
    socket.pipe(onward);
  });
  const close = (): void => {
    onward.destroy();
    socket.destroy();
  };
  for (const side of [onward, socket]) {
    side.on('error', close);
    side.on('close', close);
  }
}
