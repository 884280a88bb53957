import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { createParser } from 'eventsource-parser';
import { meros } from 'meros/browser';
import { CallshopError, TransportCode, errorOf, isRecord } from './errors.js';
import { Gate } from './gate.js';
import { headersOf, isDataOf, read, textOf, type Endpoint } from './http.js';
import type { SessionKeeper } from './session.js';
import { Status } from './status.js';
import { ConnectionLost, type Transport, type TransportFactory, type TransportParts } from './transport.js';
import { browserPage, type Page } from './waiting.js';

/** `sse`: server-sent events. `multipart`: the multipart responses of Apollo's clients. */
export type StreamFormat = 'sse' | 'multipart';

const ACCEPT: Readonly<Record<StreamFormat, string>> = {
  sse: 'text/event-stream',
  multipart: 'multipart/mixed;subscriptionSpec=1.0, application/json',
};
const TYPE: Readonly<Record<StreamFormat, string>> = { sse: 'text/event-stream', multipart: 'multipart/mixed' };
const CONNECT_WITHIN_MS = 10_000;
/** A stream without data for this long counts as dead. The server sends a keep-alive message every 20 seconds. */
const QUIET_MS = 25_000;
/** After a stream that lasted longer than this, the pauses between attempts start again from the shortest pause. */
const GOOD_AFTER_MS = 2_000;

/**
 * Subscriptions over HTTP, for networks that block WebSockets. Each subscription is one request with one long response, so a page that uses HTTP/1.1
 * should have few subscriptions.
 */
export function eventStreams(format: StreamFormat = 'sse'): TransportFactory {
  return (parts) => new EventStreams(format, parts);
}

/** A request whose long response is being read. */
interface Running {
  readonly signal: AbortSignal;
  /** Ends the request. `stop` is always the same function, so that it can be removed as a listener. */
  readonly stop: () => void;
  openSince: number | null;
  lastHeard: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

class EventStreams implements Transport {
  readonly connection;
  readonly #format: StreamFormat;
  readonly #endpoint: Endpoint;
  readonly #keeper: SessionKeeper;
  readonly #page: Page = browserPage;
  readonly #gate = new Gate(this.#page);
  readonly #running = new Set<Running>();
  readonly #status = new Status(this.#page, () => [...this.#running].some(({ openSince }) => openSince !== null));
  readonly #stops: readonly (() => void)[];

  constructor(format: StreamFormat, { endpoint, keeper }: TransportParts) {
    this.#format = format;
    this.#endpoint = endpoint;
    this.#keeper = keeper;
    this.connection = this.#status.connection;
    this.#stops = [
      this.#page.onWake(() => this.#wake()),
      this.#page.onOffline(() => this.#status.show()),
      keeper.session.subscribe(() => this.#sessionChanged()),
    ];
  }

  want(): () => void {
    return this.#status.want();
  }

  async ready(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#gate.isOpen) {
      await this.#gate.change(signal);
    }
    if (!signal.aborted) {
      await this.#keeper.token();
    }
  }

  async run<T, V extends Record<string, unknown>>(
    document: TypedDocumentNode<T, V>,
    variables: V,
    next: (data: T) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const running = this.#begin(signal);
    try {
      const response = await this.#request(document, variables, running);
      for await (const result of this.#results(document, response, running)) {
        next(dataOf(document, result));
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (error instanceof CallshopError) {
        throw error;
      }
      this.#gate.close();
      throw new ConnectionLost('The connection was lost.', { cause: error });
    } finally {
      this.#end(running, signal);
    }
  }

  dispose(): void {
    this.#stops.forEach((stop) => stop());
    this.#running.forEach(({ stop }) => stop());
    this.#gate.stop();
  }

  #begin(signal: AbortSignal): Running {
    const abort = new AbortController();
    const stop = (): void => {
      abort.abort();
    };
    signal.addEventListener('abort', stop);
    if (signal.aborted) {
      stop();
    }
    const running: Running = { signal: abort.signal, stop, openSince: null, lastHeard: Date.now(), timer: setTimeout(stop, CONNECT_WITHIN_MS) };
    this.#running.add(running);
    return running;
  }

  #end(running: Running, signal: AbortSignal): void {
    const { openSince, timer, stop } = running;
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    if (openSince !== null && Date.now() - openSince > GOOD_AFTER_MS) {
      this.#gate.relax();
    }
    this.#running.delete(running);
    // closes the response, which is still open if reading it failed
    stop();
    this.#status.show();
  }

  async #request<T, V>(document: TypedDocumentNode<T, V>, variables: V, { signal }: Running): Promise<Response> {
    const token = await this.#keeper.token();
    return this.#endpoint.fetch(this.#endpoint.url, {
      method: 'POST',
      headers: { ...headersOf(this.#endpoint, token), accept: ACCEPT[this.#format] },
      body: JSON.stringify({ query: textOf(document), variables }),
      signal,
    });
  }

  /** The results of a response. If the server refused the request, the response is a single JSON object and not a stream. */
  async *#results<T, V>(document: TypedDocumentNode<T, V>, response: Response, running: Running): AsyncGenerator {
    if (!(response.headers.get('content-type') ?? '').startsWith(TYPE[this.#format])) {
      yield { data: read(document, response, await response.text()).data };
      return;
    }
    running.openSince = Date.now();
    this.#status.show();
    const heard = (): void => {
      running.lastHeard = Date.now();
      clearTimeout(running.timer);
      running.timer = setTimeout(running.stop, QUIET_MS);
    };
    heard();
    yield* this.#format === 'sse' ? eventsOf(response, heard) : partsOf(response, heard);
  }

  /** Called when the network may be back or the machine may have slept. Ends streams without recent data, and lets attempts begin immediately. */
  #wake(): void {
    for (const running of this.#running) {
      if (Date.now() - running.lastHeard > QUIET_MS) {
        running.stop();
      }
    }
    this.#gate.wake();
    this.#status.show();
  }

  #sessionChanged(): void {
    if (!this.#keeper.isFixed && this.#keeper.session.get() === null) {
      this.#running.forEach(({ stop }) => stop());
      this.#gate.release();
    }
  }
}

function dataOf<T, V>(document: TypedDocumentNode<T, V>, result: unknown): T {
  const { data, errors } = isRecord(result) ? result : {};
  if (errors === undefined && isDataOf(document, data)) {
    return data;
  }
  throw errorOf(errors) ?? new CallshopError(TransportCode.BAD_RESPONSE, 'The server sent a message without data.');
}

async function* eventsOf({ body }: Response, heard: () => void): AsyncGenerator {
  const results: unknown[] = [];
  const state = { isComplete: false };
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'complete') {
        state.isComplete = true;
      } else if (event === 'next') {
        results.push(JSON.parse(data));
      }
    },
  });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) {
      throw new ConnectionLost('The stream ended without its last event.');
    }
    heard();
    parser.feed(chunk.value);
    yield* results.splice(0);
    if (state.isComplete) {
      return;
    }
  }
}

/**
 * The results in a multipart response. A part is one of three things: a result in `payload`, an empty `{}` that keeps the
 * connection alive, or a null `payload` with `errors` that concern the whole connection.
 */
async function* partsOf(response: Response, heard: () => void): AsyncGenerator {
  const parts = await meros<unknown>(response);
  if (parts instanceof Response) {
    throw new CallshopError(TransportCode.BAD_RESPONSE, 'The response has no parts.');
  }
  for await (const { json, body } of parts) {
    heard();
    if (!json || !isRecord(body)) {
      throw new CallshopError(TransportCode.BAD_RESPONSE, 'A part of the response is not JSON.');
    }
    if (isRecord(body.payload)) {
      yield body.payload;
    } else if (body.errors !== undefined) {
      yield { errors: body.errors };
    }
  }
}
