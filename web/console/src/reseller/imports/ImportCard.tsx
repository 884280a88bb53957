import { useEffect, useEffectEvent, useRef, type ReactElement, type RefObject } from 'react';
import { CallshopError } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useBegunImports, type BegunImport } from '../../app/begunImports.js';
import { useClient } from '../../app/context.js';
import { useAction } from '../../app/useAction.js';
import { useFormat } from '../../app/useFormat.js';
import { CancelImportDocument, type ImportFieldsFragment } from '../generated.js';
import { Button } from '../../ui/Button.js';
import { ErrorNote, Loading, Note } from '../../ui/States.js';
import { Checked, Done, Failed } from './ImportEnd.js';
import { Findings } from './Findings.js';
import { Questions } from './Questions.js';
import { begin, sendFile } from './begin.js';
import { useImport } from './useImport.js';
import './imports.css';

export interface ImportCardProps {
  readonly tariff: { readonly id: string; readonly currency: string };
  readonly begun: BegunImport;
  /** Called when a version has been stored. */
  readonly onStored: () => void;
  /** Shows what this version changes. */
  readonly onShow: (versionId: string) => void;
  /** Asks for another file. */
  readonly onAgain: () => void;
}

type State = ImportFieldsFragment['state'];
const ENDED: ReadonlySet<State> = new Set<State>(['CHECKED', 'DONE', 'FAILED', 'CANCELED']);

/** An import that this page began: its progress, its questions, what was found in the file, and its result. */
export function ImportCard({ tariff, begun, onStored, onShow, onAgain }: ImportCardProps): ReactElement {
  const { t } = useTranslation();
  const imports = useBegunImports();
  const { job, error, retry } = useImport(begun.id);
  const heading = useKeptFocus(job?.state);
  const isStored = job?.state === 'DONE';
  const watch = useEffectEvent(imports.watch);
  useEffect(() => watch(begun.id), [begun.id]);
  const stored = useEffectEvent(onStored);
  useEffect(() => {
    if (isStored) stored();
  }, [isStored]);

  function close(): void {
    imports.change(tariff.id, () => null);
  }

  return (
    <section className="card" aria-labelledby="import-title" data-testid="import">
      <h2 id="import-title" tabIndex={-1} ref={heading}>
        {t('imports.of', { file: begun.file.name })}
      </h2>
      <p role="status" className="import-state">
        <strong>{job === null ? '' : t(`importState.${job.state}`)}</strong>
      </p>
      {error === null ? null : <ErrorNote error={error} onRetry={retry} />}
      {job === null ? (
        <Loading />
      ) : (
        <>
          <Step job={job} tariff={tariff} begun={begun} onShow={onShow} onAgain={onAgain} onClose={close} />
          <Findings job={job} />
        </>
      )}
      {job === null || ENDED.has(job.state) ? null : <Cancel id={begun.id} onDone={close} />}
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
  readonly begun: BegunImport;
  readonly onShow: (versionId: string) => void;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

function Step({ job, tariff, begun, onShow, onAgain, onClose }: StepProps): ReactElement | null {
  const client = useClient();
  const imports = useBegunImports();
  const place = { client, imports, tariffId: tariff.id };
  const start = useAction((key: string) => begin(place, { ...begun, dryRun: false }, key));
  switch (job.state) {
    case 'UPLOAD':
    case 'UPLOAD_AGAIN':
      return (
        <Upload
          upload={begun.upload}
          isLost={job.state === 'UPLOAD_AGAIN'}
          onSend={() => {
            if (job.uploadUrl !== null) void sendFile(place, begun, job.uploadUrl);
          }}
        />
      );
    case 'READING':
      return <Reading rowsRead={job.rowsRead} rowsTotal={job.rowsTotal} />;
    case 'ASKS':
      return <Questions key={JSON.stringify(job.questions)} job={job} begun={begun} tariffId={tariff.id} />;
    case 'CHECKED':
      return <Checked job={job} tariff={tariff} begun={begun} start={start} onAgain={onAgain} onClose={onClose} />;
    case 'DONE':
      return <Done job={job} tariff={tariff} begun={begun} onShow={onShow} onClose={onClose} />;
    case 'FAILED':
    case 'CANCELED':
      return <Failed job={job} onAgain={onAgain} onClose={onClose} />;
  }
}

interface UploadProps {
  readonly upload: BegunImport['upload'];
  readonly isLost: boolean;
  readonly onSend: () => void;
}

function Upload({ upload, isLost, onSend }: UploadProps): ReactElement {
  const { t } = useTranslation();
  const isFailed = upload instanceof CallshopError;
  return (
    <>
      {isFailed ? <ErrorNote error={upload} /> : null}
      {isLost && upload === 'done' ? <Note>{t('imports.lost')}</Note> : null}
      {isFailed || (isLost && upload === 'done') ? (
        <Button tone="primary" onClick={onSend}>
          {t('imports.sendAgain')}
        </Button>
      ) : (
        <progress aria-label={t('importState.UPLOAD')} />
      )}
    </>
  );
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

function Cancel({ id, onDone }: { readonly id: string; readonly onDone: () => void }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const cancel = useAction(() => client.request(CancelImportDocument, { input: { importId: id } }));

  async function run(): Promise<void> {
    if ((await cancel.run()) !== null) onDone();
  }

  return (
    <>
      {cancel.error === null ? null : <ErrorNote error={cancel.error} />}
      <Button
        icon="close"
        busy={cancel.busy}
        onClick={() => {
          void run();
        }}
      >
        {t('imports.cancel')}
      </Button>
    </>
  );
}
