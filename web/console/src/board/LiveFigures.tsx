import type { ReactElement } from 'react';
import { costSoFar, elapsedSeconds, sessionFigures, type CallFields, type SessionFields } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import { useNow } from '../app/now.js';
import { useShopOrNull } from '../app/shop.js';
import { endingOf, limitUse } from '../lib/cabin.js';
import { clock } from '../lib/format.js';
import { moneyOf } from '../lib/money.js';
import { Bar } from '../ui/Bar.js';
import { Icon } from '../ui/Icon.js';

// Ticking values have the role `timer`, which screen readers do not read on their own. The changes that matter are announced elsewhere.

export function Elapsed({ call }: { readonly call: CallFields }): ReactElement {
  const { t } = useTranslation();
  const seconds = elapsedSeconds(call, useNow());
  return (
    <span className="figure elapsed" role="timer" aria-label={t('board.elapsed')}>
      {clock(seconds)}
    </span>
  );
}

export function Cost({ call }: { readonly call: CallFields }): ReactElement {
  const { t } = useTranslation();
  const { cash } = useFormat();
  return (
    <span className="figure cost" role="timer" aria-label={t('board.cost')}>
      {cash(costSoFar(call, useNow()))}
    </span>
  );
}

export function RunningTotal({ session, call }: { readonly session: SessionFields; readonly call: CallFields | null }): ReactElement {
  const { t } = useTranslation();
  const { cash } = useFormat();
  const { runningTotal } = sessionFigures(session, call, useNow());
  return (
    <span className="running">
      {t('board.bill')}{' '}
      <span className="figure" role="timer" aria-label={t('board.bill')}>
        {cash(runningTotal)}
      </span>
    </span>
  );
}

/** Default of `endingSoonSeconds` in new shops, used until the shop's own settings are known. */
const USUAL_SECONDS = 60;

/** Counts down to the end of a call whose deposit, limit or credit is nearly used up. */
export function EndingSoon({ session, call }: { readonly session: SessionFields | null; readonly call: CallFields | null }): ReactElement | null {
  const { t } = useTranslation();
  const now = useNow();
  const within = useShopOrNull()?.callshop?.endingSoonSeconds ?? USUAL_SECONDS;
  if (call === null) return null;
  const figures = session === null ? null : sessionFigures(session, call, now);
  const ending = endingOf(session, call, figures, { elapsed: elapsedSeconds(call, now), cost: costSoFar(call, now) }, within);
  if (ending === null) return null;
  const { reason, seconds } = ending;
  return (
    <p className="ending" role="timer">
      <Icon name="clock" />
      {seconds === null ? t('ending.soon') : t(`ending.${reason}`, { time: clock(seconds) })}
    </p>
  );
}

export function LimitBar({ session, call }: { readonly session: SessionFields; readonly call: CallFields | null }): ReactElement | null {
  const { t } = useTranslation();
  const { cash } = useFormat();
  const use = limitUse(session, sessionFigures(session, call, useNow()));
  if (use === null) return null;
  const { kind, left, most } = use;
  const amount = kind === 'time' ? clock(Number(left)) : cash(moneyOf(left, session.deposit.currency));
  return (
    <div className="limit">
      <Bar label={t(`limit.${kind}`)} used={Number(most - left)} most={Number(most)} />
      <span className="limit-text">{left === 0n ? t('limit.usedUp') : t('limit.left', { amount })}</span>
    </div>
  );
}
