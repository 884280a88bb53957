import type { ReactElement } from 'react';
import type { Money } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import { clock, dateAndTime } from '../lib/format.js';
import { Empty } from '../ui/States.js';
import type { AccountStatementFieldsFragment } from './generated.js';

export interface StatementTableProps {
  readonly statement: AccountStatementFieldsFragment;
  readonly timeZone: string;
}

/** The lines of a statement between its two balances. */
export function StatementTable({ statement: { opening, lines, closing }, timeZone }: StatementTableProps): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <div className="card card-flush">
        <table className="table table-cards statement-lines">
          <thead>
            <tr>
              <th scope="col">{t('statement.movement')}</th>
              <th scope="col">{t('statement.at')}</th>
              <th scope="col">{t('statement.details')}</th>
              <th scope="col" className="right">
                {t('bill.amount')}
              </th>
            </tr>
          </thead>
          <tbody>
            <Balance label={t('statement.opening')} amount={opening} />
            {lines.map((line, index) => (
              <Line key={`${index} ${line.at ?? ''}`} line={line} timeZone={timeZone} />
            ))}
            <Balance label={t('statement.closing')} amount={closing} />
          </tbody>
        </table>
      </div>
      {lines.length === 0 ? <Empty icon="cash">{t('statement.nothing')}</Empty> : null}
    </>
  );
}

function Balance({ label, amount }: { readonly label: string; readonly amount: Money }): ReactElement {
  const { t } = useTranslation();
  const { exact } = useFormat();
  return (
    <tr className="statement-balance">
      <th scope="row">{label}</th>
      <td data-empty="true" />
      <td data-empty="true" />
      <td className="right" data-label={t('bill.amount')}>
        {exact(amount)}
      </td>
    </tr>
  );
}

function Line({ line, timeZone }: { readonly line: AccountStatementFieldsFragment['lines'][number]; readonly timeZone: string }): ReactElement {
  const { t } = useTranslation();
  const { exact, locale } = useFormat();
  const details = useDetails(line, timeZone);
  return (
    <tr>
      <th scope="row">{t(`statementKind.${line.kind}`)}</th>
      <td className="when" data-label={t('statement.at')} data-empty={line.at === null}>
        {line.at === null ? '' : dateAndTime(line.at, locale, timeZone)}
      </td>
      <td data-label={t('statement.details')} data-empty={details.length === 0}>
        <span>
          {details.map((detail, index) => (
            <span key={detail} className={index === 0 ? 'detail' : 'detail detail-more'}>
              {detail}
            </span>
          ))}
        </span>
      </td>
      <td className="right" data-label={t('bill.amount')}>
        {exact(line.amount)}
      </td>
    </tr>
  );
}

/** What is known of a line: the tariff version and the calls, or the reason of a movement, or the number of movements that the line adds up. */
function useDetails(line: AccountStatementFieldsFragment['lines'][number], timeZone: string): readonly string[] {
  const { t } = useTranslation();
  const { count, locale } = useFormat();
  const { kind, at, note, tariffVersionNumber: number, tariffVersionActiveFrom: since, billedSeconds } = line;
  if (kind !== 'CALLS') {
    if (at === null) return [t('statement.further', { count: line.count })];
    return note === '' ? [] : [note];
  }
  const version = number === null ? t('statement.noVersion') : t('statement.version', { number: count(number) });
  const from = since === null ? '' : t('statement.since', { time: dateAndTime(since, locale, timeZone) });
  const calls = t('report.callCount', { count: line.count });
  return [[version, from].filter((part) => part !== '').join(' '), `${calls} · ${clock(billedSeconds)}`];
}
