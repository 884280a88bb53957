import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocalImports } from '../../app/localImports.js';
import { useNews } from '../../app/news.js';
import { useFormat } from '../../app/useFormat.js';
import { useQuery } from '../../app/useQuery.js';
import { TariffImportsDocument, type ImportRowFragment } from '../generated.js';
import { Pager } from '../../ui/Pager.js';
import { Answer } from '../../ui/States.js';

export interface ImportListProps {
  readonly tariffId: string;
  /** A text that changes whenever an import has changed. */
  readonly changed: string;
}

/** The imports into a tariff, newest first. A click shows an import. */
export function ImportList({ tariffId, changed }: ImportListProps): ReactElement {
  const { t } = useTranslation();
  const [after, setAfter] = useState<string | null>(null);
  const query = useQuery(TariffImportsDocument, { id: tariffId, after }, `${useNews()} ${changed}`);
  return (
    <div className="card" data-testid="imports">
      <h2>{t('imports.list')}</h2>
      <Answer query={{ ...query, data: query.data?.tariff?.imports ?? null }}>
        {({ nodes, pageInfo }) => (
          <>
            {nodes.length === 0 ? <p className="quiet">{t('imports.none')}</p> : <ImportTable tariffId={tariffId} rows={nodes} />}
            <Pager after={after} pageInfo={pageInfo} onChange={setAfter} />
          </>
        )}
      </Answer>
    </div>
  );
}

function ImportTable({ tariffId, rows }: { readonly tariffId: string; readonly rows: readonly ImportRowFragment[] }): ReactElement {
  const { t } = useTranslation();
  return (
    <table className="table table-cards imports">
      <thead>
        <tr>
          <th scope="col">{t('imports.begun')}</th>
          <th scope="col">{t('receipts.state')}</th>
          <th scope="col">{t('imports.mapping')}</th>
          <th scope="col" className="right">
            {t('tariffs.rateCount')}
          </th>
          <th scope="col" className="right">
            {t('imports.remarks')}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <ImportLine key={row.id} tariffId={tariffId} row={row} />
        ))}
      </tbody>
    </table>
  );
}

const TONES: Partial<Record<ImportRowFragment['state'], string>> = { FAILED: 'bad', ASKS: 'warn', UPLOAD_AGAIN: 'warn', DONE: 'good' };

function ImportLine({ tariffId, row }: { readonly tariffId: string; readonly row: ImportRowFragment }): ReactElement {
  const { t } = useTranslation();
  const { dateTime, count } = useFormat();
  const imports = useLocalImports();
  const { id, state, createdAt, mapping, rowsRead, rowsTotal, problemsTotal, version } = row;
  // the API does not know the file's name, but the note of a version usually is this name
  const name = imports.of(id).file?.name ?? version?.note ?? '';
  // a check stores no rates
  const rates = rowsTotal ?? rowsRead;
  return (
    <tr>
      <td>
        <button
          type="button"
          className="chip"
          aria-pressed={imports.shown(tariffId) === id}
          onClick={() => {
            imports.show(tariffId, id);
          }}
        >
          <span className="visually-hidden">{t('imports.one')} </span>
          {dateTime(createdAt)}
        </button>
        <span className="rate-more">{name}</span>
      </td>
      <td data-label={t('receipts.state')}>
        <span>
          <span className={TONES[state] ?? ''}>{t(`importListState.${state}`)}</span>
          {version === null ? null : <span className="tile-detail"> · {t('compare.withVersion', { number: version.number })}</span>}
        </span>
      </td>
      <td data-label={t('imports.mapping')} data-empty={mapping === null}>
        {mapping === null ? '–' : t('imports.withMapping')}
      </td>
      <td className="right" data-label={t('tariffs.rateCount')} data-empty={rates === 0}>
        {rates === 0 ? '–' : count(rates)}
      </td>
      <td className="right" data-label={t('imports.remarks')}>
        {count(problemsTotal)}
      </td>
    </tr>
  );
}
