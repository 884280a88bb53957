import { useState, type ReactElement } from 'react';
import type { CallshopError } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../app/useFormat.js';
import { LaterFields, useLaterTime } from '../LaterTime.js';
import type { ImportFieldsFragment, StartTariffImportInput } from '../generated.js';
import { Button } from '../../ui/Button.js';
import { Segments } from '../../ui/Field.js';
import { ErrorNote } from '../../ui/States.js';
import { submitting } from '../../ui/submitting.js';

/** When the prices take effect. Without fields, this is the time that was requested before the check. */
export type Effect = Pick<StartTariffImportInput, 'takeEffect' | 'effectiveAt'>;

/** A choice in the form; `checked` is the time that was requested before the check. */
type When = 'checked' | 'draft' | 'now' | 'later';

export interface StartFormProps {
  readonly job: ImportFieldsFragment;
  /** Whether each date in the file becomes a version; null if this page does not know, because it did not begin the import. */
  readonly byDate: boolean | null;
  readonly busy: boolean;
  readonly error: CallshopError | null;
  readonly onStart: (effect: Effect) => Promise<void>;
}

/** The choices for an import, the first of which is chosen until the user chooses another one. */
function choicesFor(effectiveAt: string | null, byDate: boolean | null): readonly When[] {
  if (effectiveAt !== null) return ['checked', 'draft', 'now', 'later'];
  return byDate === null ? ['checked', 'now', 'later'] : ['draft', 'now', 'later'];
}

/** Asks when the prices of a checked file take effect. */
export function StartForm({ job: { effectiveAt }, byDate, busy, error, onStart }: StartFormProps): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const choices = choicesFor(effectiveAt, byDate);
  const [chosen, setChosen] = useState<When | null>(null);
  const when = byDate === true ? 'checked' : (chosen ?? choices[0] ?? 'checked');
  const later = useLaterTime();
  const isLater = byDate === true || when === 'later' || (when === 'checked' && effectiveAt !== null);
  const checked = effectiveAt === null ? t('imports.asChecked') : dateTime(effectiveAt);

  async function submit(): Promise<void> {
    const at = when === 'later' ? later.read() : null;
    if (when !== 'later' || at !== null) await onStart(effectOf(when, at));
  }

  return (
    <form className="stack start-form" onSubmit={submitting(submit)} data-testid="start">
      {error === null ? null : <ErrorNote error={error} />}
      {byDate === true ? null : (
        <Segments
          label={t('imports.when')}
          value={when}
          choices={choices.map((value) => ({ value, label: value === 'checked' ? checked : t(LABELS[value]) }))}
          onChange={setChosen}
        />
      )}
      {when === 'later' ? <LaterFields time={later} /> : null}
      {when === 'draft' ? <p className="hint">{t('imports.asDraftHint')}</p> : null}
      {when === 'now' ? <p className="hint">{t('imports.nowHint')}</p> : null}
      {when === 'checked' && byDate === null && effectiveAt === null ? <p className="hint">{t('imports.asCheckedHint')}</p> : null}
      <Button tone="primary" icon={isLater ? 'clock' : 'check'} submit busy={busy}>
        {t(isLater ? 'imports.startLater' : when === 'now' ? 'imports.startNow' : 'imports.start')}
      </Button>
    </form>
  );
}

const LABELS = { draft: 'imports.asDraft', now: 'compare.now', later: 'compare.later' } as const;

function effectOf(when: When, at: string | null): Effect {
  switch (when) {
    case 'checked':
      return {};
    case 'draft':
      return { takeEffect: 'DRAFT' };
    case 'now':
      return { takeEffect: 'NOW' };
    case 'later':
      return { takeEffect: 'AT', effectiveAt: at };
  }
}
