import { AnswerLog } from './answers';
import { createFetcher, type Connections, type Fetcher } from './fetcher';
import { sendTo } from './http';
import { subscribeTo } from './live';
import { Session } from './session';

/** The objects that the page's components share. */
export interface Services extends Connections {
  readonly storage: Storage;
  readonly createFetcher: () => Fetcher;
}

export function createServices({ endpoint, storage }: { endpoint: URL; storage: Storage }): Services {
  const send = sendTo(endpoint);
  const session = new Session(send, storage);
  const connections = { send, session, subscribe: subscribeTo(endpoint, session), log: new AnswerLog() };
  return { ...connections, storage, createFetcher: () => createFetcher(connections) };
}
