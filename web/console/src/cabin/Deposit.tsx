import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { AddDepositDocument } from '../generated.js';
import { decimalOf, parseAmount } from '../lib/money.js';
import { referenceOf, type Method } from '../lib/settle.js';
import { Button } from '../ui/Button.js';
import { MoneyField, SelectField } from '../ui/Field.js';
import { ReferenceField } from '../ui/ReferenceField.js';
import { ErrorNote } from '../ui/States.js';
import { useMethods } from '../ui/useMethods.js';
import { submitting } from '../ui/submitting.js';
import type { PartProps } from './Extras.js';

/** The deposit of a prepaid customer, and a form that adds to it, even during a call. */
export function Deposit({ visit, editable, onChange }: PartProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { exact } = useFormat();
  const methods = useMethods();
  const [amount, setAmount] = useState('');
  const [method, setMethod] = useState<Method>('CASH');
  const [reference, setReference] = useState('');
  const [wrong, setWrong] = useState(false);
  const raise = useAction((idempotencyKey: string, micros: bigint) =>
    client.request(AddDepositDocument, {
      input: { sessionId: visit.id, amount: decimalOf(micros), method, ...referenceOf(method, reference), idempotencyKey },
    }),
  );

  async function submit(): Promise<void> {
    const micros = parseAmount(amount);
    setWrong(micros === null || micros <= 0n);
    if (micros === null || micros <= 0n || (await raise.run(micros)) === null) return;
    setAmount('');
    setReference('');
    onChange();
  }

  return (
    <section className="part" aria-labelledby="deposit">
      <h3 id="deposit">{t('deposit.title')}</h3>
      <p>{t('deposit.paid', { amount: exact(visit.deposit) })}</p>
      {editable ? (
        <form className="row-form" onSubmit={submitting(submit)}>
          {raise.error === null ? null : <ErrorNote error={raise.error} />}
          <MoneyField
            label={t('deposit.amount')}
            currency={visit.statement.currency}
            value={amount}
            onChange={setAmount}
            required
            problem={wrong ? t('form.amount') : null}
          />
          <SelectField label={t('pay.method')} value={method} choices={methods} onChange={setMethod} />
          <ReferenceField method={method} value={reference} onChange={setReference} />
          <Button icon="add" submit busy={raise.busy}>
            {t('deposit.raise')}
          </Button>
        </form>
      ) : null}
    </section>
  );
}
