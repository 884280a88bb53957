import { useState, type ReactElement } from 'react';
import type { Money } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { TopUpDocument, type WallShopFragment } from '../generated.js';
import { moneyOf, parseAmount } from '../lib/money.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Field, MoneyField } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { submitting } from '../ui/submitting.js';

export interface TopUpProps {
  readonly shop: WallShopFragment;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export function TopUp({ shop, onDone, onClose }: TopUpProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { exact } = useFormat();
  const [amount, setAmount] = useState('');
  const [note, setNote] = useState('');
  const [wrong, setWrong] = useState(false);
  const [balance, setBalance] = useState<Money | null>(null);
  const place = useFirstFocus<HTMLFormElement>('input');
  const topUp = useAction((idempotencyKey: string, micros: bigint) =>
    client.request(TopUpDocument, {
      input: { accountId: shop.id, amount: moneyOf(micros, shop.currency), note: note.trim(), idempotencyKey },
    }),
  );

  async function submit(): Promise<void> {
    const micros = parseAmount(amount);
    setWrong(micros === null || micros <= 0n);
    if (micros === null || micros <= 0n) return;
    const done = (await topUp.run(micros))?.topUp.balance ?? null;
    if (done === null) return;
    setBalance(done);
    onDone();
  }

  return (
    <Dialog title={t('topUp.title', { shop: shop.name })} size="small" onClose={onClose}>
      {balance === null ? (
        <form ref={place} className="form" onSubmit={submitting(submit)}>
          {topUp.error === null ? null : <ErrorNote error={topUp.error} />}
          <MoneyField
            label={t('topUp.amount')}
            currency={shop.currency}
            value={amount}
            onChange={setAmount}
            required
            problem={wrong ? t('form.amount') : null}
          />
          <Field label={t('topUp.note')} hint={t('form.optional')} value={note} onChange={setNote} maxLength={100} autoComplete="off" />
          <Button tone="primary" icon="cash" size="large" wide submit busy={topUp.busy}>
            {t('topUp.submit')}
          </Button>
        </form>
      ) : (
        <div className="form">
          <p className="outcome outcome-good" role="status">
            <span>{t('topUp.done')}</span>
            <strong>{exact(balance)}</strong>
          </p>
          <Button tone="primary" wide onClick={onClose}>
            {t('receipt.done')}
          </Button>
        </div>
      )}
    </Dialog>
  );
}
