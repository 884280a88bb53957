import type { ReactElement } from 'react';
import { costSoFar, elapsedSeconds, type CallFields, type SessionFields } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import { useNow } from '../app/now.js';
import { useQuery } from '../app/useQuery.js';
import { TalkTimeDocument } from '../generated.js';
import { limitUse, remaining, runningTotal } from '../lib/cabin.js';
import { clock } from '../lib/format.js';
import { moneyOf } from '../lib/money.js';
import { Bar } from '../ui/Bar.js';

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
  const total = moneyOf(runningTotal(session, call, useNow()), session.statement.total.currency);
  return (
    <span className="running">
      {t('board.bill')}{' '}
      <span className="figure" role="timer" aria-label={t('board.bill')}>
        {cash(total)}
      </span>
    </span>
  );
}

export function LimitBar({ session, call }: { readonly session: SessionFields; readonly call: CallFields | null }): ReactElement | null {
  const { t } = useTranslation();
  const { cash } = useFormat();
  const timed = session.timeLimitSeconds !== null;
  // asked again when a call ends, which changes the sum of the calls
  const talk = useQuery(TalkTimeDocument, timed ? { id: session.id } : null, session.statement.callsTotal.amount);
  const talked = talk.data?.session?.statement.totalsByDestination.reduce((sum, total) => sum + total.talkSeconds, 0) ?? 0;
  const use = limitUse(session, call, useNow(), talked);
  if (use === null) return null;
  const left = remaining(use);
  const amount = use.kind === 'time' ? clock(Number(left)) : cash(moneyOf(left, session.deposit.currency));
  return (
    <div className="limit">
      <Bar label={t(`limit.${use.kind}`)} used={Number(use.used)} most={Number(use.most)} />
      <span className="limit-text">{left === 0n ? t('limit.usedUp') : t('limit.left', { amount })}</span>
    </div>
  );
}
