import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useViewer } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { CreateTariffDocument, type CreateTariffInput } from './generated.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Field } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { BandFields } from './BandFields.js';
import { bandsOf, MOST_BANDS, newBand, type BandForm } from './bands.js';

export interface NewTariffProps {
  readonly onDone: (tariffId: string) => void;
  readonly onClose: () => void;
}

/** Asks for the name, the currency and the time bands of a tariff with prices of its own, which are imported afterward. */
export function NewTariff({ onDone, onClose }: NewTariffProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { account, role } = useViewer();
  const [name, setName] = useState('');
  const [currency, setCurrency] = useState(account.currency);
  const [bands, setBands] = useState<readonly BandForm[]>([]);
  const [isWrong, setWrong] = useState(false);
  const place = useFirstFocus<HTMLFormElement>('input');
  const create = useAction((idempotencyKey: string, input: CreateTariffInput) =>
    client.request(CreateTariffDocument, { input: { ...input, idempotencyKey } }),
  );

  async function submit(): Promise<void> {
    const wanted = bandsOf(bands);
    setWrong(wanted === null);
    if (wanted === null) return;
    const made = (await create.run({ name: name.trim(), currency, bands: wanted }))?.createTariff.tariff ?? null;
    if (made !== null) onDone(made.id);
  }

  return (
    <Dialog title={t('newTariff.open')} onClose={onClose}>
      <form ref={place} className="form" onSubmit={submitting(submit)}>
        {create.error === null ? null : <ErrorNote error={create.error} />}
        <Field label={t('derive.name')} value={name} onChange={setName} maxLength={100} autoComplete="off" required />
        {/* only the platform's tariffs may have a currency other than the account's */}
        {role === 'ADMIN' ? (
          <Field
            label={t('newTariff.currency')}
            hint={t('newTariff.currencyHint')}
            value={currency}
            pattern="[A-Z]{3}"
            maxLength={3}
            autoComplete="off"
            spellCheck={false}
            required
            onChange={(typed) => {
              setCurrency(typed.toUpperCase());
            }}
          />
        ) : null}
        <Bands bands={bands} isWrong={isWrong} timeZone={account.timeZone} onChange={setBands} />
        <Button tone="primary" icon="check" size="large" wide submit busy={create.busy}>
          {t('newTariff.submit')}
        </Button>
        <p className="hint">{t('newTariff.next')}</p>
      </form>
    </Dialog>
  );
}

interface BandsProps {
  readonly bands: readonly BandForm[];
  /** Whether to show which bands never begin. */
  readonly isWrong: boolean;
  readonly timeZone: string;
  readonly onChange: (bands: readonly BandForm[]) => void;
}

function Bands({ bands, isWrong, timeZone, onChange }: BandsProps): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      {bands.map((band, index) => (
        <BandFields
          key={band.id}
          number={index + 1}
          band={band}
          isWrong={isWrong}
          onChange={(changed) => {
            onChange(bands.map((other) => (other.id === band.id ? changed : other)));
          }}
          onRemove={() => {
            onChange(bands.filter(({ id }) => id !== band.id));
          }}
        />
      ))}
      <div className="stack">
        {bands.length < MOST_BANDS ? (
          <Button
            icon="add"
            onClick={() => {
              onChange([...bands, newBand(Math.max(0, ...bands.map(({ id }) => id)) + 1)]);
            }}
          >
            {t('newTariff.addBand')}
          </Button>
        ) : null}
        <p className="hint">{t('newTariff.bandHint', { zone: timeZone })}</p>
      </div>
    </>
  );
}
