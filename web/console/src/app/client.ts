import { createClient, type CallshopClient } from '@callshop/client';
import { settingsStore } from './settings.js';

/** The client of this page. It uses the page's origin, and a login that all tabs share and whose refresh token no script can read. */
export function pageClient(): CallshopClient {
  return createClient({
    url: '/graphql',
    session: 'cookie',
    locale: () => settingsStore.get().language,
  });
}
