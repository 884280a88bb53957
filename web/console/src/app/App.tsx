import { useEffect, type ReactElement } from 'react';
import type { CallshopClient } from '@callshop/client';
import { I18nextProvider } from 'react-i18next';
import type { i18n } from 'i18next';
import { Login } from '../login/Login.js';
import { SecondFactorGate } from '../login/SecondFactorGate.js';
import { AnnouncerRegions } from './announcer.js';
import { ClientContext, useSession } from './context.js';
import { Faults } from './Faults.js';
import { applyTheme, useSettings } from './settings.js';
import { Shell } from './Shell.js';

export interface AppProps {
  readonly client: CallshopClient;
  readonly i18n: i18n;
  readonly setLanguage: (language: string) => Promise<void>;
}

export function App({ client, i18n, setLanguage }: AppProps): ReactElement {
  const { language, theme } = useSettings();
  useEffect(() => {
    applyTheme(theme);
  }, [theme]);
  useEffect(() => {
    document.documentElement.lang = language;
    void setLanguage(language);
  }, [language, setLanguage]);
  return (
    <ClientContext value={client}>
      <I18nextProvider i18n={i18n}>
        <AnnouncerRegions>
          <Faults>
            <Page />
          </Faults>
        </AnnouncerRegions>
      </I18nextProvider>
    </ClientContext>
  );
}

function Page(): ReactElement {
  const session = useSession();
  // the key discards all state of the previous user when another user logs in
  return session === null ? (
    <Login />
  ) : (
    <SecondFactorGate key={session.viewer.id}>
      <Shell />
    </SecondFactorGate>
  );
}
