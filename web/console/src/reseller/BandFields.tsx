import { useId, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import { IconButton } from '../ui/Button.js';
import { Field, SwitchField } from '../ui/Field.js';
import { DAYS, dayName, type BandForm, type Day } from './bands.js';

export interface BandFieldsProps {
  /** Position in the list, counted from 1. */
  readonly number: number;
  readonly band: BandForm;
  /** Whether to say that the band never begins. */
  readonly isWrong: boolean;
  readonly onChange: (band: BandForm) => void;
  readonly onRemove: () => void;
}

/** The fields of a time band: its name, its days and its hours. */
export function BandFields({ number, band, isWrong, onChange, onRemove }: BandFieldsProps): ReactElement {
  const { t } = useTranslation();
  const id = useId();
  const { name, days, from, to, holidays } = band;
  const neverBegins = isWrong && days.size === 0 && !holidays;
  return (
    <fieldset className="band" aria-describedby={neverBegins ? `${id}-problem` : undefined}>
      <legend className="visually-hidden">{t('newTariff.band', { number })}</legend>
      <div className="band-head">
        <Field
          label={t('newTariff.bandName', { number })}
          value={name}
          maxLength={40}
          autoComplete="off"
          required
          onChange={(typed) => {
            onChange({ ...band, name: typed });
          }}
        />
        <IconButton icon="trash" label={t('newTariff.removeBand', { number })} onClick={onRemove} />
      </div>
      <DayChoices
        days={days}
        onChange={(chosen) => {
          onChange({ ...band, days: chosen });
        }}
      />
      {neverBegins ? (
        <p className="problem" id={`${id}-problem`}>
          {t('newTariff.noDays')}
        </p>
      ) : null}
      <div className="row-form">
        <Field
          label={t('newTariff.from')}
          type="time"
          value={from}
          required
          onChange={(time) => {
            onChange({ ...band, from: time });
          }}
        />
        <Field
          label={t('newTariff.to')}
          type="time"
          value={to}
          required
          onChange={(time) => {
            onChange({ ...band, to: time });
          }}
        />
      </div>
      <SwitchField
        label={t('newTariff.holidays')}
        checked={holidays}
        onChange={(checked) => {
          onChange({ ...band, holidays: checked });
        }}
      />
    </fieldset>
  );
}

function DayChoices({ days, onChange }: { readonly days: ReadonlySet<Day>; readonly onChange: (days: ReadonlySet<Day>) => void }): ReactElement {
  const { t } = useTranslation();
  const { locale } = useFormat();
  return (
    <fieldset className="segments">
      <legend>{t('newTariff.days')}</legend>
      <div className="segments-row">
        {DAYS.map((day) => (
          <label key={day} className="segment">
            <input
              type="checkbox"
              aria-label={dayName(day, locale, 'long')}
              checked={days.has(day)}
              onChange={(event) => {
                const chosen = new Set(days);
                if (event.target.checked) chosen.add(day);
                else chosen.delete(day);
                onChange(chosen);
              }}
            />
            <span>{dayName(day, locale, 'short')}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
