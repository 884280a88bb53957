import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { createClient, type Client } from 'graphql-ws';
import { CallshopError, TransportCode, errorOf, isRecord } from './errors.js';
import { Gate } from './gate.js';
import { isDataOf, textOf } from './http.js';
import type { SessionKeeper } from './session.js';
import { Status } from './status.js';
import { ConnectionLost, type Transport } from './transport.js';
import { browserPage, type Page } from './waiting.js';
import { Watchdog } from './watchdog.js';

export interface SocketOptions {
  readonly url: string;
  readonly webSocketImpl: unknown;
  readonly keeper: SessionKeeper;
  /** BCP 47 tag of the language of messages. */
  readonly locale?: (() => string) | undefined;
  readonly page?: Page;
}

/** After a connection that lasted longer than this, the pauses between attempts start from the shortest again. */
const GOOD_AFTER_MS = 2_000;
/** How long the connection stays open after the last subscription, so that switching screens does not close it. */
const LINGER_MS = 1_000;
/** Pause after a failed refresh. */
const RENEW_AGAIN_MS = 8_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Minimum pauses in milliseconds after close codes that require a longer pause. */
const PAUSES: ReadonlyMap<number, number> = new Map([
  [1013, 2_000],
  [4408, 1_000],
  [4429, 5_000],
  [4503, 5_000],
  [4508, 1_000],
]);
const TOKEN_REFUSED: ReadonlySet<number> = new Set([4401, 4403]);
/** Close codes after which no further attempt is made, because the server would refuse the same message again. */
const FATAL: ReadonlySet<number> = new Set([1009, 4400, 4406, 4409]);

/** The only WebSocket of a client: it opens for the first operation, opens again after a loss, and closes after the last operation. */
export class Socket implements Transport {
  readonly connection;
  readonly #keeper: SessionKeeper;
  readonly #page: Page;
  readonly #gate: Gate;
  /** Null if the platform has no WebSocket. Only subscriptions need one. */
  readonly #client: Client | null;
  readonly #watchdog: Watchdog;
  readonly #stops: readonly (() => void)[];
  readonly #status: Status;
  #isTrying = false;
  #open: WebSocket | null = null;
  #openSince = 0;
  /** The pending replacement of a refused token, if any. */
  #replacing: Promise<unknown> | null = null;
  #sentToken = '';
  #renewal: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SocketOptions) {
    this.#keeper = options.keeper;
    this.#page = options.page ?? browserPage;
    this.#gate = new Gate(this.#page);
    this.#status = new Status(this.#page, () => this.#open !== null);
    this.connection = this.#status.connection;
    this.#client = this.#create(options);
    this.#watchdog = new Watchdog(
      () => this.#send({ type: 'ping' }),
      () => this.#client?.terminate(),
    );
    this.#stops = [
      this.#page.onWake(() => this.#wake()),
      this.#page.onOffline(() => {
        this.#watchdog.suspect();
        this.#status.show();
      }),
      this.#keeper.session.subscribe(() => this.#sessionChanged()),
    ];
  }

  want(): () => void {
    return this.#status.want();
  }

  async ready(signal: AbortSignal): Promise<void> {
    await this.#replacing;
    while (!signal.aborted && this.#open === null && !this.#gate.isOpen) {
      await this.#gate.change(signal);
    }
    if (!signal.aborted && this.#open === null) {
      await this.#keeper.token();
    }
  }

  run<T, V extends Record<string, unknown>>(
    document: TypedDocumentNode<T, V>,
    variables: V,
    next: (data: T) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const client = this.#client;
    if (client === null) {
      return Promise.reject(new CallshopError(TransportCode.PROTOCOL, 'This platform has no WebSocket. Pass one as webSocketImpl.'));
    }
    let end = (): void => undefined;
    const running = new Promise<void>((resolve, reject) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const stop = client.subscribe({ query: textOf(document), variables }, {
        next: ({ data, errors }) => {
          if (errors === undefined && isDataOf(document, data)) {
            next(data);
          } else {
            reject(errorOf(errors) ?? new CallshopError(TransportCode.BAD_RESPONSE, 'The server sent a message without data.'));
            stop();
          }
        },
        error: (reason) => reject(failureOf(reason)),
        complete: resolve,
      });
      end = () => {
        stop();
        resolve();
      };
      signal.addEventListener('abort', end);
    });
    return running.finally(() => signal.removeEventListener('abort', end));
  }

  dispose(): void {
    this.#stops.forEach((stop) => stop());
    this.#client?.terminate();
    this.#gate.stop();
    this.#watchdog.stop();
    clearTimeout(this.#renewal);
  }

  #create({ url, webSocketImpl, locale }: SocketOptions): Client | null {
    const platform: unknown = webSocketImpl ?? globalThis.WebSocket;
    if (!isWebSocketClass(platform)) {
      return null;
    }
    return createClient({
      url,
      webSocketImpl: heard(platform),
      connectionParams: async () => {
        this.#sentToken = await this.#keeper.token();
        return {
          authorization: `Bearer ${this.#sentToken}`,
          ...(locale === undefined ? {} : { acceptLanguage: locale() }),
        };
      },
      // no retries here: the gate decides when to try again, and each operation's loop decides from which cursor
      retryAttempts: 0,
      lazyCloseTimeout: LINGER_MS,
      on: {
        connecting: () => {
          this.#isTrying = true;
          this.#watchdog.connecting();
        },
        connected: (socket) => this.#connected(socket),
        message: () => this.#watchdog.heard(),
        closed: (event) => this.#lost(closeCodeOf(event)),
        error: () => this.#lost(null),
      },
    });
  }

  #connected(socket: unknown): void {
    if (!isWebSocket(socket)) {
      return;
    }
    this.#open = socket;
    this.#openSince = Date.now();
    this.#watchdog.opened();
    this.#planRenewal();
    // the token may have been replaced while the connection was being opened
    this.#sessionChanged();
    this.#status.show();
    this.#gate.release();
  }

  /** Handles the end of an attempt or a connection. Does nothing on the second call, because an error and a close event may both report the end. */
  #lost(code: number | null): void {
    if (!this.#isTrying) {
      return;
    }
    if (this.#open !== null && Date.now() - this.#openSince > GOOD_AFTER_MS) {
      this.#gate.relax();
    }
    this.#isTrying = false;
    this.#open = null;
    this.#watchdog.stop();
    clearTimeout(this.#renewal);
    if (code !== null && TOKEN_REFUSED.has(code)) {
      this.#replaceToken();
    }
    if (code !== 1000) {
      this.#gate.close(code === null ? 0 : PAUSES.get(code));
    }
    this.#status.show();
  }

  /** Replaces a token that the server refused. No connection is attempted until the replacement has ended. */
  #replaceToken(): void {
    const replacing = this.#keeper
      .replace(this.#sentToken)
      // `ready` reports the same error
      .catch(() => undefined)
      .then(() => {
        this.#replacing = null;
      });
    this.#replacing = replacing;
  }

  /** When the network may be back or the machine may have slept, checks the connection, or connects immediately. */
  #wake(): void {
    if (this.#isTrying) {
      this.#watchdog.suspect();
    }
    if (this.#open === null) {
      this.#gate.wake();
    }
    this.#status.show();
  }

  /** Gives the server a new token before the old one expires, so that the connection lasts. */
  #planRenewal(): void {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(
      () => {
        this.#keeper.refresh().catch(() => {
          if (this.#open !== null) {
            this.#renewal = setTimeout(() => this.#planRenewal(), RENEW_AGAIN_MS);
          }
        });
      },
      Math.min(this.#keeper.renewIn(), LONGEST_TIMER_MS),
    );
  }

  #sessionChanged(): void {
    if (this.#keeper.isFixed) {
      return;
    }
    const session = this.#keeper.session.get();
    if (session === null) {
      this.#client?.terminate();
      this.#gate.release();
    } else if (this.#open !== null && session.accessToken !== this.#sentToken) {
      this.#sentToken = session.accessToken;
      this.#send({ type: 'ping', payload: { authorization: `Bearer ${session.accessToken}` } });
      this.#planRenewal();
    }
  }

  #send(message: Record<string, unknown>): void {
    if (this.#open?.readyState === 1) {
      this.#open.send(JSON.stringify(message));
    }
  }
}

function failureOf(reason: unknown): Error {
  if (reason instanceof CallshopError) {
    return reason;
  }
  const error = errorOf(reason);
  if (error !== null) {
    return error;
  }
  const code = closeCodeOf(reason);
  if (code === null || !FATAL.has(code)) {
    return new ConnectionLost('The connection was lost.');
  }
  const text = isRecord(reason) && typeof reason.reason === 'string' ? reason.reason : '';
  return new CallshopError(TransportCode.PROTOCOL, `The server closed the connection: ${text} (${code}).`);
}

function closeCodeOf(event: unknown): number | null {
  return isRecord(event) && typeof event.code === 'number' ? event.code : null;
}

function isWebSocketClass(value: unknown): value is typeof WebSocket {
  return typeof value === 'function';
}

/**
 * Adds an error listener to each socket. If a socket is closed while it connects, the socket has no other listener, and the package `ws` would throw
 * the error.
 */
function heard(platform: typeof WebSocket): typeof WebSocket {
  return class extends platform {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener('error', () => undefined);
    }
  };
}

function isWebSocket(socket: unknown): socket is WebSocket {
  return typeof socket === 'object' && socket !== null && 'send' in socket && 'readyState' in socket;
}
