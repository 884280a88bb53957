import { createClient, type Client } from 'graphql-ws';
import { print } from 'graphql';
import { CallshopActivityDocument, type CallshopActivitySubscription } from '../../src/generated.js';
import type { ActivityEvent, CabinView, CallFields } from '../../src/types.js';
import type { Demo } from './demo.js';

type Message = CallshopActivitySubscription['callshopActivity'];

/** A shop's board as the server's snapshot shows it to a new subscriber. */
export interface ServerBoard {
  readonly cursor: string;
  readonly cabins: readonly CabinView[];
}

/** Reads a callshop's events directly from the server, over an undisturbed connection. */
export class Reference {
  readonly events: ActivityEvent[] = [];
  /** The cursor of each received message; the first is the snapshot's. */
  readonly #cursors: string[] = [];
  readonly #client: Client;
  readonly #demo: Demo;
  cursor = '';

  private constructor(demo: Demo, token: string) {
    this.#demo = demo;
    this.#client = createClient({
      url: demo.url.replace('http', 'ws'),
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
  }

  /** Starts reading, and resolves when the first message has arrived. */
  static async begin(demo: Demo, token: string): Promise<Reference> {
    const reference = new Reference(demo, token);
    await new Promise<void>((resolve, reject) => {
      reference.#subscribe(reject, (message) => {
        reference.cursor = message.cursor;
        if (message.event !== null) {
          reference.events.push(message.event);
          reference.#cursors.push(message.cursor);
        } else if (reference.#cursors.length === 0) {
          reference.#cursors.push(message.cursor);
        }
        resolve();
      });
    });
    return reference;
  }

  /**
   * The events after the message with this cursor. A board that starts later than this reader has not seen the events of the demo's start, such as
   * the registrations of its phones.
   */
  since(cursor: string): readonly ActivityEvent[] {
    const at = this.#cursors.indexOf(cursor);
    if (at === -1) {
      throw new Error(`No message had the cursor ${cursor}.`);
    }
    return this.events.slice(at);
  }

  /** The current board as a new subscriber would see it. */
  async board(): Promise<ServerBoard> {
    const message = await new Promise<Message>((resolve, reject) => {
      const stop = this.#subscribe(reject, (first) => {
        stop();
        resolve(first);
      });
    });
    const { snapshot, cursor } = message;
    if (snapshot === null) {
      throw new Error('The first message has no snapshot.');
    }
    const liveCallOf = (id: string): CallFields | null => snapshot.liveCalls.find((call) => call.cabinId === id) ?? null;
    const cabins = snapshot.cabins.map(({ currentSession, liveCall: counted, ...cabin }) => ({
      cabin,
      session: currentSession === null ? null : { ...currentSession, counted },
      liveCall: liveCallOf(cabin.id),
    }));
    return { cursor, cabins };
  }

  async end(): Promise<void> {
    await this.#client.dispose();
  }

  #subscribe(fail: (error: Error) => void, next: (message: Message) => void): () => void {
    return this.#client.subscribe<CallshopActivitySubscription>(
      { query: print(CallshopActivityDocument), variables: { callshopId: this.#demo.printed.callshopId } },
      {
        next: ({ data, errors }) => {
          if (data === undefined || data === null) {
            fail(new Error(JSON.stringify(errors)));
          } else {
            next(data.callshopActivity);
          }
        },
        error: (error) => fail(error instanceof Error ? error : new Error(JSON.stringify(error))),
        complete: () => undefined,
      },
    );
  }
}
