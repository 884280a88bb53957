import { useState, type ReactElement } from 'react';
import { flushSync } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useBegunImports } from '../app/begunImports.js';
import { useViewer } from '../app/context.js';
import { useNews } from '../app/news.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { TariffVersionsDocument, type TariffVersionsQuery, type VersionRowFragment } from './generated.js';
import { Button } from '../ui/Button.js';
import { Answer } from '../ui/States.js';
import { ActivateVersion } from './ActivateVersion.js';
import { CancelSchedule } from './CancelSchedule.js';
import { Comparison } from './Comparison.js';
import { Derivation, type Source } from './Derivation.js';
import { ImportCard } from './imports/ImportCard.js';
import { ImportForm } from './imports/ImportForm.js';
import { Rates } from './Rates.js';

type Tariff = NonNullable<TariffVersionsQuery['tariff']>;

export interface TariffVersionsProps {
  readonly tariffId: string;
  /** The tariffs from which the tariff can be derived. */
  readonly sources: readonly Source[];
  /** Called after a change that the list of tariffs shows. */
  readonly onChange: () => void;
}

export function TariffVersions({ tariffId, sources, onChange }: TariffVersionsProps): ReactElement {
  const query = useQuery(TariffVersionsDocument, { id: tariffId }, useNews());

  function changed(): void {
    query.reload();
    onChange();
  }

  return (
    <div className="tariff">
      <Answer query={query}>
        {({ tariff }) => (tariff === null ? null : <TariffCards tariff={tariff} sources={sources} onChange={changed} />)}
      </Answer>
    </div>
  );
}

interface CardsProps {
  readonly tariff: Tariff;
  readonly sources: readonly Source[];
  readonly onChange: () => void;
}

function TariffCards({ tariff, sources, onChange }: CardsProps): ReactElement {
  const own = useViewer().account.id === tariff.account?.id;
  const begun = useBegunImports().of(tariff.id);
  const [chosen, setChosen] = useState<string | null>(null);
  const [asksFile, setAsksFile] = useState(false);
  const versions = tariff.versions.nodes;
  const shown = versions.find(({ id }) => id === chosen) ?? versions.find(({ state }) => state === 'ACTIVE') ?? versions[0];

  /** Shows a version, and moves the focus to what it changes. */
  function show(versionId: string): void {
    flushSync(() => {
      setChosen(versionId);
    });
    document.getElementById('comparison-title')?.focus();
  }

  return (
    <>
      <VersionsCard
        tariff={tariff}
        shown={shown}
        own={own}
        onChoose={setChosen}
        onChange={onChange}
        onImport={
          begun === null
            ? () => {
                setAsksFile(true);
              }
            : null
        }
      />
      {begun === null ? null : (
        <ImportCard
          key={begun.id}
          tariff={tariff}
          begun={begun}
          onStored={onChange}
          onShow={show}
          onAgain={() => {
            setAsksFile(true);
          }}
        />
      )}
      {own ? <Derivation tariff={tariff} sources={sources} onChange={onChange} /> : null}
      {shown === undefined ? null : (
        <>
          <Comparison key={`changes ${shown.id}`} version={shown} versions={versions} next={nextOf(shown, versions)} own={own} />
          <Rates key={shown.id} version={shown} />
        </>
      )}
      {asksFile ? (
        <ImportForm
          tariff={tariff}
          onDone={() => {
            setAsksFile(false);
          }}
          onClose={() => {
            setAsksFile(false);
          }}
        />
      ) : null}
    </>
  );
}

interface VersionsCardProps {
  readonly tariff: Tariff;
  readonly shown: VersionRowFragment | undefined;
  readonly own: boolean;
  readonly onChoose: (versionId: string) => void;
  readonly onChange: () => void;
  /** Asks for a file; null while an import is shown, which has buttons of its own. */
  readonly onImport: (() => void) | null;
}

/** The versions of a tariff, with the actions that the shown version allows. */
function VersionsCard({ tariff, shown, own, onChoose, onChange, onImport }: VersionsCardProps): ReactElement {
  const { t } = useTranslation();
  const [activates, setActivates] = useState<VersionRowFragment | null>(null);
  return (
    <div className="card">
      <h2>{t('tariffs.versions', { name: tariff.name })}</h2>
      <VersionTable versions={tariff.versions.nodes} shown={shown?.id} onChoose={onChoose} />
      {own ? (
        <div className="line-actions">
          {shown?.state === 'DRAFT' ? (
            <Button
              tone="primary"
              icon="check"
              onClick={() => {
                setActivates(shown);
              }}
            >
              {t('compare.activateOpen', { number: shown.number })}
            </Button>
          ) : null}
          {shown?.state === 'SCHEDULED' ? <CancelSchedule key={shown.id} version={shown} onDone={onChange} /> : null}
          {onImport === null ? null : (
            <Button icon="add" onClick={onImport}>
              {t('imports.open')}
            </Button>
          )}
        </div>
      ) : null}
      {activates === null ? null : (
        <ActivateVersion
          version={activates}
          onDone={onChange}
          onClose={() => {
            setActivates(null);
          }}
        />
      )}
    </div>
  );
}

/** The scheduled version that takes effect next after this version; null if there is none. */
export function nextOf(version: VersionRowFragment, versions: readonly VersionRowFragment[]): VersionRowFragment | null {
  if (version.state === 'RETIRED') return null;
  // a draft would take effect now
  const from = version.state === 'DRAFT' ? 0 : startOf(version);
  const later = versions.filter((other) => other.state === 'SCHEDULED' && startOf(other) > from);
  return later.reduce<VersionRowFragment | null>((first, other) => (first === null || startOf(other) < startOf(first) ? other : first), null);
}

function startOf({ activeFrom }: VersionRowFragment): number {
  return activeFrom === null ? 0 : Date.parse(activeFrom);
}

interface VersionTableProps {
  readonly versions: readonly VersionRowFragment[];
  readonly shown: string | undefined;
  readonly onChoose: (versionId: string) => void;
}

function VersionTable({ versions, shown, onChoose }: VersionTableProps): ReactElement {
  const { t } = useTranslation();
  return (
    <table className="table table-cards">
      <thead>
        <tr>
          <th scope="col">{t('tariffs.version')}</th>
          <th scope="col">{t('receipts.state')}</th>
          <th scope="col">{t('tariffs.since')}</th>
          <th scope="col" className="right">
            {t('tariffs.rateCount')}
          </th>
        </tr>
      </thead>
      <tbody>
        {versions.map((version) => (
          <VersionLine
            key={version.id}
            version={version}
            shown={version.id === shown}
            onChoose={() => {
              onChoose(version.id);
            }}
          />
        ))}
      </tbody>
    </table>
  );
}

function VersionLine({ version, shown, onChoose }: { readonly version: VersionRowFragment; readonly shown: boolean; readonly onChoose: () => void }): ReactElement {
  const { t } = useTranslation();
  const { dateTime, count } = useFormat();
  return (
    <tr>
      <td>
        <button type="button" className="chip" aria-pressed={shown} onClick={onChoose}>
          <span className="visually-hidden">{t('tariffs.version')} </span>
          {version.number}
        </button>{' '}
        <span className="tile-detail">{version.note}</span>
      </td>
      <td data-label={t('receipts.state')}>
        <span>
          {t(`versionState.${version.state}`)}
          {version.isDerived ? <span className="tile-detail"> · {t('tariffs.derived')}</span> : null}
        </span>
      </td>
      <td data-label={t('tariffs.since')}>{version.activeFrom === null ? '–' : dateTime(version.activeFrom)}</td>
      <td className="right" data-label={t('tariffs.rateCount')}>{count(version.rateCount)}</td>
    </tr>
  );
}
