import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { Kind, OperationTypeNode, type DocumentNode } from 'graphql';
import { CallshopError, TransportCode, isRecord, isUnauthenticated, toUserError, userErrorOf } from './errors.js';
import { post, type Answer, type Endpoint } from './http.js';
import { followBoard, type BoardSource } from './live.js';
import { keepRunning, type Connection } from './running.js';
import { SessionKeeper } from './session.js';
import { Socket } from './socket.js';
import { cabinSource, shopSource, type Request } from './sources.js';
import { memoryStore, viewerStorage } from './store.js';
import { Stream } from './stream.js';
import type { Transport, TransportFactory } from './transport.js';
import type { CallshopClient, ClientOptions, LiveCabin, RequestOptions, Session, ShopState } from './types.js';
import { put } from './upload.js';

/** Timeout of a board's own requests. The timeout is short because the board repeats a failed request. */
const ASK_TIMEOUT_MS = 10_000;

export function createClient(options: ClientOptions): CallshopClient {
  const endpoint: Endpoint = {
    url: options.url,
    // a browser's own `fetch` fails if it is called as a method of another object
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    locale: options.locale,
  };
  const inCookie = options.session === 'cookie';
  const store = options.store ?? (inCookie ? viewerStorage(localStorage) : memoryStore());
  const keeper = new SessionKeeper(endpoint, store, options.token ?? null, inCookie);
  const overSocket: TransportFactory = () => new Socket({ url: webSocketUrl(options.url), webSocketImpl: options.webSocketImpl, keeper, locale: options.locale });
  const transport = (options.transport ?? overSocket)({ endpoint, keeper });
  return new Client(endpoint, { keeper, transport });
}

class Client implements CallshopClient {
  readonly session;
  readonly connection;
  readonly #endpoint: Endpoint;
  readonly #keeper: SessionKeeper;
  readonly #transport: Transport;
  readonly #parts: Connection;
  readonly #disposed = new AbortController();

  constructor(endpoint: Endpoint, parts: Connection) {
    this.#endpoint = endpoint;
    this.#parts = parts;
    this.#keeper = parts.keeper;
    this.#transport = parts.transport;
    this.session = parts.keeper.session;
    this.connection = parts.transport.connection;
  }

  login(login: string, password: string, code?: string): Promise<Session> {
    return this.#keeper.login(login, password, code);
  }

  logout(): Promise<void> {
    return this.#keeper.logout();
  }

  async request<T, V extends Record<string, unknown>>(document: TypedDocumentNode<T, V>, variables: V, options: RequestOptions = {}): Promise<T> {
    const answer = await this.#send(document, variables, { signal: options.signal });
    if (isMutation(document)) {
      checkUserErrors(answer);
    }
    return answer.data;
  }

  upload(uploadUrl: string, file: Blob, options: RequestOptions = {}): Promise<void> {
    return put(this.#endpoint, uploadUrl, file, options.signal);
  }

  subscribe<T, V extends Record<string, unknown>>(document: TypedDocumentNode<T, V>, variables: V, options: RequestOptions = {}): AsyncIterable<T> {
    return this.#stream<T>(
      (push, signal) =>
        keepRunning(
          this.#parts,
          {
            attempt: async (until) => {
              await this.#transport.run(document, variables, push, until);
              return true;
            },
          },
          signal,
        ),
      options,
    );
  }

  liveCallshop(callshopId: string, options: RequestOptions = {}): AsyncIterable<ShopState> {
    const source = shopSource(this.#transport, this.#ask, callshopId);
    return this.#stream<ShopState>((push, signal) => followBoard(this.#parts, source, push, signal), options);
  }

  liveCabin(cabinId: string, options: RequestOptions = {}): AsyncIterable<LiveCabin> {
    const source = cabinSource(this.#transport, this.#ask, cabinId);
    return this.#stream<LiveCabin>((push, signal) => followCabin(this.#parts, source, push, signal), options);
  }

  dispose(): void {
    this.#disposed.abort();
    this.#transport.dispose();
  }

  /** An iterable that ends when the caller's signal is aborted or the client is disposed of. */
  #stream<T>(source: ConstructorParameters<typeof Stream<T>>[0], options: RequestOptions): Stream<T> {
    return new Stream<T>(source, options.signal === undefined ? this.#disposed.signal : either(options.signal, this.#disposed.signal));
  }

  readonly #ask: Request = async (document, variables, signal) =>
    (await this.#send(document, variables, { signal, timeoutMs: ASK_TIMEOUT_MS })).data;

  /** Sends a request with a valid token. If the server refuses the token, refreshes once and sends the request again. */
  async #send<T, V>(document: TypedDocumentNode<T, V>, variables: V, options: SendOptions): Promise<Answer<T>> {
    const token = await this.#keeper.token();
    try {
      return await post(this.#endpoint, document, variables, { ...options, token });
    } catch (error) {
      if (!isUnauthenticated(error)) {
        throw error;
      }
      const other = await this.#keeper.replace(token);
      return post(this.#endpoint, document, variables, { ...options, token: other });
    }
  }
}

interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

/** A board of one cabin. The board ends when the cabin is retired. */
async function followCabin(
  parts: Connection,
  source: BoardSource,
  push: (cabin: LiveCabin) => void,
  signal: AbortSignal,
): Promise<void> {
  const retired = new AbortController();
  const show = ({ cabins: [view], asOf, stale }: ShopState): void => {
    if (view === undefined) {
      retired.abort();
    } else {
      push({ ...view, asOf, stale });
    }
  };
  await followBoard(parts, source, show, either(signal, retired.signal));
}

/** A signal that is aborted as soon as one of these two signals is aborted. */
function either(a: AbortSignal, b: AbortSignal): AbortSignal {
  const both = new AbortController();
  const abort = (): void => {
    a.removeEventListener('abort', abort);
    b.removeEventListener('abort', abort);
    both.abort();
  };
  a.addEventListener('abort', abort);
  b.addEventListener('abort', abort);
  if (a.aborted || b.aborted) {
    abort();
  }
  return both.signal;
}

function isMutation(document: DocumentNode): boolean {
  return document.definitions.some(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.MUTATION,
  );
}

/** Throws if the response has user errors. Without this check, a failed mutation would look like a successful one. */
function checkUserErrors({ data, requestId }: Answer<unknown>): void {
  for (const [field, payload] of Object.entries(isRecord(data) ? data : {})) {
    const errors = isRecord(payload) ? payload.userErrors : undefined;
    if (!Array.isArray(errors)) {
      throw new CallshopError(TransportCode.BAD_REQUEST, `Select userErrors { code message field } of ${field}, without an alias.`);
    }
    const error = userErrorOf(errors.map(toUserError), requestId);
    if (error !== null) {
      throw error;
    }
  }
}

function webSocketUrl(url: string): string {
  const absolute = new URL(url, typeof location === 'undefined' ? undefined : location.href);
  absolute.protocol = absolute.protocol === 'https:' ? 'wss:' : 'ws:';
  return absolute.href;
}
