import { useState, type ReactElement } from 'react';
import { flushSync } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useViewer } from '../app/context.js';
import { useLocalImports } from '../app/localImports.js';
import { useNews } from '../app/news.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { TariffVersionsDocument, type TariffVersionsQuery, type VersionRowFragment } from './generated.js';
import { Button } from '../ui/Button.js';
import { Answer, Empty } from '../ui/States.js';
import { ActivateVersion } from './ActivateVersion.js';
import { CancelSchedule } from './CancelSchedule.js';
import { Comparison } from './Comparison.js';
import { Derivation, type Source } from './Derivation.js';
import { ImportCard } from './imports/ImportCard.js';
import { ImportForm } from './imports/ImportForm.js';
import { ImportList } from './imports/ImportList.js';
import { noteOf } from './note.js';
import { Rates } from './Rates.js';

type Tariff = NonNullable<TariffVersionsQuery['tariff']>;

export interface TariffVersionsProps {
  readonly tariffId: string;
  /** The tariffs from which the tariff can be derived. */
  readonly sources: readonly Source[];
  /** Whether to ask for a file to import. */
  readonly asksFile: boolean;
  readonly onAskFile: (asks: boolean) => void;
  /** Called after a change that the list of tariffs shows. */
  readonly onChange: () => void;
}

export function TariffVersions({ tariffId, sources, asksFile, onAskFile, onChange }: TariffVersionsProps): ReactElement {
  const query = useQuery(TariffVersionsDocument, { id: tariffId }, useNews());

  function changed(): void {
    query.reload();
    onChange();
  }

  return (
    <div className="tariff">
      <Answer query={query}>
        {({ tariff }) => (
          tariff === null ? null : <TariffCards tariff={tariff} sources={sources} asksFile={asksFile} onAskFile={onAskFile} onChange={changed} />
        )}
      </Answer>
    </div>
  );
}

interface CardsProps extends Omit<TariffVersionsProps, 'tariffId'> {
  readonly tariff: Tariff;
}

function TariffCards({ tariff, sources, asksFile, onAskFile, onChange }: CardsProps): ReactElement {
  const own = useViewer().account.id === tariff.account?.id;
  const [chosen, setChosen] = useState<string | null>(null);
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
        onImport={() => {
          onAskFile(true);
        }}
      />
      {own ? <Imports tariff={tariff} asksFile={asksFile} onAskFile={onAskFile} onStored={onChange} onShow={show} /> : null}
      {own ? <Derivation tariff={tariff} sources={sources} onChange={onChange} /> : null}
      {shown === undefined ? null : (
        <>
          <Comparison key={`changes ${shown.id}`} version={shown} versions={versions} next={nextOf(shown, versions)} own={own} currency={tariff.currency} />
          <Rates key={shown.id} version={shown} />
        </>
      )}
    </>
  );
}

interface ImportsProps {
  readonly tariff: Tariff;
  readonly asksFile: boolean;
  readonly onAskFile: (asks: boolean) => void;
  readonly onStored: () => void;
  readonly onShow: (versionId: string) => void;
}

/** The selected import, the list of all imports, and the form for another import. */
function Imports({ tariff, asksFile, onAskFile, onStored, onShow }: ImportsProps): ReactElement {
  const importId = useLocalImports().shown(tariff.id);
  const [reached, setReached] = useState('');
  return (
    <>
      {importId === null ? null : (
        <ImportCard
          key={importId}
          tariff={tariff}
          id={importId}
          onState={(state) => {
            setReached(`${importId} ${state}`);
            if (state === 'DONE' || state === 'FAILED') onStored();
          }}
          onShow={onShow}
          onAgain={() => {
            onAskFile(true);
          }}
        />
      )}
      <ImportList tariffId={tariff.id} changed={`${importId ?? ''} ${reached}`} />
      {asksFile ? (
        <ImportForm
          tariff={tariff}
          onDone={() => {
            onAskFile(false);
          }}
          onClose={() => {
            onAskFile(false);
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
  readonly onImport: () => void;
}

/** The versions of a tariff, with the actions that the shown version allows. */
function VersionsCard({ tariff, shown, own, onChoose, onChange, onImport }: VersionsCardProps): ReactElement {
  const { t } = useTranslation();
  const [activates, setActivates] = useState<VersionRowFragment | null>(null);
  return (
    <div className="card">
      <h2>{t('tariffs.versions', { name: tariff.name })}</h2>
      {shown === undefined ? (
        <Empty icon="tag">{t('tariffs.noVersions')}</Empty>
      ) : (
        <VersionTable versions={tariff.versions.nodes} shown={shown.id} onChoose={onChoose} />
      )}
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
          <Button icon="add" onClick={onImport}>
            {t('imports.open')}
          </Button>
        </div>
      ) : null}
      {activates === null ? null : (
        <ActivateVersion
          version={activates}
          currency={tariff.currency}
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
  readonly shown: string;
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
        <span className="tile-detail">{noteOf(version, t)}</span>
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
