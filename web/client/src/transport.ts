import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { Endpoint } from './http.js';
import type { SessionKeeper } from './session.js';
import type { ConnectionState, Watched } from './types.js';

/** The connection was lost, which ended an operation. The next attempt may begin once `ready()` has resolved. */
export class ConnectionLost extends Error {}

/** Runs subscriptions: all of them over one WebSocket, or each over an HTTP response of its own. */
export interface Transport {
  readonly connection: Watched<ConnectionState>;
  /** Registers a subscription that begins. Call the returned function when the subscription ends. */
  want(): () => void;
  /** Waits until the next attempt may begin with a valid token. Throws the errors of refreshing the token. */
  ready(signal: AbortSignal): Promise<void>;
  /** Runs one operation until the server completes it. Throws `ConnectionLost`, or a `CallshopError` of the operation. */
  run<T, V extends Record<string, unknown>>(
    document: TypedDocumentNode<T, V>,
    variables: V,
    next: (data: T) => void,
    signal: AbortSignal,
  ): Promise<void>;
  dispose(): void;
}

/** The parts of the client that a transport uses. */
export interface TransportParts {
  readonly endpoint: Endpoint;
  readonly keeper: SessionKeeper;
}

export type TransportFactory = (parts: TransportParts) => Transport;
