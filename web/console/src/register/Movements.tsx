import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useShop } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { CashMovementDocument, type CashMovementKind, type RegisterQuery } from '../generated.js';
import { decimalOf, parseAmount } from '../lib/money.js';
import { Button } from '../ui/Button.js';
import { Field, MoneyField, Segments } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';

type Movement = NonNullable<RegisterQuery['currentRegister']>['movements']['nodes'][number];

export interface MovementsProps {
  readonly movements: readonly Movement[];
  readonly onChange: () => void;
}

/** Cash that is put into the drawer or taken out of it, other than for a sale. */
export function Movements({ movements, onChange }: MovementsProps): ReactElement {
  const { t } = useTranslation();
  const { exact, minus, time } = useFormat();
  return (
    <>
      <h3>{t('movement.title')}</h3>
      {movements.length === 0 ? <p className="quiet">{t('movement.none')}</p> : null}
      <ul className="lines">
        {movements.map((movement, index) => (
          <li key={`${movement.at} ${index}`} className="line">
            <span className="line-main">
              <span>{movement.reason}</span>
              <span className="tile-detail">
                {t(`movement.${movement.kind}`)} · {time(movement.at)} · {movement.by?.displayName ?? '–'}
              </span>
            </span>
            <span className="line-money">
              {movement.amount === null ? t('register.hidden') : movement.kind === 'PAY_OUT' ? minus(movement.amount) : exact(movement.amount)}
            </span>
          </li>
        ))}
      </ul>
      <MovementForm onChange={onChange} />
    </>
  );
}

function MovementForm({ onChange }: { readonly onChange: () => void }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const shop = useShop();
  const [kind, setKind] = useState<CashMovementKind>('PAY_OUT');
  const [amount, setAmount] = useState('');
  const [reason, setReason] = useState('');
  const [wrong, setWrong] = useState(false);
  const record = useAction((idempotencyKey: string, micros: bigint) =>
    client.request(CashMovementDocument, {
      input: { callshopId: shop.id, kind, amount: decimalOf(micros), reason: reason.trim(), idempotencyKey },
    }),
  );

  async function submit(): Promise<void> {
    const micros = parseAmount(amount);
    setWrong(micros === null || micros <= 0n);
    if (micros === null || micros <= 0n || (await record.run(micros)) === null) return;
    setAmount('');
    setReason('');
    onChange();
  }

  return (
    <form className="form" onSubmit={submitting(submit)}>
      {record.error === null ? null : <ErrorNote error={record.error} />}
      <Segments
        label={t('movement.kind')}
        value={kind}
        choices={[
          { value: 'PAY_OUT', label: t('movement.PAY_OUT') },
          { value: 'PAY_IN', label: t('movement.PAY_IN') },
        ]}
        onChange={setKind}
      />
      <MoneyField
        label={t('movement.amount')}
        currency={shop.callshop?.currency ?? ''}
        value={amount}
        onChange={setAmount}
        required
        problem={wrong ? t('form.amount') : null}
      />
      <Field label={t('movement.reason')} value={reason} onChange={setReason} required maxLength={100} autoComplete="off" />
      <Button icon="check" submit busy={record.busy}>
        {t('movement.submit')}
      </Button>
    </form>
  );
}
