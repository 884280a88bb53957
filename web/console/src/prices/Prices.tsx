import { useState, type ReactElement } from 'react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { useFormat, type Format } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { useShop } from '../app/shop.js';
import { PriceListDocument, QuotePriceDocument, type PriceListQuery, type QuotePriceQuery } from '../generated.js';
import { errorCodeText } from '../i18n/errorText.js';
import { englishDestination } from '../lib/country.js';
import { clock } from '../lib/format.js';
import { decimalOf, isPositive, parseAmount } from '../lib/money.js';
import { Button } from '../ui/Button.js';
import { Field, MoneyField } from '../ui/Field.js';
import { Flag } from '../ui/Flag.js';
import { Answer, Empty, Note } from '../ui/States.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { submitting } from '../ui/submitting.js';
import './prices.css';

interface Asked {
  readonly text: string;
  readonly amount: string | null;
}

/** Whether the text is a phone number, which has at least three digits. Any other text is the name of a destination. */
export function isNumber(text: string): boolean {
  return /^[\d\s()+*#.-]+$/.test(text) && text.replace(/\D/g, '').length >= 3;
}

export function Prices(): ReactElement {
  const { t } = useTranslation();
  const shop = useShop();
  const { locale } = useFormat();
  const [text, setText] = useState('');
  const [amount, setAmount] = useState('');
  const [wrong, setWrong] = useState(false);
  const [asked, setAsked] = useState<Asked>({ text: '', amount: null });
  const form = useFirstFocus<HTMLFormElement>('input');

  function submit(): void {
    const micros = amount.trim() === '' ? null : parseAmount(amount);
    const bad = amount.trim() !== '' && (micros === null || micros <= 0n);
    setWrong(bad);
    if (bad) return;
    const place = isNumber(text) ? text.trim() : englishDestination(text.trim(), locale);
    setAsked({ text: place, amount: micros === null ? null : decimalOf(micros) });
  }

  return (
    <section className="screen" aria-labelledby="prices-title">
      <h1 id="prices-title">{t('nav.prices')}</h1>
      <form ref={form} className="card row-form price-form" role="search" onSubmit={submitting(submit)}>
        <Field
          label={t('prices.what')}
          hint={t('prices.whatHint')}
          type="search"
          value={text}
          onChange={setText}
          autoComplete="off"
          data-search="true"
        />
        <MoneyField
          label={t('prices.amount')}
          hint={t('form.optional')}
          currency={shop.callshop?.currency ?? ''}
          value={amount}
          onChange={setAmount}
          problem={wrong ? t('form.amount') : null}
        />
        <Button tone="primary" icon="search" submit>
          {t('prices.submit')}
        </Button>
      </form>
      {asked.text === '' ? null : <QuoteCard asked={asked} shopId={shop.id} />}
      <PriceTable shopId={shop.id} text={asked.text} />
    </section>
  );
}

function QuoteCard({ asked, shopId }: { readonly asked: Asked; readonly shopId: string }): ReactElement {
  const { text, amount } = asked;
  const query = useQuery(QuotePriceDocument, {
    shopId,
    amount,
    ...(isNumber(text) ? { number: text } : { destination: text }),
  });
  return <Answer query={query}>{({ quote }) => <Quote quote={quote} />}</Answer>;
}

function Quote({ quote }: { readonly quote: QuotePriceQuery['quote'] }): ReactElement {
  const { t } = useTranslation();
  const { exact, destination } = useFormat();
  const place = destination(quote.destination ?? '', quote.countryCode);
  return (
    <div className="card quote" role="status">
      {quote.userErrors.map((error) => (
        <Note key={error.code}>{errorCodeText(error.code, t)}</Note>
      ))}
      {quote.emergency ? <Note icon="phone">{t('board.emergency')}</Note> : null}
      {quote.destination === null ? null : (
        <p className="quote-place">
          <Flag country={place.country} /> <strong>{place.name}</strong> {place.detail}
          <span className="called">{quote.formattedNumber ?? (quote.prefix === null ? '' : `+${quote.prefix}`)}</span>
        </p>
      )}
      {quote.pricePerMinute === null ? null : (
        <dl className="facts">
          <Fact label={t('prices.perMinute')} value={exact(quote.pricePerMinute)} big />
          {quote.initialPrice === null ? null : (
            <Fact label={t('prices.first', { seconds: quote.initialIncrement ?? 1 })} value={exact(quote.initialPrice)} big />
          )}
          {quote.seconds === null ? null : <Fact label={t('prices.talkTime')} value={clock(quote.seconds)} big />}
          {isPositive(quote.connectionFee) && quote.connectionFee !== null ? (
            <Fact label={t('prices.fee')} value={exact(quote.connectionFee)} />
          ) : null}
          {isPositive(quote.minimumCharge) && quote.minimumCharge !== null ? (
            <Fact label={t('prices.minimum')} value={exact(quote.minimumCharge)} />
          ) : null}
          <Fact
            label={t('prices.increments')}
            value={t('prices.incrementsValue', { first: quote.initialIncrement ?? 1, next: quote.increment ?? 1 })}
          />
          {quote.bandPrices.map((band) => (
            <Fact key={band.band} label={band.band} value={bandText(band, exact, t)} />
          ))}
        </dl>
      )}
    </div>
  );
}

type BandPrice = QuotePriceQuery['quote']['bandPrices'][number];

function bandText({ initialPrice, pricePerMinute }: BandPrice, exact: Format['exact'], t: TFunction): string {
  const price = exact(pricePerMinute);
  return initialPrice === null ? price : t('prices.firstThen', { first: exact(initialPrice), amount: price });
}

function Fact({ label, value, big = false }: { readonly label: string; readonly value: string; readonly big?: boolean }): ReactElement {
  return (
    <div className={big ? 'fact fact-big' : 'fact'}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function PriceTable({ shopId, text }: { readonly shopId: string; readonly text: string }): ReactElement | null {
  const { t } = useTranslation();
  const [after, setAfter] = useState<string | null>(null);
  const [searched, setSearched] = useState(text);
  if (searched !== text) {
    setSearched(text);
    setAfter(null);
  }
  const search = text === '' ? null : isNumber(text) ? { number: text } : { destination: text };
  const query = useQuery(PriceListDocument, { shopId, search, after });
  // the quote above shows this error
  if (query.error?.rawCode === 'NUMBER_INVALID') return null;
  return (
    <div className="card">
      <h2>{t('prices.list')}</h2>
      <Answer query={query}>
        {({ priceList }) =>
          priceList.nodes.length === 0 ? (
            <Empty icon="search">{t('prices.none')}</Empty>
          ) : (
            <>
              <PriceRows rows={priceList.nodes} />
              <div className="pager">
                {after === null ? null : (
                  <Button
                    size="small"
                    icon="back"
                    onClick={() => {
                      setAfter(null);
                    }}
                  >
                    {t('common.first')}
                  </Button>
                )}
                {priceList.pageInfo.hasNextPage ? (
                  <Button
                    size="small"
                    onClick={() => {
                      setAfter(priceList.pageInfo.endCursor);
                    }}
                  >
                    {t('common.next')}
                  </Button>
                ) : null}
              </div>
            </>
          )
        }
      </Answer>
    </div>
  );
}

function PriceRows({ rows }: { readonly rows: PriceListQuery['priceList']['nodes'] }): ReactElement {
  const { t } = useTranslation();
  const { exact, destination } = useFormat();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('bill.destination')}</th>
          <th scope="col">{t('prices.prefix')}</th>
          <th scope="col" className="right">
            {t('prices.perMinute')}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const place = destination(row.destination, row.countryCode);
          return (
            <tr key={row.prefix}>
              <td>
                <Flag country={place.country} /> {place.name} <span className="tile-detail">{place.detail}</span>
              </td>
              <td>+{row.prefix}</td>
              <td className="right">
                {row.blocked ? t('prices.blocked') : exact(row.pricePerMinute)}
                {row.blocked || row.initialPrice === null ? null : (
                  <span className="price-first">
                    {t('prices.first', { seconds: row.initialIncrement })}: {exact(row.initialPrice)}
                  </span>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
