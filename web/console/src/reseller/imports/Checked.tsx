import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../app/context.js';
import { useLocalImports } from '../../app/localImports.js';
import { useAction } from '../../app/useAction.js';
import { useFormat } from '../../app/useFormat.js';
import { useQuery } from '../../app/useQuery.js';
import { RatesByKind, RatesPage, type AskedRates } from '../ChangedRates.js';
import { ChangeCounts, ImpactFacts, Margin } from '../Figures.js';
import { ImportRatesDocument, StartImportDocument, type ImportFieldsFragment } from '../generated.js';
import { Button } from '../../ui/Button.js';
import { ErrorNote, Note } from '../../ui/States.js';
import { begin } from './begin.js';
import { Discard } from './CancelImport.js';
import { JobError } from './ImportEnd.js';
import { SaveMapping } from './SaveMapping.js';
import { StartForm, type Effect } from './StartForm.js';

export interface CheckedProps {
  readonly job: ImportFieldsFragment;
  readonly tariff: { readonly id: string; readonly currency: string };
  readonly onAgain: () => void;
  readonly onClose: () => void;
  /** Called if the import is no longer checked. */
  readonly onStale: () => void;
}

/** The result of a check: what the import would change, the form that starts it, and the rates that would change. */
export function Checked({ job, tariff, onAgain, onClose, onStale }: CheckedProps): ReactElement {
  const { t } = useTranslation();
  const { changes, margin, impact, mapping } = job;
  const { choice } = useLocalImports().of(job.id);
  return (
    <>
      <JobError job={job} />
      {changes === null ? (
        <Note>{t('imports.nothing')}</Note>
      ) : (
        <>
          <p>{t(choice?.byDate === true ? 'imports.wouldByDate' : 'imports.would')}</p>
          <ChangeCounts counts={changes} />
          <Start job={job} tariffId={tariff.id} onAgain={onAgain} />
        </>
      )}
      <div className="line-actions">
        <Button onClick={onAgain}>{t('imports.again')}</Button>
        <Discard id={job.id} onDone={onClose} onStale={onStale} />
        <Button tone="quiet" onClick={onClose}>
          {t('common.close')}
        </Button>
      </div>
      {changes === null ? null : (
        <RatesByKind counts={changes}>{(asked, onPage) => <ImportRates id={job.id} asked={asked} onPage={onPage} />}</RatesByKind>
      )}
      {margin === null ? null : <Margin margin={margin} currency={tariff.currency} />}
      {impact === null ? null : (
        <div className="stack" data-testid="import-impact">
          <h3>{t('compare.impact')}</h3>
          <p className="quiet">{t('imports.impactText')}</p>
          <ImpactFacts impact={impact} />
        </div>
      )}
      <SaveMapping mapping={mapping} mappingId={choice?.mappingId ?? null} currency={tariff.currency} />
    </>
  );
}

interface StartProps {
  readonly job: ImportFieldsFragment;
  readonly tariffId: string;
  readonly onAgain: () => void;
}

/** Starts the import with the file that the server has. If the server no longer has the file, a new check sends the file again. */
function Start({ job, tariffId, onAgain }: StartProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const imports = useLocalImports();
  const { file, choice } = imports.of(job.id);
  // the button stays busy until the subscription tells the new state
  const [started, setStarted] = useState<ImportFieldsFragment | null>(null);
  const start = useAction((idempotencyKey: string, effect: Effect) =>
    client.request(StartImportDocument, { input: { importId: job.id, ...effect, idempotencyKey } }),
  );
  const check = useAction(async (key: string) => {
    if (file === null || choice === null) onAgain();
    else await begin({ client, imports }, { tariffId, file, choice, mapping: job.mapping }, key);
  });

  async function run(effect: Effect): Promise<void> {
    if ((await start.run(effect)) !== null) setStarted(job);
  }

  if (start.error?.rawCode === 'UPLOAD_GONE') {
    return (
      <div className="stack">
        <Note>{t('imports.gone')}</Note>
        {check.error === null ? null : <ErrorNote error={check.error} />}
        <Button
          tone="primary"
          icon="check"
          busy={check.busy}
          onClick={() => {
            void check.run();
          }}
        >
          {t(file === null || choice === null ? 'imports.file' : 'imports.checkAgain')}
        </Button>
      </div>
    );
  }
  return <StartForm job={job} byDate={choice?.byDate ?? null} busy={start.busy || started === job} error={start.error} onStart={run} />;
}

interface ImportRatesProps {
  readonly id: string;
  readonly asked: AskedRates;
  readonly onPage: (after: string | null) => void;
}

/** The rates that the import would change, with both prices. The server may list only the first of these rates. */
function ImportRates({ id, asked, onPage }: ImportRatesProps): ReactElement {
  const { t } = useTranslation();
  const { count } = useFormat();
  const query = useQuery(ImportRatesDocument, { ...asked, id });
  const job = query.data?.tariffImport ?? null;
  const rows = job?.changedRates ?? null;
  return (
    <>
      {job === null || rows === null || job.changedRatesComplete !== false ? null : (
        <p className="quiet">{t(rows.totalCountIsExact ? 'imports.firstRates' : 'imports.firstRatesOfMore', { total: count(rows.totalCount) })}</p>
      )}
      {/* the server keeps the list only as long as the file */}
      <RatesPage query={{ ...query, data: rows }} after={asked.after} onPage={onPage} none={t('imports.ratesGone')} />
    </>
  );
}
