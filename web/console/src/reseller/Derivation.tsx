import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { StopDerivingDocument, type DerivationFieldsFragment } from './generated.js';
import { parseMoney } from '@callshop/client';
import { Button } from '../ui/Button.js';
import { Confirm } from '../ui/Confirm.js';
import { ErrorNote, Note } from '../ui/States.js';
import { DeriveTariff } from './DeriveTariff.js';

/** A tariff from which another can be derived. */
export interface Source {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
}

export interface DerivedTariff extends Source {
  readonly derivation: DerivationFieldsFragment | null;
}

export interface DerivationProps {
  readonly tariff: DerivedTariff;
  readonly sources: readonly Source[];
  readonly onChange: () => void;
}

/** How the prices of a tariff follow another tariff, and the buttons that change this. */
export function Derivation({ tariff, sources, onChange }: DerivationProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [changes, setChanges] = useState(false);
  const [asks, setAsks] = useState(false);
  const stop = useAction(() => client.request(StopDerivingDocument, { input: { tariffId: tariff.id } }));
  const { derivation } = tariff;

  async function stopped(yes: boolean): Promise<void> {
    setAsks(false);
    if (yes && (await stop.run()) !== null) onChange();
  }

  return (
    <div className="card" data-testid="derivation">
      <h2>{t('derive.title')}</h2>
      {derivation === null ? <p className="quiet">{t('derive.none')}</p> : <Rule derivation={derivation} />}
      {stop.error === null ? null : <ErrorNote error={stop.error} />}
      <div className="line-actions">
        <Button
          icon="transfer"
          onClick={() => {
            setChanges(true);
          }}
        >
          {t(derivation === null ? 'derive.create' : 'derive.change')}
        </Button>
        {derivation === null ? null : (
          <Button
            tone="quiet"
            busy={stop.busy}
            onClick={() => {
              setAsks(true);
            }}
          >
            {t('derive.stop')}
          </Button>
        )}
      </div>
      {asks ? (
        <Confirm
          title={t('derive.stopTitle')}
          text={t('derive.stopText')}
          action={t('derive.stop')}
          onAnswer={(yes) => {
            void stopped(yes);
          }}
        />
      ) : null}
      {changes ? (
        <DeriveTariff
          tariff={tariff}
          sources={sources}
          onDone={() => {
            setChanges(false);
            onChange();
          }}
          onClose={() => {
            setChanges(false);
          }}
        />
      ) : null}
    </div>
  );
}

function sourceText({ ownCost, source }: DerivationFieldsFragment, t: TFunction): string {
  if (source === null) return t('derive.followsHidden');
  return t(ownCost ? 'derive.followsCost' : 'derive.follows', { source: source.name });
}

function Rule({ derivation }: { readonly derivation: DerivationFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { exact, decimal, percentage, dateTime } = useFormat();
  const { percent, addition, minimumMargin, priceEnding, priceStep, automatic, problem, sourceStartsFirstAt } = derivation;
  const facts: (readonly [string, string])[] = [[t('derive.percent'), percentage(percent)]];
  if (parseMoney(addition) !== 0n) facts.push([t('derive.addition'), exact(addition)]);
  if (minimumMargin !== null) facts.push([t('derive.minimumMargin'), exact(minimumMargin)]);
  if (priceEnding !== null) facts.push([t('derive.ending'), decimal(priceEnding)]);
  if (priceStep !== null) facts.push([t('derive.step'), exact({ amount: priceStep, currency: addition.currency })]);
  facts.push([t('derive.versions'), t(automatic ? 'derive.automatic' : 'derive.manual')]);
  return (
    <>
      <p>{sourceText(derivation, t)}</p>
      <dl className="facts">
        {facts.map(([label, value]) => (
          <div key={label} className="fact">
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {problem === null ? null : <Note>{t('derive.problem', { reason: problem.message })}</Note>}
      {sourceStartsFirstAt === null ? null : <Note icon="clock">{t('derive.startsFirst', { time: dateTime(sourceStartsFirstAt) })}</Note>}
    </>
  );
}
