import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { dateAndTime, today } from '../lib/format.js';
import { Field } from '../ui/Field.js';
import { Answer, Empty, Loading } from '../ui/States.js';
import type { AccountRef } from './account.js';
import { AccountBar } from './AccountBar.js';
import { Downloads } from './Downloads.js';
import { AccountStatementDocument, type AccountStatementFieldsFragment } from './generated.js';
import { isPeriod, isSame, monthBefore, monthTo, type Period } from './period.js';
import { StatementTable } from './StatementTable.js';
import { sumsOf } from './sums.js';
import { useAccount } from './useAccount.js';
import '../owner/report.css';
import '../reseller/reseller.css';
import './accounts.css';

/** The statement of an account: its credit with the account above it. */
export function Statements(): ReactElement {
  const { t } = useTranslation();
  const { account, choose } = useAccount();
  return (
    <section className="screen statement-screen" aria-labelledby="statements-title">
      <h1 id="statements-title">{t('nav.statements')}</h1>
      {account === null || choose === null ? null : <AccountBar account={account} onChoose={choose} />}
      {account === null ? <Loading /> : <StatementOf key={account.id} account={account} />}
    </section>
  );
}

function StatementOf({ account }: { readonly account: AccountRef }): ReactElement {
  const { t } = useTranslation();
  const [day] = useState(() => today(account.timeZone, new Date()));
  const [period, setPeriod] = useState(() => monthTo(day));
  // the platform has no account above it
  const hasStatement = account.kind !== 'PLATFORM';
  const isValid = isPeriod(period);
  const query = useQuery(AccountStatementDocument, hasStatement && isValid ? { accountId: account.id, ...period } : null);
  if (!hasStatement) return <Empty icon="cash">{t('statement.ofPlatform')}</Empty>;
  return (
    <>
      <PeriodForm period={period} day={day} onChange={setPeriod} />
      {isValid ? null : <p className="problem">{t('report.badPeriod')}</p>}
      <Answer query={query}>
        {({ accountStatement }) =>
          accountStatement === null ? (
            <Empty icon="cash">{t('error.NOT_FOUND')}</Empty>
          ) : (
            <>
              <Downloads accountId={account.id} period={period} />
              <Paper account={account} period={period} statement={accountStatement} />
            </>
          )
        }
      </Answer>
    </>
  );
}

interface PeriodFormProps {
  readonly period: Period;
  /** Today in the account's time zone. */
  readonly day: string;
  readonly onChange: (period: Period) => void;
}

function PeriodForm({ period, day, onChange }: PeriodFormProps): ReactElement {
  const { t } = useTranslation();
  const months = [
    [t('statement.thisMonth'), monthTo(day)],
    [t('statement.lastMonth'), monthBefore(day)],
  ] as const;
  return (
    <div className="card form period-form">
      <div className="row-form">
        <Field label={t('report.from')} type="date" value={period.from} max={period.to} onChange={(from) => { onChange({ ...period, from }); }} />
        <Field label={t('report.to')} type="date" value={period.to} min={period.from} onChange={(to) => { onChange({ ...period, to }); }} />
      </div>
      <div className="chips">
        {months.map(([label, month]) => (
          <button key={label} type="button" className="chip" aria-pressed={isSame(month, period)} onClick={() => { onChange(month); }}>
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}

interface PaperProps {
  readonly account: AccountRef;
  readonly period: Period;
  readonly statement: AccountStatementFieldsFragment;
}

/** The statement as it is shown and printed. Its days and times are those of the account's time zone. */
function Paper({ account: { timeZone }, period, statement }: PaperProps): ReactElement {
  const { t } = useTranslation();
  const { date, exact, locale } = useFormat();
  const { account, opening, closing, to } = statement;
  const figures = [
    { label: t('statement.opening'), amount: opening },
    ...sumsOf(statement).map(({ kind, amount }) => ({ label: t(`statementSum.${kind}`), amount })),
    { label: t('statement.closing'), amount: closing },
  ];
  return (
    <article className="statement" aria-labelledby="statement-account" data-testid="statement">
      <div>
        <h2 id="statement-account">{account}</h2>
        <p className="quiet">
          {t('report.period', { from: date(period.from), to: date(period.to) })} · {t('statement.until', { time: dateAndTime(to, locale, timeZone) })}
        </p>
      </div>
      <dl className="figures">
        {figures.map(({ label, amount }) => (
          <div key={label} className="figure-card">
            <dt>{label}</dt>
            <dd>{exact(amount)}</dd>
          </div>
        ))}
      </dl>
      <StatementTable statement={statement} timeZone={timeZone} />
    </article>
  );
}
