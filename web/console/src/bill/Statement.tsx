import type { ReactElement } from 'react';
import type { Money } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import type { VisitFieldsFragment } from '../generated.js';
import { clock } from '../lib/format.js';
import { isPositive } from '../lib/money.js';
import { Flag } from '../ui/Flag.js';
import { parseMoney } from '@callshop/client';

export function StatementView({ visit }: { readonly visit: VisitFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { dateTime, cash } = useFormat();
  const { statement } = visit;
  const due = visit.state === 'SETTLED' ? statement.total : statement.amountDue;
  return (
    <>
      <p className="bill-meta">
        <span>{t('board.cabinNumber', { number: visit.cabin.number })}</span>
        {visit.customer === '' ? null : <strong>{visit.customer}</strong>}
        <span>{dateTime(visit.openedAt)}</span>
        {visit.openedBy === null ? null : <span>{visit.openedBy.displayName}</span>}
      </p>
      <StatementCalls visit={visit} />
      {statement.totalsByDestination.length > 1 ? <ByDestination visit={visit} /> : null}
      <Totals visit={visit} />
      <p className="amount-due">
        <span>{visit.state === 'SETTLED' ? t('bill.paid') : isPositive(statement.refundDue) ? t('bill.toRefund') : t('bill.due')}</span>
        <strong data-testid="amount-due">
          {cash(visit.state !== 'SETTLED' && isPositive(statement.refundDue) ? statement.refundDue : due)}
        </strong>
      </p>
    </>
  );
}

function StatementCalls({ visit }: { readonly visit: VisitFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { exact, time, destination } = useFormat();
  const { calls } = visit.statement;
  if (calls.length === 0) return <p className="quiet">{t('bill.noCalls')}</p>;
  return (
    <table className="table calls">
      <caption>{t('bill.calls')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('bill.time')}</th>
          <th scope="col">{t('bill.number')}</th>
          <th scope="col" className="right">
            {t('bill.duration')}
          </th>
          <th scope="col" className="right">
            {t('bill.amount')}
          </th>
        </tr>
      </thead>
      <tbody>
        {calls.map((call) => {
          const place = destination(call.destination, call.countryCode);
          return (
            <tr key={`${call.startedAt} ${call.number}`}>
              <td>{time(call.startedAt)}</td>
              <td>
                <span className="called">{call.number}</span>
                <span className="cell-place">
                  <Flag country={place.country} />
                  {place.name}
                  {place.detail === '' ? null : <span className="tile-detail">{place.detail}</span>}
                </span>
              </td>
              <td className="right">{clock(call.billedSeconds)}</td>
              <td className="right">{exact(call.amount)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function ByDestination({ visit }: { readonly visit: VisitFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { exact, destination } = useFormat();
  return (
    <table className="table">
      <caption>{t('bill.byDestination')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('bill.destination')}</th>
          <th scope="col" className="right">
            {t('bill.callCount')}
          </th>
          <th scope="col" className="right">
            {t('bill.duration')}
          </th>
          <th scope="col" className="right">
            {t('bill.amount')}
          </th>
        </tr>
      </thead>
      <tbody>
        {visit.statement.totalsByDestination.map((total) => {
          const place = destination(total.destination, total.countryCode);
          return (
            <tr key={total.destination}>
              <td>
                <span className="cell-total">
                  <Flag country={place.country} />
                  {place.name}
                  {place.detail === '' ? null : <span className="tile-detail">{place.detail}</span>}
                </span>
              </td>
              <td className="right">{total.calls}</td>
              <td className="right">{clock(total.billedSeconds)}</td>
              <td className="right">{exact(total.amount)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Totals({ visit }: { readonly visit: VisitFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { exact, minus } = useFormat();
  const { statement } = visit;
  return (
    <dl className="totals">
      <Row label={t('bill.callsTotal')} money={statement.callsTotal} always />
      {statement.items.map((item, index) => (
        <div key={`${index} ${item.description}`} className="total">
          <dt>{item.quantity > 1 ? `${item.quantity} × ${item.description}` : item.description}</dt>
          <dd>{exact(item.amount)}</dd>
        </div>
      ))}
      {statement.discounts.map((discount, index) => (
        <div key={`${index} ${discount.description}`} className="total">
          <dt>{t('bill.discount', { reason: discount.description })}</dt>
          <dd>{minus(discount.amount)}</dd>
        </div>
      ))}
      <Row label={t('bill.rounding')} money={statement.rounding} />
      <Row label={t('bill.total')} money={statement.total} always />
      {parseMoney(statement.deposit) === 0n ? null : (
        <div className="total">
          <dt>{t('bill.deposit')}</dt>
          <dd>{minus(statement.deposit)}</dd>
        </div>
      )}
      {visit.cashRounding === null ? null : <Row label={t('bill.cashRounding')} money={visit.cashRounding} />}
    </dl>
  );
}

function Row({ label, money, always = false }: { readonly label: string; readonly money: Money; readonly always?: boolean }): ReactElement | null {
  const { exact } = useFormat();
  if (!always && parseMoney(money) === 0n) return null;
  return (
    <div className="total">
      <dt>{label}</dt>
      <dd>{exact(money)}</dd>
    </div>
  );
}

export function Payments({ visit }: { readonly visit: VisitFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { exact, minus, time } = useFormat();
  return (
    <table className="table">
      <caption>{t('bill.payments')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('bill.time')}</th>
          <th scope="col">{t('pay.method')}</th>
          <th scope="col" className="right">
            {t('bill.amount')}
          </th>
        </tr>
      </thead>
      <tbody>
        {visit.payments.map((payment, index) => (
          <tr key={`${payment.at} ${index}`}>
            <td>{time(payment.at)}</td>
            <td>
              {t(`paymentKind.${payment.kind}`)} · {t(`method.${payment.method}`)}
              {payment.reason === null ? null : <span className="tile-detail">{payment.reason}</span>}
              {payment.reference === null ? null : <span className="tile-detail">{payment.reference}</span>}
            </td>
            <td className="right">
              {payment.kind === 'REFUND' || payment.kind === 'DEPOSIT_REFUND' ? minus(payment.amount) : exact(payment.amount)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
