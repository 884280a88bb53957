import { useState, type ReactElement } from 'react';
import { parseMoney } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { UpdateLimitsDocument } from '../generated.js';
import { clock, parseDuration } from '../lib/format.js';
import { decimalOf, parseAmount } from '../lib/money.js';
import { Button } from '../ui/Button.js';
import { Field, MoneyField } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import type { PartProps } from './Extras.js';

export function Limits({ visit, editable, onChange }: PartProps): ReactElement {
  const { t } = useTranslation();
  const { exact } = useFormat();
  const none = t('limits.none');
  return (
    <section className="part" aria-labelledby="limits">
      <h3 id="limits">{t('limits.title')}</h3>
      {editable ? (
        <LimitsForm visit={visit} editable={editable} onChange={onChange} />
      ) : (
        <p>
          {t('limits.both', {
            money: visit.spendingLimit === null ? none : exact(visit.spendingLimit),
            time: visit.timeLimitSeconds === null ? none : clock(visit.timeLimitSeconds),
          })}
        </p>
      )}
    </section>
  );
}

function LimitsForm({ visit, onChange }: PartProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { typed } = useFormat();
  const currency = visit.statement.currency;
  const [money, setMoney] = useState(visit.spendingLimit === null ? '' : typed(parseMoney(visit.spendingLimit), currency));
  const [time, setTime] = useState(visit.timeLimitSeconds === null ? '' : clock(visit.timeLimitSeconds));
  const [fault, setFault] = useState<'money' | 'time' | null>(null);
  const prepaid = visit.mode === 'PREPAID';
  const change = useAction((_key: string, spendingLimit: string | null, timeLimitSeconds: number | null) =>
    client.request(UpdateLimitsDocument, {
      input: { sessionId: visit.id, timeLimitSeconds, ...(prepaid ? {} : { spendingLimit }) },
    }),
  );

  async function submit(): Promise<void> {
    const micros = money.trim() === '' ? null : parseAmount(money);
    const seconds = time.trim() === '' ? null : parseDuration(time);
    const badMoney = money.trim() !== '' && (micros === null || micros <= 0n);
    const badTime = time.trim() !== '' && (seconds === null || seconds <= 0);
    setFault(badMoney ? 'money' : badTime ? 'time' : null);
    if (badMoney || badTime) return;
    if ((await change.run(micros === null ? null : decimalOf(micros), seconds)) !== null) onChange();
  }

  return (
    <form className="row-form" onSubmit={submitting(submit)}>
      {change.error === null ? null : <ErrorNote error={change.error} />}
      {prepaid ? null : (
        <MoneyField
          label={t('openCabin.spending')}
          currency={currency}
          value={money}
          onChange={setMoney}
          placeholder={t('limits.none')}
          problem={fault === 'money' ? t('form.amount') : null}
        />
      )}
      <Field
        label={t('openCabin.minutes')}
        value={time}
        onChange={setTime}
        placeholder={t('limits.none')}
        problem={fault === 'time' ? t('form.duration') : null}
      />
      <Button icon="check" submit busy={change.busy}>
        {t('limits.save')}
      </Button>
    </form>
  );
}
