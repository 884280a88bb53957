import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { Kind, print, type DocumentNode } from 'graphql';
import { CallshopError, TransportCode, errorOf, isRecord, type AnswerHeaders } from './errors.js';

export interface Endpoint {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly locale: (() => string) | undefined;
}

export interface PostOptions {
  /** Access token; none for `login` and `refresh`. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export interface Answer<T> {
  readonly data: T;
  readonly requestId: string | null;
  /** The server's time from the header `Date`; null if the browser hides this header. */
  readonly date: string | null;
}

const TIMEOUT_MS = 30_000;

/** Sends one operation. Throws a {@link CallshopError}, or the signal's reason if the signal is aborted. */
export async function post<T, V>(
  endpoint: Endpoint,
  document: TypedDocumentNode<T, V>,
  variables: V,
  options: PostOptions = {},
): Promise<Answer<T>> {
  options.signal?.throwIfAborted();
  const query = textOf(document);
  const limit = new AbortController();
  const abort = (): void => {
    limit.abort();
  };
  const timer = setTimeout(abort, options.timeoutMs ?? TIMEOUT_MS);
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    const response = await endpoint.fetch(endpoint.url, {
      method: 'POST',
      headers: headersOf(endpoint, options.token),
      body: JSON.stringify({ query, variables }),
      signal: limit.signal,
    });
    return read(document, response, await response.text());
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof CallshopError) {
      throw error;
    }
    throw limit.signal.aborted
      ? new CallshopError(TransportCode.TIMEOUT, 'The server did not answer in time. Try again.', { cause: error })
      : new CallshopError(TransportCode.NETWORK, 'The server cannot be reached. Check the network and the URL.', { cause: error });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

/** The headers of a request, with the token if there is one. */
export function headersOf(endpoint: Endpoint, token: string | undefined): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json;q=0.9',
    ...(endpoint.locale === undefined ? {} : { 'accept-language': endpoint.locale() }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}

const texts = new WeakMap<object, string>();

/** The document as text. The text is cached. Throws if the argument is not a parsed document, which can happen in programs without types. */
export function textOf(document: DocumentNode): string {
  if (!isDocument(document)) {
    throw new CallshopError(TransportCode.BAD_REQUEST, "Pass a parsed document: parse(text), from the package 'graphql'.");
  }
  const known = texts.get(document);
  if (known !== undefined) {
    return known;
  }
  const text = print(document);
  texts.set(document, text);
  return text;
}

function isDocument(value: unknown): boolean {
  return isRecord(value) && value.kind === Kind.DOCUMENT;
}

/** The data of a JSON response. Throws if the response has errors, or no data. */
export function read<T, V>(document: TypedDocumentNode<T, V>, response: Response, text: string): Answer<T> {
  const body = parse(text);
  const headers = answerHeaders(response);
  const error = isRecord(body) ? errorOf(body.errors, headers) : null;
  if (error !== null) {
    throw error;
  }
  if (!isRecord(body) || !isDataOf(document, body.data)) {
    throw new CallshopError(codeOf(response.status), `The server's answer (HTTP ${response.status}) is not from this API. Check the URL.`, headers);
  }
  return { data: body.data, requestId: headers.requestId, date: response.headers.get('date') };
}

export function answerHeaders(response: Response): AnswerHeaders {
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return { retryAfterSeconds: Number.isNaN(seconds) ? null : seconds, requestId: response.headers.get('x-request-id') };
}

/** The JSON text's value; null if the text is not JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The code for a response that is not from the API, but probably from a proxy in front of the server. */
export function codeOf(status: number): TransportCode {
  if (status === 429) {
    return TransportCode.RATE_LIMITED;
  }
  return status >= 502 && status <= 504 ? TransportCode.OVERLOADED : TransportCode.BAD_RESPONSE;
}

/** Assumes that any object has the document's type, because the server has checked the document against the schema. */
export function isDataOf<T, V>(_document: TypedDocumentNode<T, V>, data: unknown): data is T {
  return isRecord(data);
}
