import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useCabin, useShop } from '../app/shop.js';
import { useAction } from '../app/useAction.js';
import { OpenCabinDocument, type OpenCabinInput } from '../generated.js';
import { parseDuration } from '../lib/format.js';
import { decimalOf, parseAmount } from '../lib/money.js';
import { referenceOf, type Method } from '../lib/settle.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Field, MoneyField, Segments } from '../ui/Field.js';
import { ReferenceField } from '../ui/ReferenceField.js';
import { useMethods } from '../ui/useMethods.js';
import { ErrorNote, Note } from '../ui/States.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { submitting } from '../ui/submitting.js';

type Mode = 'POSTPAID' | 'PREPAID';

interface Form {
  readonly customer: string;
  readonly mode: Mode;
  readonly deposit: string;
  readonly method: Method;
  readonly reference: string;
  readonly spending: string;
  readonly minutes: string;
}

const EMPTY: Form = { customer: '', mode: 'POSTPAID', deposit: '', method: 'CASH', reference: '', spending: '', minutes: '' };

type Fault = 'deposit' | 'spending' | 'minutes';

/** The form as input for the API, or the name of the invalid field. An empty limit means no limit. */
function readForm(cabinId: string, form: Form, idempotencyKey: string): OpenCabinInput | Fault {
  const seconds = form.minutes.trim() === '' ? null : parseDuration(form.minutes);
  if (form.minutes.trim() !== '' && (seconds === null || seconds <= 0)) return 'minutes';
  const base = { cabinId, customer: form.customer.trim(), mode: form.mode, idempotencyKey, timeLimitSeconds: seconds };
  if (form.mode === 'PREPAID') {
    const deposit = parseAmount(form.deposit);
    if (deposit === null || deposit <= 0n) return 'deposit';
    return { ...base, deposit: { amount: decimalOf(deposit), method: form.method, ...referenceOf(form.method, form.reference) } };
  }
  if (form.spending.trim() === '') return base;
  const spending = parseAmount(form.spending);
  return spending === null || spending <= 0n ? 'spending' : { ...base, spendingLimit: decimalOf(spending) };
}

export function OpenCabin({ cabinId, onClose }: { readonly cabinId: string; readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { live, callshop } = useShop();
  const view = useCabin(cabinId);
  const [form, setForm] = useState(EMPTY);
  const [fault, setFault] = useState<Fault | null>(null);
  const action = useAction(async (key) => {
    const input = readForm(cabinId, form, key);
    if (typeof input === 'string') {
      setFault(input);
      return false;
    }
    setFault(null);
    await client.request(OpenCabinDocument, { input });
    return true;
  });
  const place = useFirstFocus<HTMLFormElement>('[type="submit"]');
  const closed = live?.register === null;

  async function submit(): Promise<void> {
    if ((await action.run()) === true) onClose();
  }

  return (
    <Dialog title={t('openCabin.title', { cabin: view?.cabin.number ?? '' })} size="small" onClose={onClose}>
      <form ref={place} className="form" onSubmit={submitting(submit)}>
        {closed && action.error === null ? <Note icon="register">{t('openCabin.registerClosed')}</Note> : null}
        {view?.cabin.phoneOnline === false ? <Note icon="offline">{t('openCabin.phoneOffline')}</Note> : null}
        {action.error === null ? null : <ErrorNote error={action.error} />}
        <OpenCabinFields form={form} onChange={setForm} fault={fault} currency={callshop?.currency ?? ''} />
        <Button tone="open" icon="open" size="large" wide submit busy={action.busy}>
          {t('openCabin.submit')}
        </Button>
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  readonly form: Form;
  readonly fault: Fault | null;
  readonly currency: string;
  readonly onChange: (form: Form) => void;
}

function OpenCabinFields({ form, fault, currency, onChange }: FieldsProps): ReactElement {
  const { t } = useTranslation();
  const set = (changes: Partial<Form>) => {
    onChange({ ...form, ...changes });
  };
  const problem = (field: Fault) => (fault === field ? t('form.amount') : null);
  return (
    <>
      <Segments
        label={t('openCabin.mode')}
        value={form.mode}
        choices={[
          { value: 'POSTPAID', label: t('mode.POSTPAID') },
          { value: 'PREPAID', label: t('mode.PREPAID') },
        ]}
        onChange={(mode) => {
          set({ mode });
        }}
      />
      {form.mode === 'PREPAID' ? (
        <DepositFields form={form} set={set} problem={problem('deposit')} currency={currency} />
      ) : (
        <MoneyField
          label={t('openCabin.spending')}
          hint={t('form.optional')}
          currency={currency}
          value={form.spending}
          problem={problem('spending')}
          onChange={(spending) => {
            set({ spending });
          }}
        />
      )}
      <Field
        label={t('openCabin.minutes')}
        hint={t('openCabin.minutesHint')}
        inputMode="numeric"
        value={form.minutes}
        problem={fault === 'minutes' ? t('form.duration') : null}
        onChange={(minutes) => {
          set({ minutes });
        }}
      />
      <Field
        label={t('openCabin.customer')}
        hint={t('form.optional')}
        autoComplete="off"
        value={form.customer}
        onChange={(customer) => {
          set({ customer });
        }}
      />
    </>
  );
}

interface DepositProps {
  readonly form: Form;
  readonly set: (changes: Partial<Form>) => void;
  readonly problem: string | null;
  readonly currency: string;
}

function DepositFields({ form, set, problem, currency }: DepositProps): ReactElement {
  const { t } = useTranslation();
  const methods = useMethods();
  return (
    <>
      <MoneyField
        label={t('openCabin.deposit')}
        currency={currency}
        value={form.deposit}
        problem={problem}
        onChange={(deposit) => {
          set({ deposit });
        }}
      />
      <Segments
        label={t('pay.method')}
        value={form.method}
        choices={methods}
        onChange={(method) => {
          set({ method });
        }}
      />
      <ReferenceField
        method={form.method}
        value={form.reference}
        onChange={(reference) => {
          set({ reference });
        }}
      />
    </>
  );
}
