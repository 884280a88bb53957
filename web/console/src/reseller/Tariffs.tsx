import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocalImports } from '../app/localImports.js';
import { useNews } from '../app/news.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { TariffsDocument, type TariffsQuery } from './generated.js';
import { Button } from '../ui/Button.js';
import { Answer, Empty } from '../ui/States.js';
import { DeriveTariff } from './DeriveTariff.js';
import { NewTariff } from './NewTariff.js';
import { TariffVersions } from './TariffVersions.js';
import './reseller.css';
import './tariffs.css';

type Row = TariffsQuery['tariffs']['nodes'][number];

export function Tariffs(): ReactElement {
  const { t } = useTranslation();
  const query = useQuery(TariffsDocument, {}, useNews());
  const [chosen, setChosen] = useState<string | null>(useLocalImports().tariffId);
  const [makes, setMakes] = useState<'plain' | 'derived' | null>(null);
  const [asksFile, setAsksFile] = useState(false);
  const tariffs = query.data?.tariffs.nodes ?? [];

  function choose(tariffId: string): void {
    setChosen(tariffId);
    setAsksFile(false);
  }

  function made(tariffId: string): void {
    // a tariff with prices of its own begins with an import
    setAsksFile(makes === 'plain');
    setMakes(null);
    setChosen(tariffId);
    query.reload();
  }

  function close(): void {
    setMakes(null);
  }

  return (
    <section className="screen" aria-labelledby="tariffs-title">
      <div className="screen-head">
        <h1 id="tariffs-title">{t('nav.tariffs')}</h1>
        <div className="head-actions">
          <Button
            icon="add"
            onClick={() => {
              setMakes('plain');
            }}
          >
            {t('newTariff.open')}
          </Button>
          <Button
            icon="transfer"
            onClick={() => {
              setMakes('derived');
            }}
          >
            {t('derive.createNew')}
          </Button>
        </div>
      </div>
      <Answer query={query}>
        {() => (
          <TariffColumns
            tariffs={tariffs}
            chosen={chosen}
            asksFile={asksFile}
            onChoose={choose}
            onAskFile={setAsksFile}
            onChange={query.reload}
          />
        )}
      </Answer>
      {makes === 'plain' ? <NewTariff onDone={made} onClose={close} /> : null}
      {makes === 'derived' ? <DeriveTariff tariff={null} sources={tariffs} onDone={made} onClose={close} /> : null}
    </section>
  );
}

interface ColumnsProps {
  readonly tariffs: readonly Row[];
  readonly chosen: string | null;
  readonly asksFile: boolean;
  readonly onChoose: (tariffId: string) => void;
  readonly onAskFile: (asks: boolean) => void;
  readonly onChange: () => void;
}

function TariffColumns({ tariffs, chosen, asksFile, onChoose, onAskFile, onChange }: ColumnsProps): ReactElement {
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
      <TariffVersions
        key={current}
        tariffId={current}
        sources={tariffs}
        asksFile={asksFile}
        onAskFile={onAskFile}
        onChange={onChange}
      />
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
