import type { ReactElement } from 'react';
import { parseMoney, type Money } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import type { ChangeFieldsFragment, ImpactFieldsFragment, MarginFieldsFragment } from './generated.js';
import { Note } from '../ui/States.js';

/** Number of warnings in the table. The API lists at most 100. */
const MOST_WARNINGS = 20;

export interface ChangeCountsProps {
  readonly counts: Omit<ChangeFieldsFragment, 'terms'>;
  readonly terms?: ChangeFieldsFragment['terms'];
}

export const KINDS = ['ADDED', 'RAISED', 'LOWERED', 'CHANGED', 'REMOVED', 'UNCHANGED'] as const;
export type Kind = (typeof KINDS)[number];

export function byKind({ added, raised, lowered, changed, removed, unchanged }: ChangeCountsProps['counts']): Readonly<Record<Kind, number>> {
  return { ADDED: added, RAISED: raised, LOWERED: lowered, CHANGED: changed, REMOVED: removed, UNCHANGED: unchanged };
}

/** The number of rates of each kind of change, and the terms that change as well. */
export function ChangeCounts({ counts, terms = [] }: ChangeCountsProps): ReactElement {
  const { t } = useTranslation();
  const { count } = useFormat();
  const numbers = byKind(counts);
  const shown = KINDS.filter((kind) => numbers[kind] > 0);
  return (
    <>
      <dl className="facts">
        {shown.map((kind) => (
          <Fact key={kind} label={t(`compare.${kind}`)} value={count(numbers[kind])} />
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

export interface MarginProps {
  readonly margin: MarginFieldsFragment;
  /** The tariff's currency. */
  readonly currency: string;
}

/** Prices below cost, in numbers and in a list. */
export function Margin({ margin, currency }: MarginProps): ReactElement {
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
              <Warning key={index} warning={warning} currency={currency} />
            ))}
          </tbody>
        </table>
      )}
      {total > shown.length && shown.length > 0 ? <p className="quiet">{t('compare.firstOnly', { count: shown.length })}</p> : null}
    </div>
  );
}

interface WarningProps {
  readonly warning: MarginFieldsFragment['warnings'][number];
  readonly currency: string;
}

function Warning({ warning, currency }: WarningProps): ReactElement {
  const { t } = useTranslation();
  const { count, exact, destination } = useFormat();
  const money = (amount: string): Money => ({ amount, currency });
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
        {exact(money(warning.retailPerMinute))}
      </td>
      <td className="right" data-label={t('compare.cost')}>
        <span className="bad">{exact(money(warning.costPerMinute))}</span>
      </td>
      <td className="right" data-label={t('compare.accounts')}>
        {count(warning.callshops)}
      </td>
    </tr>
  );
}

/** What the calls of the last thirty days would have brought in. */
export function ImpactFacts({ impact }: { readonly impact: ImpactFieldsFragment }): ReactElement {
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

export function Fact({ label, value, tone = '' }: { readonly label: string; readonly value: string; readonly tone?: string }): ReactElement {
  return (
    <div className="fact">
      <dt>{label}</dt>
      <dd className={tone}>{value}</dd>
    </div>
  );
}
