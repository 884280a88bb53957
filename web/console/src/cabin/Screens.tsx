import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { CreateScreenDocument, RevokeScreenDocument, ScreensDocument } from '../generated.js';
import { Button } from '../ui/Button.js';
import { QrCode } from '../ui/QrCode.js';
import { Answer, ErrorNote } from '../ui/States.js';

/** The address of a screen's page. The token is in the fragment, which browsers do not send. */
function addressOf(token: string): string {
  return new URL(`screen.html#${token}`, location.href).href;
}

/** The screens for the customer of one cabin: a link to open on a tablet in the cabin. */
export function Screens({ cabinId }: { readonly cabinId: string }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { date } = useFormat();
  const query = useQuery(ScreensDocument, { cabinId });
  const [token, setToken] = useState<string | null>(null);
  const create = useAction(() => client.request(CreateScreenDocument, { input: { cabinId } }));
  const revoke = useAction((_key: string, screenId: string) => client.request(RevokeScreenDocument, { input: { screenId } }));

  async function open(): Promise<void> {
    const made = await create.run();
    if (made === null) return;
    setToken(made.createScreen.token);
    query.reload();
  }

  async function end(screenId: string): Promise<void> {
    if ((await revoke.run(screenId)) === null) return;
    setToken(null);
    query.reload();
  }

  const error = create.error ?? revoke.error;
  return (
    <section className="part" aria-labelledby="screens">
      <h3 id="screens">{t('screen.title')}</h3>
      {error === null ? null : <ErrorNote error={error} />}
      <Answer query={query}>
        {({ cabin }) => (
          <ul className="lines">
            {(cabin?.screens ?? []).map((screen) => (
              <li key={screen.screenId} className="line">
                <span className="line-main">{t('screen.until', { date: date(screen.expiresAt.slice(0, 10)) })}</span>
                <Button size="small" icon="close" busy={revoke.busy} onClick={() => { void end(screen.screenId); }}>
                  {t('screen.revoke')}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Answer>
      {token === null ? null : <Link address={addressOf(token)} />}
      <Button icon="qr" busy={create.busy} onClick={() => { void open(); }}>
        {t('screen.create')}
      </Button>
    </section>
  );
}

function Link({ address }: { readonly address: string }): ReactElement {
  const { t } = useTranslation();
  return (
    <figure className="screen-link">
      <QrCode text={address} label={t('screen.code')} />
      <figcaption>
        {t('screen.scan')} <a href={address}>{t('screen.open')}</a>
      </figcaption>
    </figure>
  );
}
