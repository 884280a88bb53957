import type { ReactElement, ReactNode } from 'react';
import { parseMoney, type Money } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import type { ReportFieldsFragment } from '../generated.js';
import { clock } from '../lib/format.js';
import { isNegative } from '../lib/money.js';
import { Note } from '../ui/States.js';

export interface ReportProps {
  readonly report: ReportFieldsFragment;
  /** Whether the reader must count the drawer before seeing any sums. */
  readonly blind: boolean;
}

/** An X report (so far) or a Z report (final). */
export function ReportView({ report, blind }: ReportProps): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  return (
    <div className="report-view">
      <p className="quiet">{t('report.period', { from: dateTime(report.openedAt), to: dateTime(report.at) })}</p>
      {blind ? <Note icon="register">{t('report.blind')}</Note> : null}
      {report.methods.length === 0 ? null : <Methods report={report} />}
      {blind ? null : <Sums report={report} />}
      <Sales report={report} />
      <References report={report} />
      <OpenItems report={report} />
    </div>
  );
}

function Methods({ report }: { readonly report: ReportFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const counted = report.methods.some((method) => method.counted !== null);
  const cell = (label: string, money: Money | null) => (
    <td className="right" data-label={label}>
      {money === null ? '–' : exact(money)}
    </td>
  );
  return (
    <table className="table table-cards">
      <caption>{t('report.methods')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('pay.method')}</th>
          <th scope="col" className="right">
            {t('report.sales')}
          </th>
          <th scope="col" className="right">
            {t('report.expected')}
          </th>
          {counted ? (
            <>
              <th scope="col" className="right">
                {t('report.counted')}
              </th>
              <th scope="col" className="right">
                {t('report.variance')}
              </th>
            </>
          ) : null}
        </tr>
      </thead>
      <tbody>
        {report.methods.map((method) => (
          <tr key={method.method}>
            <th scope="row">{t(`method.${method.method}`)}</th>
            {cell(t('report.sales'), method.sales)}
            {cell(t('report.expected'), method.expected)}
            {counted ? (
              <>
                {cell(t('report.counted'), method.counted)}
                <td className="right" data-label={t('report.variance')} data-testid={`variance-${method.method}`}>
                  {method.variance === null ? '–' : <Variance money={method.variance} />}
                </td>
              </>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A variance with a word that says whether money is missing or left over, so that the color is not the only sign. */
function Variance({ money }: { readonly money: Money }): ReactElement {
  const { t } = useTranslation();
  const { exact } = useFormat();
  if (parseMoney(money) === 0n) return <span className="good">{t('report.exact')}</span>;
  return (
    <span className={isNegative(money) ? 'bad' : 'warn'}>
      {exact(money)} {t(isNegative(money) ? 'report.short' : 'report.over')}
    </span>
  );
}

function Sums({ report }: { readonly report: ReportFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { exact, minus } = useFormat();
  const line = (label: string, money: Money | null, write = exact) =>
    money === null ? null : (
      <div className="total">
        <dt>{label}</dt>
        <dd>{write(money)}</dd>
      </div>
    );
  return (
    <dl className="totals">
      {line(t('bill.callsTotal'), report.callsTotal)}
      {line(t('report.items'), report.itemsTotal)}
      {line(t('report.discounts'), report.discountsTotal, minus)}
      {line(t('bill.rounding'), report.rounding)}
      {line(t('bill.cashRounding'), report.cashRounding)}
      {line(t('report.salesTotal'), report.salesTotal)}
    </dl>
  );
}

interface SalesRow {
  readonly key: string;
  readonly name: string;
  readonly detail: string;
  readonly amount: Money;
}

function Sales({ report }: { readonly report: ReportFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { destination } = useFormat();
  const cabins = report.salesByCabin.map((row) => ({
    key: row.cabinId,
    name: row.label,
    detail: t('report.callCount', { count: row.calls }),
    amount: row.amount,
  }));
  const places = report.salesByDestination.map((row) => {
    const place = destination(row.destination, null);
    return { key: row.destination, name: `${place.name} ${place.detail}`, detail: clock(row.billedSeconds), amount: row.amount };
  });
  const people = report.salesByAttendant.map((row) => ({
    key: row.userId,
    name: row.name,
    detail: t('report.billCount', { count: row.sessions }),
    amount: row.amount,
  }));
  return (
    <>
      <SalesTable title={t('report.byCabin')} rows={cabins} />
      <SalesTable title={t('report.byDestination')} rows={places} />
      <SalesTable title={t('report.byAttendant')} rows={people} />
    </>
  );
}

function SalesTable({ title, rows }: { readonly title: ReactNode; readonly rows: readonly SalesRow[] }): ReactElement | null {
  const { exact } = useFormat();
  if (rows.length === 0) return null;
  return (
    <table className="table">
      <caption>{title}</caption>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key}>
            <th scope="row">{row.name}</th>
            <td className="right">{row.detail}</td>
            <td className="right">{exact(row.amount)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Payments with a reference, which can be found in the lists of the bank or the card terminal. */
function References({ report }: { readonly report: ReportFieldsFragment }): ReactElement | null {
  const { t } = useTranslation();
  const { exact, minus, time } = useFormat();
  if (report.references.length === 0) return null;
  return (
    <table className="table">
      <caption>{t('report.references')}</caption>
      <tbody>
        {report.references.map((payment) => (
          <tr key={payment.paymentId}>
            <th scope="row">
              <span className="reference">{payment.reference}</span>
              <span className="tile-detail">
                {t(`paymentKind.${payment.kind}`)} · {t(`method.${payment.method}`)} · {time(payment.at)}
              </span>
            </th>
            <td className="right">
              {payment.kind === 'REFUND' || payment.kind === 'DEPOSIT_REFUND' ? minus(payment.amount) : exact(payment.amount)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function OpenItems({ report }: { readonly report: ReportFieldsFragment }): ReactElement | null {
  const { t } = useTranslation();
  const { exact } = useFormat();
  if (report.openItems.length === 0) return null;
  return (
    <table className="table">
      <caption>{t('report.openItems')}</caption>
      <tbody>
        {report.openItems.map((item) => (
          <tr key={item.sessionId}>
            <th scope="row">
              {t('board.cabinNumber', { number: item.cabinNumber })} <span className="tile-detail">{item.customer}</span>
            </th>
            <td>{t(`session.${item.state}`)}</td>
            <td className="right">{item.total === null ? '–' : exact(item.total)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
