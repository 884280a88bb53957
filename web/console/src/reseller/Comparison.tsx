import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useNews } from '../app/news.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { CompareVersionsDocument, VersionChangesDocument, VersionImpactDocument, type VersionRowFragment } from './generated.js';
import { Button } from '../ui/Button.js';
import { SelectField } from '../ui/Field.js';
import { Answer, Note } from '../ui/States.js';
import { ChangedRates } from './ChangedRates.js';
import { ChangeCounts, ImpactFacts, Margin } from './Figures.js';
import { noteOf } from './note.js';

/** Value of the list of versions for the version that the shown version replaces. */
const REPLACED = '';

export interface ComparisonProps {
  readonly version: VersionRowFragment;
  /** All versions of the tariff, with which the version can be compared. */
  readonly versions: readonly VersionRowFragment[];
  /** The scheduled version that replaces this version. */
  readonly next: VersionRowFragment | null;
  /** Whether the tariff belongs to the viewer's account. */
  readonly own: boolean;
  /** The tariff's currency. */
  readonly currency: string;
}

/** What a version changes: its rates compared with another version, with the costs, and with the calls of the last thirty days. */
export function Comparison({ version, versions, next, own, currency }: ComparisonProps): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const [chosen, setChosen] = useState(REPLACED);
  const others = versions.filter(({ id }) => id !== version.id);
  const other = others.find(({ id }) => id === chosen);
  const begins = next?.activeFrom ?? null;
  return (
    <div className="card" data-testid="comparison">
      <h2 id="comparison-title" tabIndex={-1}>
        {other === undefined
          ? t('compare.title', { number: version.number })
          : t('compare.titleOther', { number: version.number, other: other.number })}
      </h2>
      {next === null || begins === null ? null : <Note icon="clock">{t('compare.next', { number: next.number, time: dateTime(begins) })}</Note>}
      {own && others.length > 0 ? (
        <SelectField
          label={t('compare.with')}
          value={other === undefined ? REPLACED : chosen}
          choices={[
            { value: REPLACED, label: t('compare.withReplaced') },
            ...others.map((entry) => ({ value: entry.id, label: [t('compare.withVersion', { number: entry.number }), noteOf(entry, t)].filter((part) => part !== '').join(' · ') })),
          ]}
          onChange={setChosen}
        />
      ) : null}
      {other === undefined ? <Changes version={version} own={own} currency={currency} /> : <Differences key={other.id} from={other} to={version} />}
      {own ? <ImpactPart versionId={version.id} /> : null}
    </div>
  );
}

/** The differences from the version that this version replaces, and the prices below cost. */
function Changes({ version, own, currency }: Pick<ComparisonProps, 'version' | 'own' | 'currency'>): ReactElement {
  const query = useQuery(VersionChangesDocument, { versionId: version.id, own }, `${version.state} ${useNews()}`);
  return (
    <Answer query={query}>
      {({ tariffVersion }) =>
        tariffVersion === null ? null : (
          <>
            <ChangeCounts counts={tariffVersion.changes} terms={tariffVersion.changes.terms} />
            <ChangedRates from={null} to={version.id} counts={tariffVersion.changes} />
            {tariffVersion.margin === undefined ? null : <Margin margin={tariffVersion.margin} currency={currency} />}
          </>
        )
      }
    </Answer>
  );
}

/** The differences from a version that the user chose. */
function Differences({ from, to }: { readonly from: VersionRowFragment; readonly to: VersionRowFragment }): ReactElement {
  const query = useQuery(CompareVersionsDocument, { from: from.id, to: to.id });
  return (
    <Answer query={query}>
      {({ compareTariffVersions }) =>
        compareTariffVersions === null ? null : (
          <>
            <ChangeCounts counts={compareTariffVersions} terms={compareTariffVersions.terms} />
            <ChangedRates from={from.id} to={to.id} counts={compareTariffVersions} />
          </>
        )
      }
    </Answer>
  );
}

/** Requests the impact only when the user asks for it, because the server has to rate a month of calls. */
function ImpactPart({ versionId }: { readonly versionId: string }): ReactElement {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  const query = useQuery(VersionImpactDocument, asked ? { versionId } : null);
  return (
    <div className="stack" data-testid="impact">
      <h3>{t('compare.impact')}</h3>
      <p className="quiet">{t('compare.impactText')}</p>
      {asked ? (
        <Answer query={query}>{({ tariffVersion }) => (tariffVersion === null ? null : <ImpactFacts impact={tariffVersion.impact} />)}</Answer>
      ) : (
        <Button
          icon="report"
          onClick={() => {
            setAsked(true);
          }}
        >
          {t('compare.impactAsk')}
        </Button>
      )}
    </div>
  );
}
