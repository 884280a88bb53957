import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useMay } from '../app/permissions.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { useShop } from '../app/shop.js';
import { AddItemDocument, ApplyDiscountDocument, RemoveItemDocument, type ItemFieldsFragment, type VisitFieldsFragment } from '../generated.js';
import { decimalOf, isPositive, parseAmount } from '../lib/money.js';
import { Button, IconButton } from '../ui/Button.js';
import { Field, MoneyField } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';

export interface PartProps {
  readonly visit: VisitFieldsFragment;
  readonly editable: boolean;
  readonly onChange: () => void;
}

export function unpaid(visit: VisitFieldsFragment): boolean {
  return visit.state === 'OPEN' || visit.state === 'CLOSING' || visit.state === 'CLOSED';
}

export function Items({ visit, editable, onChange }: PartProps): ReactElement {
  const { t } = useTranslation();
  return (
    <section className="part" aria-labelledby="items">
      <h3 id="items">{t('items.title')}</h3>
      <Lines visit={visit} lines={visit.items} editable={editable} onChange={onChange} />
      {editable && unpaid(visit) ? <AddItem visit={visit} onChange={onChange} /> : null}
    </section>
  );
}

export function Discounts({ visit, editable, onChange }: PartProps): ReactElement {
  const { t } = useTranslation();
  return (
    <section className="part" aria-labelledby="discounts">
      <h3 id="discounts">{t('discount.title')}</h3>
      <Lines visit={visit} lines={visit.discounts} editable={editable} negative onChange={onChange} />
      {editable && unpaid(visit) ? <AddDiscount visit={visit} onChange={onChange} /> : null}
    </section>
  );
}

interface LinesProps extends PartProps {
  readonly lines: readonly ItemFieldsFragment[];
  readonly negative?: boolean;
}

function Lines({ visit, lines, editable, negative = false, onChange }: LinesProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { exact, minus } = useFormat();
  const remove = useAction((_key: string, itemId: string) =>
    client.request(RemoveItemDocument, { input: { sessionId: visit.id, itemId } }),
  );
  return (
    <>
      {remove.error === null ? null : <ErrorNote error={remove.error} />}
      <ul className="lines">
        {lines.map((line) => (
          <li key={line.itemId} className="line">
            <span className="line-main">
              {line.quantity > 1 ? `${line.quantity} × ` : ''}
              {line.description}
            </span>
            <span className="line-money">{negative ? minus(line.amount) : exact(line.amount)}</span>
            {editable && unpaid(visit) ? (
              <IconButton
                icon="trash"
                label={t('items.remove', { name: line.description })}
                onClick={() => {
                  void remove.run(line.itemId).then((done) => {
                    if (done !== null) onChange();
                  });
                }}
              />
            ) : null}
          </li>
        ))}
      </ul>
    </>
  );
}

function AddItem({ visit, onChange }: Omit<PartProps, 'editable'>): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [description, setDescription] = useState('');
  const [quantity, setQuantity] = useState('1');
  const [price, setPrice] = useState('');
  const [wrong, setWrong] = useState(false);
  const currency = visit.statement.currency;
  const add = useAction((idempotencyKey: string, unitPrice: bigint) =>
    client.request(AddItemDocument, {
      input: {
        sessionId: visit.id,
        description: description.trim(),
        quantity: Number(quantity),
        unitPrice: decimalOf(unitPrice),
        idempotencyKey,
      },
    }),
  );

  async function submit(): Promise<void> {
    const amount = parseAmount(price);
    setWrong(amount === null || amount < 0n);
    if (amount === null || amount < 0n || (await add.run(amount)) === null) return;
    setDescription('');
    setQuantity('1');
    setPrice('');
    onChange();
  }

  return (
    <form className="row-form" onSubmit={submitting(submit)}>
      {add.error === null ? null : <ErrorNote error={add.error} />}
      <Field label={t('items.description')} value={description} onChange={setDescription} required maxLength={100} autoComplete="off" />
      <Field label={t('items.quantity')} value={quantity} onChange={setQuantity} type="number" min={1} max={999} required />
      <MoneyField
        label={t('items.price')}
        currency={currency}
        value={price}
        onChange={setPrice}
        required
        problem={wrong ? t('form.amount') : null}
      />
      <Button icon="add" submit busy={add.busy}>
        {t('items.add')}
      </Button>
    </form>
  );
}

function AddDiscount({ visit, onChange }: Omit<PartProps, 'editable'>): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const shop = useShop().callshop ?? null;
  // users who may set the attendants' limits have no limit
  const isLimited = !useMay('MANAGE_SETTINGS');
  const { exact } = useFormat();
  const [reason, setReason] = useState('');
  const [amount, setAmount] = useState('');
  const [wrong, setWrong] = useState(false);
  const give = useAction((idempotencyKey: string, micros: bigint) =>
    client.request(ApplyDiscountDocument, {
      input: { sessionId: visit.id, amount: decimalOf(micros), reason: reason.trim(), idempotencyKey },
    }),
  );

  if (isLimited && shop !== null && !isPositive(shop.attendantMaxDiscount)) {
    return <p className="quiet">{t('discount.byOwner')}</p>;
  }

  async function submit(): Promise<void> {
    const micros = parseAmount(amount);
    setWrong(micros === null || micros <= 0n);
    if (micros === null || micros <= 0n || (await give.run(micros)) === null) return;
    setReason('');
    setAmount('');
    onChange();
  }

  return (
    <form className="row-form" onSubmit={submitting(submit)}>
      {give.error === null ? null : <ErrorNote error={give.error} />}
      <Field label={t('discount.reason')} value={reason} onChange={setReason} required maxLength={100} autoComplete="off" />
      <MoneyField
        label={t('discount.amount')}
        currency={visit.statement.currency}
        value={amount}
        onChange={setAmount}
        required
        {...(shop === null || !isLimited ? {} : { hint: t('discount.most', { amount: exact(shop.attendantMaxDiscount) }) })}
        problem={wrong ? t('form.amount') : null}
      />
      <Button icon="add" submit busy={give.busy}>
        {t('discount.give')}
      </Button>
    </form>
  );
}
