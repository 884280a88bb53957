import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useBegunImports } from '../app/begunImports.js';
import { useNews } from '../app/news.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { TariffsDocument, type TariffsQuery } from './generated.js';
import { Button } from '../ui/Button.js';
import { Answer, Empty } from '../ui/States.js';
import { DeriveTariff } from './DeriveTariff.js';
import { TariffVersions } from './TariffVersions.js';
import './reseller.css';
import './tariffs.css';

type Row = TariffsQuery['tariffs']['nodes'][number];

export function Tariffs(): ReactElement {
  const { t } = useTranslation();
  const query = useQuery(TariffsDocument, {}, useNews());
  const [chosen, setChosen] = useState<string | null>(useBegunImports().tariffId);
  const [derives, setDerives] = useState(false);
  const tariffs = query.data?.tariffs.nodes ?? [];
  return (
    <section className="screen" aria-labelledby="tariffs-title">
      <div className="screen-head">
        <h1 id="tariffs-title">{t('nav.tariffs')}</h1>
        <Button
          icon="add"
          onClick={() => {
            setDerives(true);
          }}
        >
          {t('derive.createNew')}
        </Button>
      </div>
      <Answer query={query}>{() => <TariffColumns tariffs={tariffs} chosen={chosen} onChoose={setChosen} onChange={query.reload} />}</Answer>
      {derives ? (
        <DeriveTariff
          tariff={null}
          sources={tariffs}
          onDone={(tariffId) => {
            setDerives(false);
            setChosen(tariffId);
            query.reload();
          }}
          onClose={() => {
            setDerives(false);
          }}
        />
      ) : null}
    </section>
  );
}

interface ColumnsProps {
  readonly tariffs: readonly Row[];
  readonly chosen: string | null;
  readonly onChoose: (tariffId: string) => void;
  readonly onChange: () => void;
}

function TariffColumns({ tariffs, chosen, onChoose, onChange }: ColumnsProps): ReactElement {
  const { t } = useTranslation();
  const [first] = tariffs;
  if (first === undefined) return <Empty icon="tag">{t('tariffs.none')}</Empty>;
  const current = chosen ?? first.id;
  return (
    <div className="columns columns-list">
      <ul className="card choices">
        {tariffs.map((tariff) => (
          <li key={tariff.id}>
            <Choice
              tariff={tariff}
              current={tariff.id === current}
              onChoose={() => {
                onChoose(tariff.id);
              }}
            />
          </li>
        ))}
      </ul>
      <TariffVersions key={current} tariffId={current} sources={tariffs} onChange={onChange} />
    </div>
  );
}

function Choice({ tariff, current, onChoose }: { readonly tariff: Row; readonly current: boolean; readonly onChoose: () => void }): ReactElement {
  const { t } = useTranslation();
  const { count } = useFormat();
  const { activeVersion, derivation } = tariff;
  return (
    <button type="button" className="choice" aria-pressed={current} onClick={onChoose}>
      <strong>{tariff.name}</strong>
      <span className="tile-detail">
        {activeVersion === null
          ? t('tariffs.noVersion')
          : t('tariffs.rates', { number: activeVersion.number, rates: count(activeVersion.rateCount) })}
        {derivation === null ? null : ` · ${t('tariffs.derived')}`}
      </span>
    </button>
  );
}
