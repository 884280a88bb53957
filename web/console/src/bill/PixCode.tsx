import { useMemo, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { href } from '../app/router.js';
import { brCode } from '../lib/pix.js';
import { Icon } from '../ui/Icon.js';
import { QrCode } from '../ui/QrCode.js';

export interface PixCodeProps {
  readonly pixKey: string;
  readonly shopName: string;
  readonly micros: bigint;
  readonly reference: string;
}

/** A Pix charge over the amount. Without the shop's key there is nothing to scan, and the text says where to set it. */
export function PixCode({ pixKey, shopName, micros, reference }: PixCodeProps): ReactElement | null {
  const { t } = useTranslation();
  const text = useMemo(
    () => brCode({ key: pixKey, name: shopName, city: '', micros, reference }),
    [pixKey, shopName, micros, reference],
  );
  if (pixKey === '') {
    return (
      <p className="quiet">
        <Icon name="qr" /> <a href={href('settings')}>{t('pix.noKey')}</a>
      </p>
    );
  }
  if (micros <= 0n) return null;
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
