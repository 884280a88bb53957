import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { BegunImport } from '../../app/begunImports.js';
import type { Action } from '../../app/useAction.js';
import { useFormat } from '../../app/useFormat.js';
import type { ImportFieldsFragment } from '../generated.js';
import { ChangeCounts, ImpactFacts, Margin } from '../Figures.js';
import { Button } from '../../ui/Button.js';
import { Icon } from '../../ui/Icon.js';
import { ErrorNote, Note } from '../../ui/States.js';
import { SaveMapping } from './SaveMapping.js';

export interface CheckedProps {
  readonly job: ImportFieldsFragment;
  readonly tariff: { readonly currency: string };
  readonly begun: BegunImport;
  readonly start: Action<[], void>;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

/** The result of a check: what the import would change, and the button that starts it. */
export function Checked({ job, tariff, begun, start, onAgain, onClose }: CheckedProps): ReactElement {
  const { t } = useTranslation();
  const { changes, margin, impact } = job;
  return (
    <>
      {changes === null ? (
        <Note>{t('imports.nothing')}</Note>
      ) : (
        <>
          <p>{t(begun.choice.byDate ? 'imports.wouldByDate' : 'imports.would')}</p>
          <ChangeCounts counts={changes} />
        </>
      )}
      {start.error === null ? null : <ErrorNote error={start.error} />}
      <div className="line-actions">
        {changes === null ? null : (
          <Button
            tone="primary"
            icon="check"
            busy={start.busy}
            onClick={() => {
              void start.run();
            }}
          >
            {t(begun.choice.byDate ? 'imports.startByDate' : 'imports.start')}
          </Button>
        )}
        <Button onClick={onAgain}>{t('imports.again')}</Button>
        <Button tone="quiet" onClick={onClose}>
          {t('imports.discard')}
        </Button>
      </div>
      {margin === null ? null : <Margin margin={margin} />}
      {impact === null ? null : (
        <div className="stack" data-testid="import-impact">
          <h3>{t('compare.impact')}</h3>
          <p className="quiet">{t('imports.impactText')}</p>
          <ImpactFacts impact={impact} />
        </div>
      )}
      <SaveMapping begun={begun} currency={tariff.currency} />
    </>
  );
}

export interface DoneProps {
  readonly job: ImportFieldsFragment;
  readonly tariff: { readonly currency: string };
  readonly begun: BegunImport;
  readonly onShow: (versionId: string) => void;
  readonly onClose: () => void;
}

/** The stored version, with a link to what it changes. */
export function Done({ job, tariff, begun, onShow, onClose }: DoneProps): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const { version, next, changes } = job;
  const begins = next?.activeFrom ?? null;
  return (
    <>
      {version === null ? null : (
        <p>{t(version.state === 'DRAFT' ? 'imports.draft' : 'imports.scheduled', { number: version.number })}</p>
      )}
      {changes === null ? null : <ChangeCounts counts={changes} />}
      {next === null || begins === null ? null : <Note icon="clock">{t('compare.nextLacks', { number: next.number, time: dateTime(begins) })}</Note>}
      <div className="line-actions">
        {version === null ? null : (
          <Button
            tone="primary"
            icon="report"
            onClick={() => {
              onShow(version.id);
            }}
          >
            {t('imports.show', { number: version.number })}
          </Button>
        )}
        <Button onClick={onClose}>{t('common.close')}</Button>
      </div>
      <SaveMapping begun={begun} currency={tariff.currency} />
    </>
  );
}

export interface FailedProps {
  readonly job: ImportFieldsFragment;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

/** Why an import left no version. The server's sentence names the values. */
export function Failed({ job, onAgain, onClose }: FailedProps): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      {job.error === null ? null : (
        <div className="note note-error" role="alert">
          <Icon name="alert" />
          <p>{job.error.message}</p>
        </div>
      )}
      <div className="line-actions">
        <Button tone="primary" onClick={onAgain}>
          {t('imports.again')}
        </Button>
        <Button onClick={onClose}>{t('common.close')}</Button>
      </div>
    </>
  );
}
