import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import { today } from '../lib/format.js';
import { instantOf } from '../lib/zone.js';
import { Field } from '../ui/Field.js';

export interface LaterTime {
  readonly date: string;
  readonly time: string;
  readonly isWrong: boolean;
  readonly setDate: (date: string) => void;
  readonly setTime: (time: string) => void;
  /** The chosen time as an instant. If it is not in the future, returns null, and the fields show the error. */
  readonly read: () => string | null;
}

/** The state of the fields for a time at which prices take effect, in the account's time zone. */
export function useLaterTime(): LaterTime {
  const { timeZone } = useFormat();
  // tomorrow is the first day whose beginning is in the future
  const [date, setDate] = useState(() => today(timeZone, new Date(), -1));
  const [time, setTime] = useState('00:00');
  const [isWrong, setWrong] = useState(false);

  function read(): string | null {
    const at = instantOf(date, time, timeZone);
    const isFuture = at !== null && Date.parse(at) > Date.now();
    setWrong(!isFuture);
    return isFuture ? at : null;
  }

  return { date, time, isWrong, setDate, setTime, read };
}

export function LaterFields({ time: { date, time, isWrong, setDate, setTime } }: { readonly time: LaterTime }): ReactElement {
  const { t } = useTranslation();
  const { timeZone } = useFormat();
  return (
    <>
      <div className="row-form">
        <Field label={t('compare.date')} type="date" value={date} onChange={setDate} required problem={isWrong ? t('compare.past') : null} />
        <Field label={t('compare.time')} type="time" value={time} onChange={setTime} required />
      </div>
      <p className="hint">{t('compare.zone', { zone: timeZone })}</p>
    </>
  );
}
