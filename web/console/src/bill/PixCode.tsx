import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../app/permissions.js';
import { href } from '../app/router.js';
import { useQuery } from '../app/useQuery.js';
import { PixDocument } from '../generated.js';
import { decimalOf } from '../lib/money.js';
import { Icon } from '../ui/Icon.js';
import { QrCode } from '../ui/QrCode.js';
import { Answer } from '../ui/States.js';

export interface PixCodeProps {
  readonly sessionId: string;
  /** Whether the shop has a Pix key. */
  readonly hasKey: boolean;
  readonly micros: bigint;
}

/** The server's Pix code for the amount. If the shop has no Pix key, shows a text that says who can set one. */
export function PixCode({ sessionId, hasKey, micros }: PixCodeProps): ReactElement | null {
  const { t } = useTranslation();
  const maySet = useMay('MANAGE_SETTINGS');
  const query = useQuery(PixDocument, hasKey && micros > 0n ? { id: sessionId, amount: decimalOf(micros) } : null);
  if (!hasKey) {
    return (
      <p className="quiet">
        <Icon name="qr" /> {maySet ? <a href={href('settings')}>{t('pix.noKey')}</a> : t('pix.keyByOwner')}
      </p>
    );
  }
  return <Answer query={query}>{({ session }) => <Code text={session?.pix?.text ?? null} />}</Answer>;
}

function Code({ text }: { readonly text: string | null }): ReactElement | null {
  const { t } = useTranslation();
  if (text === null) return null;
  return (
    <figure className="pix">
      <QrCode text={text} label={t('pix.code')} />
      <figcaption>
        {t('pix.scan')}
        <code className="pix-text">{text}</code>
      </figcaption>
    </figure>
  );
}
