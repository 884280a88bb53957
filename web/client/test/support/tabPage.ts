// A page with a board, in its own process, so that a test can freeze the process as a browser freezes a hidden tab. See tab.ts.
import { createClient, eventStreams, type StreamFormat } from '../../src/index.js';

export interface TabOptions {
  readonly url: string;
  readonly login: string;
  readonly password: string;
  readonly callshopId: string;
  /** Null for the WebSocket. */
  readonly format: StreamFormat | null;
}

const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
Object.assign(globalThis, { document: page });

function tell(message: Record<string, unknown>): void {
  process.send?.(message);
}

async function follow({ url, login, password, callshopId, format }: TabOptions): Promise<void> {
  const client = createClient({ url, ...(format === null ? {} : { transport: eventStreams(format) }) });
  client.connection.subscribe(() => tell({ connection: client.connection.get().state }));
  await client.login(login, password);
  for await (const state of client.liveCallshop(callshopId)) {
    tell({ state });
  }
}

function isOptions(message: unknown): message is TabOptions {
  return typeof message === 'object' && message !== null && 'callshopId' in message;
}

process.on('message', (message) => {
  if (isOptions(message)) {
    follow(message).catch((error: unknown) => tell({ failure: String(error) }));
  } else {
    page.dispatchEvent(new Event('visibilitychange'));
  }
});
