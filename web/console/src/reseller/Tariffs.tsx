import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { RatesDocument, TariffsDocument, TariffVersionsDocument, type TariffVersionsQuery } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Field } from '../ui/Field.js';
import { Flag } from '../ui/Flag.js';
import { Answer, Empty } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import './reseller.css';

type Version = NonNullable<TariffVersionsQuery['tariff']>['versions']['nodes'][number];

export function Tariffs(): ReactElement {
  const { t } = useTranslation();
  const { count } = useFormat();
  const query = useQuery(TariffsDocument, {});
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <section className="screen" aria-labelledby="tariffs-title">
      <h1 id="tariffs-title">{t('nav.tariffs')}</h1>
      <Answer query={query}>
        {({ tariffs }) => {
          const first = tariffs.nodes[0];
          if (first === undefined) return <Empty icon="tag">{t('tariffs.none')}</Empty>;
          const current = chosen ?? first.id;
          return (
            <div className="columns columns-list">
              <ul className="card choices">
                {tariffs.nodes.map((tariff) => (
                  <li key={tariff.id}>
                    <button
                      type="button"
                      className="choice"
                      aria-pressed={tariff.id === current}
                      onClick={() => {
                        setChosen(tariff.id);
                      }}
                    >
                      <strong>{tariff.name}</strong>
                      <span className="tile-detail">
                        {tariff.activeVersion === null
                          ? t('tariffs.noVersion')
                          : t('tariffs.rates', { number: tariff.activeVersion.number, rates: count(tariff.activeVersion.rateCount) })}
                      </span>
                    </button>
                  </li>
                ))}
              </ul>
              <Versions key={current} tariffId={current} />
            </div>
          );
        }}
      </Answer>
    </section>
  );
}

function Versions({ tariffId }: { readonly tariffId: string }): ReactElement {
  const { t } = useTranslation();
  const query = useQuery(TariffVersionsDocument, { id: tariffId });
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <div className="card">
      <Answer query={query}>
        {({ tariff }) => {
          const versions = tariff?.versions.nodes ?? [];
          const shown = chosen ?? versions.find((version) => version.state === 'ACTIVE')?.id ?? versions[0]?.id;
          return (
            <>
              <h2>{t('tariffs.versions', { name: tariff?.name ?? '' })}</h2>
              <VersionTable versions={versions} shown={shown} onChoose={setChosen} />
              {shown === undefined ? null : <Rates key={shown} versionId={shown} />}
            </>
          );
        }}
      </Answer>
    </div>
  );
}

interface VersionTableProps {
  readonly versions: readonly Version[];
  readonly shown: string | undefined;
  readonly onChoose: (versionId: string) => void;
}

function VersionTable({ versions, shown, onChoose }: VersionTableProps): ReactElement {
  const { t } = useTranslation();
  const { dateTime, count } = useFormat();
  return (
    <table className="table">
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
          <tr key={version.id}>
            <td>
              <button
                type="button"
                className="chip"
                aria-pressed={version.id === shown}
                onClick={() => {
                  onChoose(version.id);
                }}
              >
                {version.number}
              </button>{' '}
              <span className="tile-detail">{version.note}</span>
            </td>
            <td>{t(`versionState.${version.state}`)}</td>
            <td>{version.activeFrom === null ? '–' : dateTime(version.activeFrom)}</td>
            <td className="right">{count(version.rateCount)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Rates({ versionId }: { readonly versionId: string }): ReactElement {
  const { t } = useTranslation();
  const { exact, destination } = useFormat();
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  const [after, setAfter] = useState<string | null>(null);
  const search = asked === '' ? null : /^\+?\d+$/.test(asked) ? { prefix: asked.replace('+', '') } : { destination: asked };
  const query = useQuery(RatesDocument, { versionId, search, after });

  function submit(): void {
    setAsked(text.trim());
    setAfter(null);
  }

  return (
    <>
      <form className="row-form" role="search" onSubmit={submitting(submit)}>
        <Field label={t('tariffs.search')} type="search" value={text} onChange={setText} autoComplete="off" />
        <Button icon="search" submit>
          {t('prices.submit')}
        </Button>
      </form>
      <Answer query={query}>
        {({ rates }) => (
          <>
            {rates.nodes.length === 0 ? <Empty icon="search">{t('prices.none')}</Empty> : null}
            <table className="table rates">
              <tbody>
                {rates.nodes.map((rate) => {
                  const place = destination(rate.destination, rate.countryCode);
                  return (
                    <tr key={rate.prefix}>
                      <th scope="row">+{rate.prefix}</th>
                      <td>
                        <Flag country={place.country} /> {place.name} <span className="tile-detail">{place.detail}</span>
                      </td>
                      <td className="right">
                        {rate.initialIncrement}/{rate.increment}
                      </td>
                      <td className="right">{exact(rate.pricePerMinute)}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
            {rates.pageInfo.hasNextPage ? (
              <div className="pager">
                <Button
                  size="small"
                  onClick={() => {
                    setAfter(rates.pageInfo.endCursor);
                  }}
                >
                  {t('common.next')}
                </Button>
              </div>
            ) : null}
          </>
        )}
      </Answer>
    </>
  );
}
