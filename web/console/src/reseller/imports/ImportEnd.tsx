import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocalImports } from '../../app/localImports.js';
import { useFormat } from '../../app/useFormat.js';
import type { ImportFieldsFragment, VersionRowFragment } from '../generated.js';
import { ChangeCounts } from '../Figures.js';
import { Button } from '../../ui/Button.js';
import { Icon } from '../../ui/Icon.js';
import { Note } from '../../ui/States.js';
import { SaveMapping } from './SaveMapping.js';

export interface DoneProps {
  readonly job: ImportFieldsFragment;
  readonly tariff: { readonly currency: string };
  readonly onShow: (versionId: string) => void;
  readonly onClose: () => void;
}

/** The stored version, with a link to what it changes. */
export function Done({ job, tariff, onShow, onClose }: DoneProps): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const { choice } = useLocalImports().of(job.id);
  const { version, next, changes, mapping } = job;
  const begins = next?.activeFrom ?? null;
  return (
    <>
      {version === null ? null : <Stored version={version} />}
      {changes === null ? null : <ChangeCounts counts={changes} />}
      {next === null || begins === null ? null : <Note icon="clock">{t('compare.nextLacks', { number: next.number, time: dateTime(begins) })}</Note>}
      <div className="line-actions">
        {version === null ? null : <Show version={version} onShow={onShow} />}
        <Button onClick={onClose}>{t('common.close')}</Button>
      </div>
      <SaveMapping mapping={mapping} mappingId={choice?.mappingId ?? null} currency={tariff.currency} />
    </>
  );
}

/** Whether the version is a draft, is scheduled, or is in force. */
function Stored({ version: { number, state, activeFrom } }: { readonly version: VersionRowFragment }): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  switch (state) {
    case 'DRAFT':
      return <p>{t('imports.draft', { number })}</p>;
    case 'SCHEDULED':
      return <p>{t('compare.scheduled', { number, time: activeFrom === null ? '' : dateTime(activeFrom) })}</p>;
    case 'ACTIVE':
      return <p className="good">{t('compare.activated', { number })}</p>;
    case 'RETIRED':
      return <p>{t('imports.stored', { number })}</p>;
  }
}

interface ShowProps {
  readonly version: VersionRowFragment;
  readonly onShow: (versionId: string) => void;
}

function Show({ version, onShow }: ShowProps): ReactElement {
  const { t } = useTranslation();
  return (
    <Button
      tone="primary"
      icon="report"
      onClick={() => {
        onShow(version.id);
      }}
    >
      {t('imports.show', { number: version.number })}
    </Button>
  );
}

export interface FailedProps {
  readonly job: ImportFieldsFragment;
  readonly onShow: (versionId: string) => void;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

/** The reason why an import failed. The server's message includes the values. */
export function JobError({ job: { error } }: { readonly job: ImportFieldsFragment }): ReactElement | null {
  if (error === null) return null;
  return (
    <div className="note note-error" role="alert">
      <Icon name="alert" />
      <p>{error.message}</p>
    </div>
  );
}

/** An import that failed or was canceled. If its version is stored and only its activation failed, the version is a draft. */
export function Failed({ job, onShow, onAgain, onClose }: FailedProps): ReactElement {
  const { t } = useTranslation();
  const { version } = job;
  return (
    <>
      <JobError job={job} />
      {version === null ? null : <Stored version={version} />}
      <div className="line-actions">
        {version === null ? null : <Show version={version} onShow={onShow} />}
        <Button tone={version === null ? 'primary' : 'plain'} onClick={onAgain}>
          {t('imports.again')}
        </Button>
        <Button onClick={onClose}>{t('common.close')}</Button>
      </div>
    </>
  );
}
