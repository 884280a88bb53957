import { useEffect, useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../ui/Icon.js';
import { useConnection } from './context.js';
import { useNow } from './now.js';
import { useShopOrNull } from './shop.js';

/** Delay before the notice appears, so that a connection that returns quickly causes no notice. */
const PATIENCE_MS = 1500;

/** Shows how long the board has been without a connection. Screen readers read the loss aloud, but not the seconds. */
export function Offline(): ReactElement | null {
  const connection = useConnection();
  const shop = useShopOrNull();
  const lost = shop?.live?.stale === true || connection.state === 'offline';
  return lost ? <Lost since={connection.since} /> : null;
}

function Lost({ since }: { readonly since: number }): ReactElement | null {
  const { t } = useTranslation();
  const now = useNow();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setShown(true);
    }, PATIENCE_MS);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  if (!shown) return null;
  return (
    <div className="offline">
      <Icon name="offline" />
      <p>
        <strong role="alert">{t('offline.title')}</strong>{' '}
        <span role="timer">{t('offline.since', { count: Math.max(0, Math.floor((now - since) / 1000)) })}</span>{' '}
        <span>{t('offline.text')}</span>
      </p>
    </div>
  );
}
