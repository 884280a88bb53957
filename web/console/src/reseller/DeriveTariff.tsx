import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useViewer } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { DeriveTariffDocument, type DeriveTariffInput } from './generated.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Field, MoneyField, Segments, SelectField, SwitchField } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { submitting } from '../ui/submitting.js';
import { formOf, isWrong, OWN_COST, ruleOf, type DecimalField, type DeriveForm } from './derive.js';
import type { DerivedTariff, Source } from './Derivation.js';

export interface DeriveTariffProps {
  /** The tariff to derive; null for a new tariff. */
  readonly tariff: DerivedTariff | null;
  readonly sources: readonly Source[];
  readonly onDone: (tariffId: string) => void;
  readonly onClose: () => void;
}

/** Asks how a tariff is derived from another one, or from what the account pays. */
export function DeriveTariff({ tariff, sources, onDone, onClose }: DeriveTariffProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { locale } = useFormat();
  const [form, setForm] = useState(() => formOf(tariff?.derivation ?? null, locale));
  const [wrong, setWrong] = useState<ReadonlySet<DecimalField>>(new Set());
  const place = useFirstFocus<HTMLFormElement>('input, select');
  const derive = useAction((idempotencyKey: string, input: DeriveTariffInput) =>
    client.request(DeriveTariffDocument, { input: { ...input, idempotencyKey } }),
  );

  async function submit(): Promise<void> {
    const rule = ruleOf(form);
    setWrong(isWrong(rule) ? rule : new Set());
    if (isWrong(rule)) return;
    const target = tariff === null ? { name: form.name.trim() } : { tariffId: tariff.id };
    const done = (await derive.run({ ...rule, ...target }))?.deriveTariff.tariff ?? null;
    if (done !== null) onDone(done.id);
  }

  function change(more: Partial<DeriveForm>): void {
    setForm((former) => ({ ...former, ...more }));
  }

  return (
    <Dialog title={tariff === null ? t('derive.createNew') : t('derive.titleOf', { name: tariff.name })} onClose={onClose}>
      <form ref={place} className="form" onSubmit={submitting(submit)}>
        {derive.error === null ? null : <ErrorNote error={derive.error} />}
        {tariff === null ? (
          <Field
            label={t('derive.name')}
            value={form.name}
            onChange={(name) => {
              change({ name });
            }}
            maxLength={100}
            autoComplete="off"
            required
          />
        ) : null}
        <SelectField
          label={t('derive.source')}
          value={form.source}
          choices={[
            { value: OWN_COST, label: t('derive.ownCost') },
            ...sources.filter(({ id }) => id !== tariff?.id).map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChange={(source) => {
            change({ source });
          }}
        />
        <RuleFields form={form} wrong={wrong} currency={currencyOf(tariff, form.source, sources)} onChange={change} />
        <Button tone="primary" icon="check" size="large" wide submit busy={derive.busy}>
          {t('derive.submit')}
        </Button>
      </form>
    </Dialog>
  );
}

/** The currency of the derived prices; empty if the page does not know it. */
function currencyOf(tariff: DerivedTariff | null, source: string, sources: readonly Source[]): string {
  return tariff?.currency ?? sources.find(({ id }) => id === source)?.currency ?? '';
}

interface RuleFieldsProps {
  readonly form: DeriveForm;
  readonly wrong: ReadonlySet<DecimalField>;
  readonly currency: string;
  readonly onChange: (more: Partial<DeriveForm>) => void;
}

function RuleFields({ form, wrong, currency, onChange }: RuleFieldsProps): ReactElement {
  const { t } = useTranslation();
  const own = useViewer().account.currency;
  const problem = (field: DecimalField): string | null => (wrong.has(field) ? t('form.amount') : null);
  const money = (field: 'addition' | 'minimumMargin'): ReactElement => (
    <MoneyField
      label={t(`derive.${field}`)}
      hint={t('form.optional')}
      currency={currency === '' ? own : currency}
      value={form[field]}
      onChange={(value) => {
        onChange(field === 'addition' ? { addition: value } : { minimumMargin: value });
      }}
      problem={problem(field)}
    />
  );
  return (
    <>
      <Field
        label={t('derive.percent')}
        hint={t('derive.percentHint')}
        value={form.percent}
        onChange={(percent) => {
          onChange({ percent });
        }}
        problem={wrong.has('percent') ? t('derive.percentWrong') : null}
        autoComplete="off"
      />
      <div className="row-form row-form-end">
        {money('addition')}
        {money('minimumMargin')}
      </div>
      <Segments
        label={t('derive.rounding')}
        value={form.rounding}
        choices={(['exact', 'toEnding', 'toStep'] as const).map((value) => ({ value, label: t(`derive.${value}`) }))}
        onChange={(rounding) => {
          onChange({ rounding });
        }}
      />
      {form.rounding === 'exact' ? null : (
        <Field
          label={t(form.rounding === 'toEnding' ? 'derive.ending' : 'derive.step')}
          hint={t(form.rounding === 'toEnding' ? 'derive.endingHint' : 'derive.stepHint')}
          value={form.roundTo}
          onChange={(roundTo) => {
            onChange({ roundTo });
          }}
          problem={problem('roundTo')}
          inputMode="decimal"
          autoComplete="off"
        />
      )}
      <SwitchField
        label={t('derive.takeEffect')}
        checked={form.automatic}
        onChange={(automatic) => {
          onChange({ automatic });
        }}
      />
    </>
  );
}
