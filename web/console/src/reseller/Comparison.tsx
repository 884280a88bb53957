import { useState, type ReactElement } from 'react';
import { parseMoney } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useNews } from '../app/news.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import {
  VersionChangesDocument,
  VersionImpactDocument,
  type MarginFieldsFragment,
  type VersionChangesQuery,
  type VersionImpactQuery,
  type VersionRowFragment,
} from './generated.js';
import { Button } from '../ui/Button.js';
import { Answer, Note } from '../ui/States.js';

type Changes = NonNullable<VersionChangesQuery['tariffVersion']>['changes'];
type Impact = NonNullable<VersionImpactQuery['tariffVersion']>['impact'];

/** Number of warnings in the table. The API lists at most 100. */
const MOST_WARNINGS = 20;

export interface ComparisonProps {
  readonly version: VersionRowFragment;
  /** The scheduled version that replaces this version. */
  readonly next: VersionRowFragment | null;
  /** Whether the tariff belongs to the viewer's account. */
  readonly own: boolean;
}

/** What a version changes: its rates compared with the version before it, with the costs, and with the calls of the last thirty days. */
export function Comparison({ version, next, own }: ComparisonProps): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const begins = next?.activeFrom ?? null;
  const query = useQuery(VersionChangesDocument, { versionId: version.id, own }, `${version.state} ${useNews()}`);
  return (
    <div className="card" data-testid="comparison">
      <h2>{t('compare.title', { number: version.number })}</h2>
      {next === null || begins === null ? null : <Note icon="clock">{t('compare.next', { number: next.number, time: dateTime(begins) })}</Note>}
      <Answer query={query}>
        {({ tariffVersion }) =>
          tariffVersion === null ? null : (
            <>
              <ChangeCounts changes={tariffVersion.changes} />
              {tariffVersion.margin === undefined ? null : <Margin margin={tariffVersion.margin} />}
            </>
          )
        }
      </Answer>
      {own ? <ImpactPart versionId={version.id} /> : null}
    </div>
  );
}

function ChangeCounts({ changes }: { readonly changes: Changes }): ReactElement {
  const { t } = useTranslation();
  const { count } = useFormat();
  const { added, raised, lowered, changed, removed, unchanged, terms } = changes;
  const counts = { ADDED: added, RAISED: raised, LOWERED: lowered, CHANGED: changed, REMOVED: removed, UNCHANGED: unchanged };
  const shown = (['ADDED', 'RAISED', 'LOWERED', 'CHANGED', 'REMOVED', 'UNCHANGED'] as const).filter((kind) => counts[kind] > 0);
  return (
    <>
      <dl className="facts">
        {shown.map((kind) => (
          <Fact key={kind} label={t(`compare.${kind}`)} value={count(counts[kind])} />
        ))}
      </dl>
      {terms.length === 0 ? null : (
        <p>
          {t('compare.terms')}: {terms.map((term) => t(`compare.${term}`)).join(', ')}
        </p>
      )}
    </>
  );
}

/** Prices below cost, in numbers and in a list. */
export function Margin({ margin }: { readonly margin: MarginFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { total, warnings, isPartial } = margin;
  const shown = warnings.slice(0, MOST_WARNINGS);
  return (
    <div className="stack">
      <h3>{t('compare.margin')}</h3>
      {total === 0 ? <p className="good">{t('compare.marginNone')}</p> : <Note>{t('compare.marginSome', { count: total })}</Note>}
      {isPartial ? <p className="quiet">{t('compare.marginPartial')}</p> : null}
      {shown.length === 0 ? null : (
        <table className="table table-cards">
          <thead>
            <tr>
              <th scope="col">{t('prices.prefix')}</th>
              <th scope="col">{t('bill.destination')}</th>
              <th scope="col" className="right">
                {t('compare.price')}
              </th>
              <th scope="col" className="right">
                {t('compare.cost')}
              </th>
              <th scope="col" className="right">
                {t('compare.accounts')}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((warning, index) => (
              <Warning key={index} warning={warning} />
            ))}
          </tbody>
        </table>
      )}
      {total > shown.length && shown.length > 0 ? <p className="quiet">{t('compare.firstOnly', { count: shown.length })}</p> : null}
    </div>
  );
}

function Warning({ warning }: { readonly warning: MarginFieldsFragment['warnings'][number] }): ReactElement {
  const { t } = useTranslation();
  const { count, decimal, destination } = useFormat();
  const place = destination(warning.destination, null);
  return (
    <tr>
      <th scope="row">+{warning.prefix}</th>
      <td data-label={t('bill.destination')}>
        <span>
          {place.name} <span className="tile-detail">{place.detail}</span>
          {warning.seconds === null ? null : <span className="rate-more">{t('compare.forCall', { seconds: warning.seconds })}</span>}
        </span>
      </td>
      <td className="right" data-label={t('compare.price')}>
        {decimal(warning.retailPerMinute)}
      </td>
      <td className="right" data-label={t('compare.cost')}>
        <span className="bad">{decimal(warning.costPerMinute)}</span>
      </td>
      <td className="right" data-label={t('compare.accounts')}>
        {count(warning.callshops)}
      </td>
    </tr>
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

function ImpactFacts({ impact }: { readonly impact: Impact }): ReactElement {
  const { t } = useTranslation();
  const { count, cash } = useFormat();
  const change = parseMoney(impact.marginChange);
  const tone = change < 0n ? 'bad' : change > 0n ? 'good' : '';
  return (
    <div role="status" className="stack">
      <dl className="facts">
        <Fact label={t('compare.calls')} value={count(impact.calls)} />
        <Fact label={t('compare.unrated')} value={count(impact.unrated)} />
        <Fact label={t('compare.retail')} value={cash(impact.retail)} />
        <Fact label={t('compare.costs')} value={cash(impact.cost)} />
        <Fact label={t('compare.marginSum')} value={cash(impact.margin)} />
        <Fact label={t('compare.marginChange')} value={cash(impact.marginChange)} tone={tone} />
        <Fact label={t('compare.belowCost')} value={count(impact.destinationsBelowCost)} />
      </dl>
      {impact.isPartial ? <p className="quiet">{t('compare.impactPartial')}</p> : null}
    </div>
  );
}

function Fact({ label, value, tone = '' }: { readonly label: string; readonly value: string; readonly tone?: string }): ReactElement {
  return (
    <div className="fact">
      <dt>{label}</dt>
      <dd className={tone}>{value}</dd>
    </div>
  );
}
