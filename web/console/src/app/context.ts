import { createContext, use, useCallback, useSyncExternalStore } from 'react';
import type { CallshopClient, ConnectionState, Session, Viewer, Watched } from '@callshop/client';

export const ClientContext = createContext<CallshopClient | null>(null);

export function useClient(): CallshopClient {
  const client = use(ClientContext);
  if (client === null) throw new Error('There is no client around this component.');
  return client;
}

function useWatched<T>(watched: Watched<T>): T {
  const subscribe = useCallback((listener: () => void) => watched.subscribe(listener), [watched]);
  return useSyncExternalStore(subscribe, () => watched.get());
}

export function useSession(): Session | null {
  return useWatched(useClient().session);
}

export function useConnection(): ConnectionState {
  return useWatched(useClient().connection);
}

export function useViewer(): Viewer {
  const session = useSession();
  if (session === null) throw new Error('Nobody is logged in.');
  return session.viewer;
}
