import { createClient, webStorage, type CallshopClient } from '@callshop/client';
import { settingsStore } from './settings.js';

/** The client of this page: same origin, and a login that ends with the tab. */
export function pageClient(): CallshopClient {
  return createClient({
    url: '/graphql',
    store: webStorage(sessionStorage),
    locale: () => settingsStore.get().language,
  });
}
