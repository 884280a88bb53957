import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { useFormat, type Format } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { RatesDocument, type RatesQuery, type VersionRowFragment } from './generated.js';
import { isPositive } from '../lib/money.js';
import { Flag } from '../ui/Flag.js';
import { Pager } from '../ui/Pager.js';
import { Search } from '../ui/Search.js';
import { Answer, Empty } from '../ui/States.js';

type Rate = RatesQuery['rates']['nodes'][number];

/** The rates of a version, by prefix. */
export function Rates({ version }: { readonly version: VersionRowFragment }): ReactElement {
  const { t } = useTranslation();
  const [asked, setAsked] = useState('');
  const [after, setAfter] = useState<string | null>(null);
  const search = asked === '' ? null : /^\+?\d+$/.test(asked) ? { prefix: asked.replace('+', '') } : { destination: asked };
  const query = useQuery(RatesDocument, { versionId: version.id, search, after });
  return (
    <div className="card">
      <h2>{t('tariffs.ratesOf', { number: version.number })}</h2>
      <Search
        label={t('tariffs.search')}
        onSearch={(text) => {
          setAsked(text);
          setAfter(null);
        }}
      />
      <Answer query={query}>
        {({ rates }) => (
          <>
            {rates.nodes.length === 0 ? <Empty icon="search">{t('prices.none')}</Empty> : <RateTable rates={rates.nodes} />}
            <Pager after={after} pageInfo={rates.pageInfo} onChange={setAfter} />
          </>
        )}
      </Answer>
    </div>
  );
}

function RateTable({ rates }: { readonly rates: readonly Rate[] }): ReactElement {
  const { t } = useTranslation();
  return (
    <table className="table table-cards rates">
      <thead>
        <tr>
          <th scope="col">{t('prices.prefix')}</th>
          <th scope="col">{t('bill.destination')}</th>
          <th scope="col" className="right">
            {t('prices.increments')}
          </th>
          <th scope="col" className="right">
            {t('rate.initialPrice')}
          </th>
          <th scope="col" className="right">
            {t('prices.perMinute')}
          </th>
        </tr>
      </thead>
      <tbody>
        {rates.map((rate) => (
          <RateLine key={rate.prefix} rate={rate} />
        ))}
      </tbody>
    </table>
  );
}

function RateLine({ rate }: { readonly rate: Rate }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const place = format.destination(rate.destination, rate.countryCode);
  const more = detailsOf(rate, format, t);
  return (
    <tr>
      <th scope="row">+{rate.prefix}</th>
      <td data-label={t('bill.destination')}>
        <span>
          <Flag country={place.country} /> {place.name} <span className="tile-detail">{place.detail}</span>
          {more === '' ? null : <span className="rate-more">{more}</span>}
        </span>
      </td>
      <td className="right" data-label={t('prices.increments')}>
        <span aria-hidden="true">
          {rate.initialIncrement}/{rate.increment}
        </span>
        <span className="visually-hidden">{t('prices.incrementsValue', { first: rate.initialIncrement, next: rate.increment })}</span>
      </td>
      <td className="right" data-label={t('rate.initialPrice')} data-empty={rate.initialPrice === null}>
        {rate.initialPrice === null ? '' : format.exact(rate.initialPrice)}
      </td>
      <td className="right" data-label={t('prices.perMinute')}>
        {format.exact(rate.pricePerMinute)}
      </td>
    </tr>
  );
}

/** The parts that most rates lack: a fee, a minimum charge, free seconds, and prices in time bands. */
export function detailsOf(rate: Rate, { exact, count }: Pick<Format, 'exact' | 'count'>, t: TFunction): string {
  const parts = rate.bandPrices.map(({ band, pricePerMinute, initialPrice }) =>
    initialPrice === null
      ? t('rate.band', { band, amount: exact(pricePerMinute) })
      : t('rate.bandFirst', { band, first: exact(initialPrice), amount: exact(pricePerMinute) }),
  );
  if (isPositive(rate.connectionFee)) parts.unshift(t('rate.fee', { amount: exact(rate.connectionFee) }));
  if (isPositive(rate.minimumCharge)) parts.push(t('rate.minimum', { amount: exact(rate.minimumCharge) }));
  if (rate.freeSeconds > 0) parts.push(t('rate.free', { seconds: count(rate.freeSeconds) }));
  return parts.join(' · ');
}
