import { useEffect, useEffectEvent, useRef, type ReactElement, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocalImports } from '../../app/localImports.js';
import { useFormat } from '../../app/useFormat.js';
import { watch } from '../../app/watched.js';
import type { ImportFieldsFragment } from '../generated.js';
import { Fact } from '../Figures.js';
import { ErrorNote, Loading } from '../../ui/States.js';
import { Cancel } from './CancelImport.js';
import { Checked } from './Checked.js';
import { Done, Failed } from './ImportEnd.js';
import { Findings } from './Findings.js';
import { Questions } from './Questions.js';
import { Upload } from './Upload.js';
import { ENDED } from './begin.js';
import { sortedMapping } from './mapping.js';
import { useImport } from './useImport.js';
import './imports.css';

export interface ImportCardProps {
  readonly tariff: { readonly id: string; readonly currency: string };
  /** The import. */
  readonly id: string;
  /** Called when the import has reached another state. */
  readonly onState: (state: State) => void;
  /** Shows what this version changes. */
  readonly onShow: (versionId: string) => void;
  /** Asks for another file. */
  readonly onAgain: () => void;
}

type State = ImportFieldsFragment['state'];

/** One import: its progress, its questions, what was found in the file, and its result. */
export function ImportCard({ tariff, id, onState, onShow, onAgain }: ImportCardProps): ReactElement {
  const { t } = useTranslation();
  const imports = useLocalImports();
  const { file } = imports.of(id);
  const { dateTime } = useFormat();
  const { job, error, restart } = useImport(id);
  const heading = useKeptFocus(job?.state);
  const state = job?.state;
  useEffect(() => watch(id), [id]);
  const reached = useEffectEvent(onState);
  useEffect(() => {
    if (state !== undefined) reached(state);
  }, [state]);

  function close(): void {
    imports.show(tariff.id, null);
  }

  return (
    <section className="card" aria-labelledby="import-title" data-testid="import">
      <h2 id="import-title" tabIndex={-1} ref={heading}>
        {t('imports.of', { file: file?.name ?? (job === null ? '' : dateTime(job.createdAt)) })}
      </h2>
      <p role="status" className="import-state">
        <strong>{state === undefined ? '' : t(`importState.${state}`)}</strong>
      </p>
      {error === null ? null : <ErrorNote error={error} onRetry={restart} />}
      {job === null ? (
        error === null ? <Loading /> : null
      ) : (
        <>
          <Step job={job} tariff={tariff} onShow={onShow} onAgain={onAgain} onClose={close} onStale={restart} />
          <Findings job={job} />
          <Request job={job} />
        </>
      )}
      {state === undefined || ENDED.has(state) ? null : <Cancel id={id} onDone={close} />}
    </section>
  );
}

/** If a step's buttons disappear while one of them has the focus, the heading gets the focus, so that the keyboard stays in the card. */
function useKeptFocus(state: State | undefined): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (state !== undefined && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [state]);
  return heading;
}

interface StepProps {
  readonly job: ImportFieldsFragment;
  readonly tariff: ImportCardProps['tariff'];
  readonly onShow: (versionId: string) => void;
  readonly onAgain: () => void;
  readonly onClose: () => void;
  readonly onStale: () => void;
}

function Step({ job, tariff, onShow, onAgain, onClose, onStale }: StepProps): ReactElement | null {
  switch (job.state) {
    case 'UPLOAD':
    case 'UPLOAD_AGAIN':
      return <Upload job={job} currency={tariff.currency} />;
    case 'READING':
      return <Reading rowsRead={job.rowsRead} rowsTotal={job.rowsTotal} />;
    case 'ASKS':
      return <Questions key={JSON.stringify(job.questions)} job={job} />;
    case 'CHECKED':
      return <Checked job={job} tariff={tariff} onAgain={onAgain} onClose={onClose} onStale={onStale} />;
    case 'DONE':
      return <Done job={job} tariff={tariff} onShow={onShow} onClose={onClose} />;
    case 'FAILED':
    case 'CANCELED':
      return <Failed job={job} onShow={onShow} onAgain={onAgain} onClose={onClose} />;
  }
}

function Reading({ rowsRead, rowsTotal }: { readonly rowsRead: number; readonly rowsTotal: number | null }): ReactElement {
  const { t } = useTranslation();
  const { count } = useFormat();
  if (rowsTotal === null) return <progress aria-label={t('importState.READING')} />;
  return (
    <>
      <progress aria-label={t('importState.READING')} value={rowsRead} max={rowsTotal} />
      <p className="quiet">{t('imports.progress', { done: count(rowsRead), total: count(rowsTotal) })}</p>
    </>
  );
}

/** The request to the server: the time, the way in which the rates are combined, and the mapping. */
function Request({ job }: { readonly job: ImportFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  return (
    <details className="stack">
      <summary>{t('imports.request')}</summary>
      <dl className="facts">
        <Fact label={t('imports.begun')} value={dateTime(job.createdAt)} />
        <Fact label={t('imports.mode')} value={t(`imports.${job.mode}`)} />
        {job.effectiveAt === null ? null : <Fact label={t('imports.effective')} value={dateTime(job.effectiveAt)} />}
      </dl>
      {job.mapping === null ? null : (
        <>
          <h3>{t('imports.mapping')}</h3>
          <pre className="import-mapping">
            <code>{sortedMapping(job.mapping, 2)}</code>
          </pre>
        </>
      )}
    </details>
  );
}
