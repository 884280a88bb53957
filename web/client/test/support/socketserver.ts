import { once } from 'node:events';
import { WebSocketServer, type WebSocket as Connection } from 'ws';

export interface Subscription {
  readonly connection: Connection;
  readonly id: string;
  /** Name of the operation. */
  readonly name: string;
  readonly variables: Readonly<Record<string, unknown>>;
  next(data: unknown): void;
  errors(code: string): void;
  complete(): void;
}

export interface Message {
  readonly type: string;
  readonly payload?: unknown;
}

/** A graphql-transport-ws server that a test controls step by step. */
export class SocketServer {
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' });
  readonly connections: Connection[] = [];
  readonly subscriptions: Subscription[] = [];
  readonly completed: string[] = [];
  readonly received: Message[] = [];
  /** The tokens that arrived in `connection_init` messages, in order. */
  readonly tokens: string[] = [];
  /** The close code that is sent instead of an acknowledgment. */
  refuseWith: (token: string) => number | null = () => null;
  onSubscribe: (subscription: Subscription) => void = () => undefined;

  static async start(): Promise<SocketServer> {
    const server = new SocketServer();
    server.#server.on('connection', (connection) => server.#serve(connection));
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/graphql` : '';
  }

  get open(): number {
    return this.#server.clients.size;
  }

  /** The newest subscription of an operation. */
  newest(name: string): Subscription {
    const found = this.subscriptions.filter((subscription) => subscription.name === name).at(-1);
    if (found === undefined) {
      throw new Error(`Nobody has subscribed to ${name}.`);
    }
    return found;
  }

  count(name: string): number {
    return this.subscriptions.filter((subscription) => subscription.name === name).length;
  }

  closeAll(code: number): void {
    this.#server.clients.forEach((connection) => connection.close(code, 'by the test'));
  }

  async stop(): Promise<void> {
    this.#server.clients.forEach((connection) => connection.terminate());
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(connection: Connection): void {
    this.connections.push(connection);
    connection.on('message', (bytes: Buffer) => {
      const message: unknown = JSON.parse(bytes.toString());
      if (isMessage(message)) {
        this.received.push(message);
        this.#obey(connection, message);
      }
    });
  }

  #obey(connection: Connection, message: Message): void {
    switch (message.type) {
      case 'connection_init': {
        const token = /Bearer ([^"]+)/.exec(JSON.stringify(message.payload))?.[1] ?? '';
        this.tokens.push(token);
        const code = this.refuseWith(token);
        if (code === null) {
          connection.send('{"type":"connection_ack"}');
        } else {
          connection.close(code, 'refused by the test');
        }
        break;
      }
      case 'ping':
        connection.send('{"type":"pong"}');
        break;
      case 'subscribe':
        this.#subscribe(connection, message);
        break;
      case 'complete':
        this.completed.push(idOf(message));
        break;
    }
  }

  #subscribe(connection: Connection, message: Message): void {
    const id = idOf(message);
    const { payload } = message;
    if (!isPayload(payload)) {
      throw new Error('The client subscribed to nothing.');
    }
    const send = (type: string, body?: unknown): void => connection.send(JSON.stringify({ id, type, ...(body === undefined ? {} : { payload: body }) }));
    const subscription: Subscription = {
      connection,
      id,
      name: /subscription (\w+)/.exec(payload.query)?.[1] ?? '',
      variables: payload.variables,
      next: (data) => send('next', { data }),
      errors: (code) => send('error', [{ message: `It is ${code}.`, extensions: { code } }]),
      complete: () => send('complete'),
    };
    this.subscriptions.push(subscription);
    this.onSubscribe(subscription);
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function idOf(message: Message): string {
  return 'id' in message && typeof message.id === 'string' ? message.id : '';
}

function isPayload(value: unknown): value is { readonly query: string; readonly variables: Record<string, unknown> } {
  return typeof value === 'object' && value !== null && 'query' in value && 'variables' in value;
}
