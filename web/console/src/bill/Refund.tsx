import { useState, type ReactElement } from 'react';
import { parseMoney } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useMay } from '../app/permissions.js';
import { useShopOrNull } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { RefundDocument, type VisitFieldsFragment } from '../generated.js';
import { decimalOf, isPositive, parseAmount } from '../lib/money.js';
import { referenceOf, type Method } from '../lib/settle.js';
import { Button } from '../ui/Button.js';
import { Field, MoneyField, SelectField } from '../ui/Field.js';
import { ReferenceField } from '../ui/ReferenceField.js';
import { ErrorNote } from '../ui/States.js';
import { useMethods } from '../ui/useMethods.js';
import { submitting } from '../ui/submitting.js';

export function Refund({ visit, onRefunded }: { readonly visit: VisitFieldsFragment; readonly onRefunded: () => void }): ReactElement {
  const { t } = useTranslation();
  const { exact } = useFormat();
  return (
    <details className="extras">
      <summary>{t('refund.title')}</summary>
      {visit.refunded === null || parseMoney(visit.refunded) === 0n ? null : (
        <p>{t('refund.already', { amount: exact(visit.refunded) })}</p>
      )}
      <RefundForm visit={visit} onRefunded={onRefunded} />
    </details>
  );
}

function RefundForm({ visit, onRefunded }: { readonly visit: VisitFieldsFragment; readonly onRefunded: () => void }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const isLimited = !useMay('MANAGE_SETTINGS');
  const { exact } = useFormat();
  const methods = useMethods();
  const shop = useShopOrNull()?.callshop ?? null;
  const [amount, setAmount] = useState('');
  const [method, setMethod] = useState<Method>('CASH');
  const [reason, setReason] = useState('');
  const [reference, setReference] = useState('');
  const [wrong, setWrong] = useState(false);
  const refund = useAction((idempotencyKey: string, micros: bigint) =>
    client.request(RefundDocument, {
      input: {
        sessionId: visit.id,
        amount: decimalOf(micros),
        method,
        reason: reason.trim(),
        ...referenceOf(method, reference),
        idempotencyKey,
      },
    }),
  );

  if (isLimited && shop !== null && !isPositive(shop.attendantMaxRefund)) {
    return <p className="quiet">{t('refund.byOwner')}</p>;
  }

  async function submit(): Promise<void> {
    const micros = parseAmount(amount);
    setWrong(micros === null || micros <= 0n);
    if (micros === null || micros <= 0n || (await refund.run(micros)) === null) return;
    setAmount('');
    setReason('');
    setReference('');
    onRefunded();
  }

  return (
    <form className="row-form" onSubmit={submitting(submit)}>
      {refund.error === null ? null : <ErrorNote error={refund.error} />}
      <MoneyField
        label={t('refund.amount')}
        currency={visit.statement.currency}
        value={amount}
        onChange={setAmount}
        required
        {...(shop === null || !isLimited ? {} : { hint: t('refund.most', { amount: exact(shop.attendantMaxRefund) }) })}
        problem={wrong ? t('form.amount') : null}
      />
      <SelectField label={t('pay.method')} value={method} choices={methods} onChange={setMethod} />
      <ReferenceField method={method} value={reference} onChange={setReference} />
      <Field label={t('refund.reason')} value={reason} onChange={setReason} required maxLength={100} autoComplete="off" />
      <Button icon="back" submit busy={refund.busy}>
        {t('refund.submit')}
      </Button>
    </form>
  );
}
