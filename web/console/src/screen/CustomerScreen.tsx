import { useEffect, type ReactElement } from 'react';
import type { CallshopClient } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { readDestination } from '../lib/country.js';
import { clock } from '../lib/format.js';
import { cash, exact } from '../lib/money.js';
import { Flag } from '../ui/Flag.js';
import { useScreen, type Shown } from './useScreen.js';
import './screen.css';

export interface CustomerScreenProps {
  readonly client: CallshopClient;
  /** Called with the shop's language, which the first message contains. */
  readonly onLocale: (locale: string) => Promise<void>;
}

/** The screen for the customer in the cabin: the call, its time and cost, and the remaining money. */
export function CustomerScreen({ client, onLocale }: CustomerScreenProps): ReactElement {
  const { t } = useTranslation();
  const { shown, error, stale } = useScreen(client);
  const locale = shown?.locale;
  useEffect(() => {
    if (locale !== undefined) void onLocale(locale);
  }, [locale, onLocale]);
  if (error !== null) {
    return (
      <main className="screen">
        <p role="alert" className="screen-message">
          {t('screen.ended')}
        </p>
      </main>
    );
  }
  if (shown === null) {
    return (
      <main className="screen">
        <p className="screen-message">{t('screen.connecting')}</p>
      </main>
    );
  }
  return (
    <main className={stale ? 'screen screen-stale' : 'screen'}>
      <header className="screen-head">
        <h1>{shown.callshopName}</h1>
        <p>{t('board.cabinNumber', { number: shown.cabinNumber })}</p>
      </header>
      <Contents shown={shown} />
      <p role="status" className="screen-foot">
        {stale ? t('screen.stale') : shown.call?.endingSoon === true ? t('screen.endingSoon') : ''}
      </p>
    </main>
  );
}

function Contents({ shown }: { readonly shown: Shown }): ReactElement {
  const { t } = useTranslation();
  const { call, runningTotal } = shown;
  if (runningTotal === null && call === null) {
    return <p className="screen-message">{t(shown.cabinState === 'OUT_OF_SERVICE' ? 'state.outOfService' : 'screen.free')}</p>;
  }
  return (
    <>
      {call === null ? <p className="screen-message">{t('screen.dial')}</p> : <Call call={call} locale={shown.locale} />}
      <Sums shown={shown} />
    </>
  );
}

function Call({ call, locale }: { readonly call: NonNullable<Shown['call']>; readonly locale: string }): ReactElement {
  const { t } = useTranslation();
  const place = readDestination(call.destination, null, locale);
  return (
    <section aria-label={t('cabin.liveCall')} className="screen-call">
      <p className="screen-place">
        <Flag country={place.country} /> {place.name}
      </p>
      <p className="screen-number">{call.numberFormatted}</p>
      <p role="timer" aria-live="off" className="screen-time">
        {call.state === 'ANSWERED' ? clock(call.elapsedSeconds) : t('screen.ringing')}
      </p>
      <p className="screen-cost">{cash(call.cost, locale)}</p>
      {call.pricePerMinute === null ? null : (
        <p className="screen-price">{t('cabin.perMinute', { price: exact(call.pricePerMinute, locale) })}</p>
      )}
    </section>
  );
}

function Sums({ shown }: { readonly shown: Shown }): ReactElement {
  const { t } = useTranslation();
  const { runningTotal, remaining, remainingSeconds, locale } = shown;
  return (
    <dl className="screen-sums">
      {runningTotal === null ? null : <Sum name={t('screen.total')} value={cash(runningTotal, locale)} />}
      {remaining === null ? null : <Sum name={t('screen.left')} value={cash(remaining, locale)} />}
      {remainingSeconds === null ? null : <Sum name={t('screen.timeLeft')} value={clock(remainingSeconds)} />}
    </dl>
  );
}

function Sum({ name, value }: { readonly name: string; readonly value: string }): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
