import { useState, type ReactElement } from 'react';
import { parseMoney } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useDialogs } from '../app/dialogs.js';
import { useShop } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { CloseRegisterDocument, type ReportFieldsFragment } from '../generated.js';
import { moneyOf } from '../lib/money.js';
import { Button } from '../ui/Button.js';
import { MoneyField } from '../ui/Field.js';
import { ErrorNote, Note } from '../ui/States.js';
import { useMethods } from '../ui/useMethods.js';
import { submitting } from '../ui/submitting.js';
import { countsOf, type Counts } from './counts.js';

export interface CloseRegisterProps {
  readonly openItems: ReportFieldsFragment['openItems'];
  readonly onClosed: (shiftId: string) => void;
  readonly onChange: () => void;
}

const NOTHING: Counts = { CASH: '', PIX: '', CARD: '', OTHER: '' };

/** Closes the register with a blind count: the user enters the counts before the expected amounts are shown. */
export function CloseRegister({ openItems, onClosed, onChange }: CloseRegisterProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const shop = useShop();
  const { live } = shop;
  const methods = useMethods();
  const currency = shop.callshop?.currency ?? '';
  const [counts, setCounts] = useState(NOTHING);
  const [carry, setCarry] = useState<ReadonlySet<string>>(new Set());
  const [wrong, setWrong] = useState(false);
  const close = useAction((idempotencyKey: string) =>
    client.request(CloseRegisterDocument, {
      input: { callshopId: shop.id, counts: countsOf(counts) ?? [], carryOver: [...carry], idempotencyKey },
    }),
  );
  const openCabins = (live?.cabins ?? []).filter((view) => view.session !== null);

  async function submit(): Promise<void> {
    const valid = countsOf(counts) !== null;
    setWrong(!valid);
    if (!valid) return;
    const shift = (await close.run())?.closeRegister.shift ?? null;
    if (shift === null) return;
    setCounts(NOTHING);
    onChange();
    onClosed(shift.id);
  }

  return (
    <form className="form" onSubmit={submitting(submit)}>
      {openCabins.length === 0 ? null : (
        <Note icon="open">{t('closeRegister.openCabins', { cabins: openCabins.map((view) => view.cabin.number).join(', ') })}</Note>
      )}
      <CarryOver items={openItems} carry={carry} onCarry={setCarry} />
      {close.error === null ? null : <ErrorNote error={close.error} />}
      <p>{t('closeRegister.blind')}</p>
      <div className="counts">
        {methods.map(({ value, label }) => (
          <MoneyField
            key={value}
            label={label}
            currency={currency}
            value={counts[value]}
            required={value === 'CASH'}
            onChange={(typed) => {
              setCounts({ ...counts, [value]: typed });
            }}
          />
        ))}
      </div>
      {wrong ? <Note>{t('form.amount')}</Note> : null}
      <Button tone="close" icon="register" size="large" wide submit busy={close.busy}>
        {t('closeRegister.submit')}
      </Button>
    </form>
  );
}

type Item = ReportFieldsFragment['openItems'][number];

interface CarryOverProps {
  readonly items: ReportFieldsFragment['openItems'];
  readonly carry: ReadonlySet<string>;
  readonly onCarry: (carry: ReadonlySet<string>) => void;
}

function CarryOver({ items, carry, onCarry }: CarryOverProps): ReactElement | null {
  const { t } = useTranslation();
  const { cash } = useFormat();
  const { show } = useDialogs();
  const amountOf = ({ total, deposit }: Item): string => {
    if (total === null) return '';
    const due = parseMoney(total) - parseMoney(deposit);
    return due < 0n ? t('board.refundAmount', { amount: cash(moneyOf(-due, total.currency)) }) : cash(moneyOf(due, total.currency));
  };
  const unpaid = items.filter((item) => item.state === 'CLOSED');
  if (unpaid.length === 0) return null;
  return (
    <fieldset className="carry">
      <legend>{t('closeRegister.unpaid')}</legend>
      <p className="quiet">{t('closeRegister.carryHint')}</p>
      {unpaid.map((item) => (
        <div key={item.sessionId} className="carry-row">
          <label>
            <input
              type="checkbox"
              checked={carry.has(item.sessionId)}
              onChange={(event) => {
                const next = new Set(carry);
                if (event.target.checked) next.add(item.sessionId);
                else next.delete(item.sessionId);
                onCarry(next);
              }}
            />
            {t('closeRegister.carry', {
              cabin: item.cabinNumber,
              amount: amountOf(item),
              customer: item.customer,
            })}
          </label>
          <Button
            size="small"
            icon="cash"
            onClick={() => {
              show({ kind: 'bill', sessionId: item.sessionId });
            }}
          >
            {t('board.pay')}
          </Button>
        </div>
      ))}
    </fieldset>
  );
}
