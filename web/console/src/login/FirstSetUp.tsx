import { useEffect, useRef, useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useViewer } from '../app/context.js';
import { RecoveryCodes, SetUp, type Codes } from '../settings/SetUp.js';
import { Button } from '../ui/Button.js';
import { Icon } from '../ui/Icon.js';

/** The first page of a user who must set up a second factor before doing anything else. */
export function FirstSetUp({ onDone }: { readonly onDone: () => void }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const viewer = useViewer();
  const [codes, setCodes] = useState<Codes | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  // this page has replaced another, so move the focus of screen readers to its beginning
  useEffect(() => {
    title.current?.focus();
  }, []);
  return (
    <main className="login" id="main">
      <section className="card login-card" aria-labelledby="set-up-title">
        <div className="brand brand-large">
          <Icon name="phone" />
          <h1 id="set-up-title" ref={title} tabIndex={-1}>
            {t('totp.title')}
          </h1>
        </div>
        {codes === null ? (
          <>
            <p>{t('totp.required', { login: viewer.login })}</p>
            <SetUp onCodes={setCodes} />
            <Button
              icon="leave"
              wide
              onClick={() => {
                void client.logout();
              }}
            >
              {t('settings.logout')}
            </Button>
          </>
        ) : (
          <RecoveryCodes codes={codes} onKept={onDone} />
        )}
      </section>
    </main>
  );
}
