import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { useFormat, type Format } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { ComparedRatesDocument, VersionChangeRatesDocument, type ChangedRatesFragment, type ComparedRateFragment } from './generated.js';
import { isPositive } from '../lib/money.js';
import { Segments } from '../ui/Field.js';
import { Pager } from '../ui/Pager.js';
import { Answer, type QueryView } from '../ui/States.js';
import { byKind, KINDS, type ChangeCountsProps, type Kind } from './Figures.js';

export interface ChangedRatesProps {
  /** The earlier version; null for the version that `to` replaces. */
  readonly from: string | null;
  readonly to: string;
  readonly counts: ChangeCountsProps['counts'];
}

/** The rates that differ between two versions, one kind of change at a time. */
export function ChangedRates({ from, to, counts }: ChangedRatesProps): ReactElement {
  return (
    <RatesByKind counts={counts}>
      {(asked, onPage) => (from === null ? <ReplacedRates to={to} asked={asked} onPage={onPage} /> : <ComparedRates from={from} to={to} asked={asked} onPage={onPage} />)}
    </RatesByKind>
  );
}

export interface AskedRates {
  readonly kind: Kind;
  /** The cursor before the page; null for the first page. */
  readonly after: string | null;
}

type OnPage = (after: string | null) => void;

interface PartProps {
  readonly to: string;
  readonly asked: AskedRates;
  readonly onPage: OnPage;
}

function ReplacedRates({ to, asked, onPage }: PartProps): ReactElement {
  const query = useQuery(VersionChangeRatesDocument, { ...asked, versionId: to });
  return <RatesPage query={{ ...query, data: query.data?.tariffVersion?.changes.rows ?? null }} after={asked.after} onPage={onPage} />;
}

function ComparedRates({ from, to, asked, onPage }: PartProps & { readonly from: string }): ReactElement {
  const query = useQuery(ComparedRatesDocument, { ...asked, from, to });
  return <RatesPage query={{ ...query, data: query.data?.compareTariffVersions?.rows ?? null }} after={asked.after} onPage={onPage} />;
}

export interface RatesByKindProps {
  readonly counts: ChangeCountsProps['counts'];
  /** Shows a page of the rates with one kind of change. */
  readonly children: (asked: AskedRates, onPage: OnPage) => ReactElement;
}

/** The choice between the kinds of changes that occur, above the rates of the chosen kind. */
export function RatesByKind({ counts, children }: RatesByKindProps): ReactElement | null {
  const { t } = useTranslation();
  const numbers = byKind(counts);
  const kinds = KINDS.filter((kind) => kind !== 'UNCHANGED' && numbers[kind] > 0);
  const [chosen, setChosen] = useState<Kind | null>(null);
  const [after, setAfter] = useState<string | null>(null);
  const kind = chosen !== null && kinds.includes(chosen) ? chosen : kinds[0];
  if (kind === undefined) return null;
  return (
    <div className="stack" data-testid="changed-rates">
      <Segments
        label={t('compare.show')}
        value={kind}
        choices={kinds.map((value) => ({ value, label: t(`compare.${value}`) }))}
        onChange={(value) => {
          setChosen(value);
          setAfter(null);
        }}
      />
      {children({ kind, after }, setAfter)}
    </div>
  );
}

export interface RatesPageProps {
  readonly query: QueryView<ChangedRatesFragment>;
  readonly after: string | null;
  readonly onPage: OnPage;
  /** Text for a page without rates. */
  readonly none?: string;
}

/** A page of changed rates. */
export function RatesPage({ query, after, onPage, none = '' }: RatesPageProps): ReactElement {
  return (
    <Answer query={query}>
      {(rows) => (
        <>
          {rows.nodes.length === 0 ? <p className="quiet">{none}</p> : <ChangeTable rows={rows.nodes} />}
          <Pager after={after} pageInfo={rows.pageInfo} onChange={onPage} />
        </>
      )}
    </Answer>
  );
}

function ChangeTable({ rows }: { readonly rows: ChangedRatesFragment['nodes'] }): ReactElement {
  const { t } = useTranslation();
  return (
    <table className="table table-cards rates-changed">
      <thead>
        <tr>
          <th scope="col">{t('prices.prefix')}</th>
          <th scope="col">{t('bill.destination')}</th>
          <th scope="col" className="right">
            {t('compare.before')}
          </th>
          <th scope="col" className="right">
            {t('compare.after')}
          </th>
          <th scope="col" className="right">
            {t('compare.percent')}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <ChangeLine key={row.prefix} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function ChangeLine({ row }: { readonly row: ChangedRatesFragment['nodes'][number] }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const place = format.destination(row.destination, (row.after ?? row.before)?.countryCode ?? null);
  return (
    <tr>
      <th scope="row">+{row.prefix}</th>
      <td data-label={t('bill.destination')}>
        <span>
          {place.name} <span className="tile-detail">{place.detail}</span>
        </span>
      </td>
      <PriceCell label={t('compare.before')} rate={row.before} other={row.after} />
      <PriceCell label={t('compare.after')} rate={row.after} other={row.before} />
      <td className="right" data-label={t('compare.percent')} data-empty={row.percent === null}>
        {row.percent === null ? '' : percentText(row.percent, format)}
      </td>
    </tr>
  );
}

interface PriceCellProps {
  readonly label: string;
  readonly rate: ComparedRateFragment | null;
  /** The rate in the other version. */
  readonly other: ComparedRateFragment | null;
}

function PriceCell({ label, rate, other }: PriceCellProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const more = rate === null ? '' : differing(rate, other, format, t);
  return (
    <td className="right changed-price" data-label={label} data-empty={rate === null}>
      {rate === null ? (
        '–'
      ) : (
        <span>
          {format.exact(rate.pricePerMinute)}
          {more === '' ? null : <span className="rate-more">{more}</span>}
        </span>
      )}
    </td>
  );
}

/** The values besides the price per minute that differ from the other version's. Zero is left out, because the other version shows its amount. */
export function differing(rate: ComparedRateFragment, other: ComparedRateFragment | null, { exact, count }: Pick<Format, 'exact' | 'count'>, t: TFunction): string {
  const texts = ({ initialPrice, initialIncrement, increment, connectionFee, minimumCharge, freeSeconds }: ComparedRateFragment): readonly string[] => [
    initialPrice === null ? '' : t('compare.first', { amount: exact(initialPrice) }),
    t('prices.incrementsValue', { first: initialIncrement, next: increment }),
    isPositive(connectionFee) ? t('rate.fee', { amount: exact(connectionFee) }) : '',
    isPositive(minimumCharge) ? t('rate.minimum', { amount: exact(minimumCharge) }) : '',
    freeSeconds > 0 ? t('rate.free', { seconds: count(freeSeconds) }) : '',
  ];
  if (other === null) return '';
  const others = texts(other);
  return texts(rate)
    .filter((text, index) => text !== '' && text !== others[index])
    .join(' · ');
}

function percentText(percent: string, { percentage }: Format): string {
  return `${percent.startsWith('-') ? '' : '+'}${percentage(percent)}`;
}
