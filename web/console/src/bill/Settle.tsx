import { useState, type ReactElement } from 'react';
import { parseMoney } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useShopOrNull } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { useSettings } from '../app/settings.js';
import { SettleDocument, type VisitFieldsFragment } from '../generated.js';
import { isPositive, moneyOf } from '../lib/money.js';
import { isSettled, likelyNotes, settlement, type Settlement } from '../lib/settle.js';
import { Button, IconButton } from '../ui/Button.js';
import { MoneyField, SelectField } from '../ui/Field.js';
import { ReferenceField } from '../ui/ReferenceField.js';
import { ErrorNote, Note } from '../ui/States.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { useMethods } from '../ui/useMethods.js';
import { submitting } from '../ui/submitting.js';
import type { Settled } from './Bill.js';
import { PixCode } from './PixCode.js';
import { inputOf, paidOf, type Row } from './rows.js';

export interface SettleProps {
  readonly visit: VisitFieldsFragment;
  readonly onSettled: (settled: Settled) => void;
}

const FIRST_ROW: Row = { id: 0, method: 'CASH', typed: '', reference: '' };

export function Settle({ visit, onSettled }: SettleProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { cash, roundCash, typed } = useFormat();
  const { language } = useSettings();
  const shop = useShopOrNull()?.callshop ?? null;
  const { currency } = visit.statement;
  const due = parseMoney(visit.statement.amountDue);
  const { refundDue } = visit.statement;
  const refund = isPositive(refundDue) ? refundDue : null;
  const step = shop?.cashStep === null || shop === null ? null : parseMoney(shop.cashStep);
  const [rows, setRows] = useState<readonly Row[]>([FIRST_ROW]);
  const place = useFirstFocus<HTMLFormElement>('input, [type="submit"]');
  const paid = paidOf(rows);
  const result = settlement(due, paid ?? [], step);
  const pay = useAction(async (idempotencyKey: string) => {
    const payments = inputOf(rows, due);
    return client.request(SettleDocument, { input: { sessionId: visit.id, payments, idempotencyKey }, locale: language });
  });

  async function submit(): Promise<void> {
    if (paid === null || !isSettled(result)) return;
    const done = await pay.run();
    const payload = done?.settleSession;
    if (payload === undefined) return;
    const text = payload.receipt?.text ?? null;
    onSettled({ change: payload.change, original: text === null ? null : { html: text } });
  }

  const pixRow = rows.find((row) => row.method === 'PIX');
  return (
    <form ref={place} className="settle" onSubmit={submitting(submit)}>
      <h3>{due === 0n ? t('pay.nothingDue') : t('pay.title')}</h3>
      {pay.error === null ? null : <ErrorNote error={pay.error} />}
      {refund === null ? null : (
        <p className="outcome outcome-good">
          <span>{t('board.toRefund')}</span>
          <strong>{cash(refund)}</strong>
        </p>
      )}
      {due === 0n ? null : (
        <>
          <PaymentRows rows={rows} due={due} step={step} currency={currency} onChange={setRows} />
          {rows.length === 1 && rows[0]?.method === 'CASH' ? (
            <div className="notes" role="group" aria-label={t('pay.notes')}>
              {likelyNotes(result.cashDue).map((note) => (
                <Button
                  key={note.toString()}
                  size="small"
                  onClick={() => {
                    setRows([{ ...FIRST_ROW, typed: typed(note, currency) }]);
                  }}
                >
                  {roundCash(moneyOf(note, currency))}
                </Button>
              ))}
            </div>
          ) : null}
          <Split rows={rows} due={due} step={step} currency={currency} onChange={setRows} />
          {pixRow === undefined || shop === null || currency !== 'BRL' ? null : (
            <PixCode sessionId={visit.id} hasKey={shop.pixKey !== null} micros={paidOf([pixRow])?.[0]?.micros ?? 0n} />
          )}
          <Outcome result={result} valid={paid !== null} begun={(paid?.length ?? 0) > 0} currency={currency} />
        </>
      )}
      <Button tone="primary" icon="check" size="large" wide submit busy={pay.busy} disabled={paid === null || !isSettled(result)}>
        {t('pay.submit')}
      </Button>
    </form>
  );
}

interface OutcomeProps {
  readonly result: Settlement;
  readonly valid: boolean;
  /** Whether the user has typed an amount; only then is a missing amount shown in color. */
  readonly begun: boolean;
  readonly currency: string;
}

function Outcome({ result, valid, begun, currency }: OutcomeProps): ReactElement {
  const { t } = useTranslation();
  const { cash } = useFormat();
  if (!valid) return <Note>{t('form.amount')}</Note>;
  if (result.excess > 0n) return <Note>{t('pay.excess', { amount: cash(moneyOf(result.excess, currency)) })}</Note>;
  const short = result.missing > 0n;
  const classes = short ? (begun ? 'outcome outcome-short' : 'outcome') : 'outcome outcome-good';
  return (
    <>
      {result.rounding === 0n ? null : <p className="quiet">{t('pay.rounded', { amount: cash(moneyOf(result.cashDue, currency)) })}</p>}
      <p className={classes} role="status">
        <span>{short ? t('pay.missing') : t('pay.change')}</span>
        <strong data-testid="change">{cash(moneyOf(short ? result.missing : result.change, currency))}</strong>
      </p>
    </>
  );
}

interface RowsProps {
  readonly rows: readonly Row[];
  readonly due: bigint;
  readonly step: bigint | null;
  readonly currency: string;
  readonly onChange: (rows: readonly Row[]) => void;
}

const MOST_PAYMENTS = 10;

function missingWithout(rows: readonly Row[], id: number | null, due: bigint, step: bigint | null): bigint {
  return settlement(due, paidOf(rows.filter((row) => row.id !== id)) ?? [], step).missing;
}

function PaymentRows({ rows, due, step, currency, onChange }: RowsProps): ReactElement {
  const { t } = useTranslation();
  const { typed } = useFormat();
  const methods = useMethods();
  const set = (id: number, changes: Partial<Row>) => {
    onChange(rows.map((row) => (row.id === id ? { ...row, ...changes } : row)));
  };
  // the amount that the other rows leave unpaid, which is the most likely amount of a row that is not cash
  const open = (without: number): string => {
    const missing = missingWithout(rows, without, due, step);
    return missing === 0n ? '' : typed(missing, currency);
  };
  return (
    <>
      {rows.map((row) => (
        <div key={row.id} className="payment">
          <div className="payment-row">
            <SelectField
              label={t('pay.method')}
              value={row.method}
              choices={methods}
              onChange={(method) => {
                set(row.id, { method, typed: method === 'CASH' ? row.typed : row.typed === '' ? open(row.id) : row.typed });
              }}
            />
            <MoneyField
              label={t('pay.received')}
              currency={currency}
              value={row.typed}
              onChange={(text) => {
                set(row.id, { typed: text });
              }}
            />
            {rows.length === 1 ? null : (
              <IconButton
                icon="trash"
                label={t('pay.removeRow')}
                onClick={() => {
                  onChange(rows.filter((other) => other.id !== row.id));
                }}
              />
            )}
          </div>
          <ReferenceField
            method={row.method}
            value={row.reference}
            onChange={(reference) => {
              set(row.id, { reference });
            }}
          />
        </div>
      ))}
    </>
  );
}

/** Adds a payment by another method for the missing amount. */
function Split({ rows, due, step, currency, onChange }: RowsProps): ReactElement | null {
  const { t } = useTranslation();
  const { typed } = useFormat();
  if (rows.length >= MOST_PAYMENTS) return null;
  return (
    <Button
      tone="quiet"
      size="small"
      icon="add"
      onClick={() => {
        const missing = missingWithout(rows, null, due, step);
        const id = Math.max(...rows.map((row) => row.id)) + 1;
        onChange([...rows, { id, method: 'CARD', typed: missing === 0n ? '' : typed(missing, currency), reference: '' }]);
      }}
    >
      {t('pay.split')}
    </Button>
  );
}
