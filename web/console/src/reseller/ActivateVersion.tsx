import { useState, type ReactElement } from 'react';
import type { CallshopError } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { ActivateVersionDocument, type ActivateVersionMutation, type VersionRowFragment } from './generated.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Segments } from '../ui/Field.js';
import { ErrorNote, Note } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import { Margin } from './Figures.js';
import { LaterFields, useLaterTime } from './LaterTime.js';

type Done = ActivateVersionMutation['activateTariffVersion'];

export interface ActivateVersionProps {
  readonly version: VersionRowFragment;
  /** The tariff's currency. */
  readonly currency: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Activates a draft now or later, and then shows the prices below cost and the scheduled version that does not contain the draft's changes. */
export function ActivateVersion({ version, currency, onDone, onClose }: ActivateVersionProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { number, id } = version;
  const [done, setDone] = useState<Done | null>(null);
  const activate = useAction((idempotencyKey: string, at: string | null) =>
    client.request(ActivateVersionDocument, { input: { versionId: id, at, idempotencyKey } }),
  );

  async function run(at: string | null): Promise<void> {
    const answer = await activate.run(at);
    if (answer === null) return;
    setDone(answer.activateTariffVersion);
    onDone();
  }

  return (
    <Dialog title={t('compare.activateTitle', { number })} size={done === null ? 'small' : 'normal'} onClose={onClose}>
      {done === null ? <When busy={activate.busy} error={activate.error} onChoose={run} /> : <Outcome number={number} done={done} currency={currency} onClose={onClose} />}
    </Dialog>
  );
}

interface WhenProps {
  readonly busy: boolean;
  readonly error: CallshopError | null;
  /** Called with the time at which the version takes effect; null for now. */
  readonly onChoose: (at: string | null) => Promise<void>;
}

function When({ busy, error, onChoose }: WhenProps): ReactElement {
  const { t } = useTranslation();
  const [when, setWhen] = useState<'now' | 'later'>('now');
  const later = useLaterTime();

  async function submit(): Promise<void> {
    const at = when === 'now' ? null : later.read();
    if (when === 'now' || at !== null) await onChoose(at);
  }

  return (
    <form className="form" onSubmit={submitting(submit)}>
      {error === null ? null : <ErrorNote error={error} />}
      <Segments
        label={t('compare.when')}
        value={when}
        choices={(['now', 'later'] as const).map((value) => ({ value, label: t(`compare.${value}`) }))}
        onChange={setWhen}
      />
      {when === 'now' ? <p>{t('compare.activateText')}</p> : <LaterFields time={later} />}
      <Button tone="primary" icon={when === 'now' ? 'check' : 'clock'} wide submit busy={busy}>
        {t(when === 'now' ? 'compare.activate' : 'compare.schedule')}
      </Button>
    </form>
  );
}

interface OutcomeProps {
  readonly number: number;
  readonly done: Done;
  readonly currency: string;
  readonly onClose: () => void;
}

function Outcome({ number, done, currency, onClose }: OutcomeProps): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const { version, next, margin } = done;
  const begins = next?.activeFrom ?? null;
  const later = version?.state === 'SCHEDULED' ? version.activeFrom : null;
  return (
    <div className="form">
      <p className="outcome outcome-good" role="status">
        {later === null ? t('compare.activated', { number }) : t('compare.scheduled', { number, time: dateTime(later) })}
      </p>
      {next === null || begins === null ? null : (
        <Note icon="clock">{t('compare.nextLacks', { number: next.number, time: dateTime(begins) })}</Note>
      )}
      {margin === null ? null : <Margin margin={margin} currency={currency} />}
      <Button tone="primary" wide onClick={onClose}>
        {t('receipt.done')}
      </Button>
    </div>
  );
}
