import { useState, type ReactElement } from 'react';
import type { CallshopError } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { ActivateVersionDocument, type ActivateVersionMutation, type VersionRowFragment } from './generated.js';
import { today } from '../lib/format.js';
import { instantOf } from '../lib/zone.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Field, Segments } from '../ui/Field.js';
import { ErrorNote, Note } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import { Margin } from './Figures.js';

type Done = ActivateVersionMutation['activateTariffVersion'];

export interface ActivateVersionProps {
  readonly version: VersionRowFragment;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Activates a draft now or later, and then shows the prices below cost and the scheduled version that does not contain the draft's changes. */
export function ActivateVersion({ version, onDone, onClose }: ActivateVersionProps): ReactElement {
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
      {done === null ? <When busy={activate.busy} error={activate.error} onChoose={run} /> : <Outcome number={number} done={done} onClose={onClose} />}
    </Dialog>
  );
}

function isPast(instant: string): boolean {
  return Date.parse(instant) <= Date.now();
}

interface WhenProps {
  readonly busy: boolean;
  readonly error: CallshopError | null;
  /** Called with the time at which the version takes effect; null for now. */
  readonly onChoose: (at: string | null) => Promise<void>;
}

function When({ busy, error, onChoose }: WhenProps): ReactElement {
  const { t } = useTranslation();
  const { timeZone } = useFormat();
  const [when, setWhen] = useState<'now' | 'later'>('now');
  // the first day on which the version can begin with the day
  const [date, setDate] = useState(() => today(timeZone, new Date(), -1));
  const [time, setTime] = useState('00:00');
  const [isWrong, setWrong] = useState(false);

  async function submit(): Promise<void> {
    const at = when === 'now' ? null : instantOf(date, time, timeZone);
    const wrong = when === 'later' && (at === null || isPast(at));
    setWrong(wrong);
    if (!wrong) await onChoose(at);
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
      {when === 'now' ? (
        <p>{t('compare.activateText')}</p>
      ) : (
        <>
          <div className="row-form">
            <Field label={t('compare.date')} type="date" value={date} onChange={setDate} required problem={isWrong ? t('compare.past') : null} />
            <Field label={t('compare.time')} type="time" value={time} onChange={setTime} required />
          </div>
          <p className="hint">{t('compare.zone', { zone: timeZone })}</p>
        </>
      )}
      <Button tone="primary" icon={when === 'now' ? 'check' : 'clock'} wide submit busy={busy}>
        {t(when === 'now' ? 'compare.activate' : 'compare.schedule')}
      </Button>
    </form>
  );
}

function Outcome({ number, done, onClose }: { readonly number: number; readonly done: Done; readonly onClose: () => void }): ReactElement {
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
      {margin === null ? null : <Margin margin={margin} />}
      <Button tone="primary" wide onClick={onClose}>
        {t('receipt.done')}
      </Button>
    </div>
  );
}
