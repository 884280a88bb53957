import { createClient, type Client } from 'graphql-ws';
import type { Operation } from './http';
import { textAt } from './json';
import type { Session } from './session';

/** Receives the messages of a subscription, and learns how the subscription ended. */
export interface Listener {
  open(): void;
  next(result: unknown): void;
  /** `reason` is null after the server's `complete`. */
  end(reason: string | null): void;
}

/** Starts a subscription on its own socket. Returns a function that stops the subscription. */
export type Subscribe = (operation: Operation, authorization: string | null, listener: Listener) => () => void;

/** Subscribes over WebSocket. When the session's token is exchanged, running subscriptions get the new token. */
export function subscribeTo(url: URL, session: Session): Subscribe {
  return (operation, authorization, listener) => {
    const socketUrl = new URL(url);
    socketUrl.protocol = url.protocol.replace('http', 'ws');
    let stopped = false;
    const end = (reason: string | null): void => {
      if (!stopped) {
        stop();
        listener.end(reason);
      }
    };
    const client = createClient({
      url: socketUrl.href,
      // do not retry, so that the explorer can show why a socket closed
      retryAttempts: 0,
      ...(authorization === null ? {} : { connectionParams: { authorization } }),
    });
    const follow = followToken(client, session, authorization);
    const stop = (): void => {
      stopped = true;
      follow();
      unsubscribe();
      void client.dispose();
    };
    client.on('connected', () => {
      listener.open();
    });
    const unsubscribe = client.subscribe(
      { query: operation.query, operationName: operation.operationName, variables: { ...operation.variables } },
      {
        next: (result) => {
          listener.next(result);
        },
        error: (error) => {
          if (Array.isArray(error)) {
            listener.next({ errors: error });
            end(null);
          } else {
            end(closing(error));
          }
        },
        complete: () => {
          end(null);
        },
      },
    );
    return stop;
  };
}

/** Sends each new token of the session over the open socket, unless the user set an authorization header. */
function followToken(client: Client, session: Session, authorization: string | null): () => void {
  let socket: WebSocket | null = null;
  let sent = authorization;
  const { identity } = session.state.get();
  client.on('connected', (opened) => {
    socket = opened instanceof WebSocket ? opened : null;
  });
  const isOwn = authorization === bearer(session);
  return session.state.subscribe(() => {
    const fresh = bearer(session);
    if (isOwn && fresh !== null && fresh !== sent && session.state.get().identity === identity) {
      sent = fresh;
      socket?.send(JSON.stringify({ type: 'ping', payload: { authorization: fresh } }));
    }
  });
}

function bearer(session: Session): string | null {
  return session.token === null ? null : `Bearer ${session.token}`;
}

function closing(error: unknown): string {
  if (error instanceof CloseEvent) {
    return `The socket closed: ${error.code} ${error.reason}`.trim();
  }
  return textAt(error, 'message') ?? 'The socket could not be opened. Check that the server is running.';
}
