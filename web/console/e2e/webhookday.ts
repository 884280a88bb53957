import { createServer, type Server } from 'node:http';
import { dig, text } from './json.js';
import { portOf } from './site.js';
import { price } from './tariffday.js';
import { ask, type Demo } from './demo.js';

/** A program that receives the messages of webhooks. */
export interface Receiver {
  readonly url: string;
  /** The status of each answer from now on. */
  status: number;
  /** The bodies of the messages that were accepted, in order. */
  readonly bodies: readonly string[];
  readonly close: () => void;
}

export async function startReceiver(): Promise<Receiver> {
  const bodies: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (receiver.status < 300) bodies.push(Buffer.concat(chunks).toString());
      response.writeHead(receiver.status).end(receiver.status < 300 ? '' : 'The stock is being counted. Try again later.');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const receiver = {
    url: `http://127.0.0.1:${portOf(server)}/callshop`,
    status: 204,
    bodies,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}

/** Makes two webhooks for the reseller. The receiver accepts one message of each webhook and refuses another. */
export async function newWebhooks(demo: Demo, receiver: Receiver): Promise<void> {
  const viewer = await ask(demo, 'RESELLER', '{ viewer { account { id } } }');
  const id = text(viewer, 'data', 'viewer', 'account', 'id');
  const query = `subscription { accountFeed(accountId: "${id}", kinds: [CREDIT_LOW]) { cursorExpired event { seq kind } } }`;
  for (const description of ['Contabilidade', 'Estoque']) {
    const made = await price(demo, 'createWebhook', { url: receiver.url, query, description }, 'webhook { id }');
    const webhookId = text(dig(made, 'webhook'), 'id');
    for (const status of [204, 503]) {
      receiver.status = status;
      await price(demo, 'testWebhook', { webhookId }, 'delivery { status }');
    }
  }
  receiver.status = 204;
}
