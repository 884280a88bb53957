import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { useFormat } from '../../app/useFormat.js';
import { imports as ptBR } from '../../i18n/pt-BR/imports.js';
import type { ImportFieldsFragment } from '../generated.js';

type Problem = ImportFieldsFragment['problems'][number];
type Guess = ImportFieldsFragment['detected'][number];

/** What the server found in the file: problems, rows that were left out, and the layout. */
export function Findings({ job }: { readonly job: ImportFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { count } = useFormat();
  const { problems, problemsTotal, setAside, detected } = job;
  return (
    <>
      {problems.length === 0 ? null : (
        <div className="stack" data-testid="problems">
          <h3>{t('imports.problems', { count: problemsTotal })}</h3>
          <ProblemTable problems={problems} />
          {problemsTotal > problems.length ? <p className="quiet">{t('compare.firstOnly', { count: problems.length })}</p> : null}
        </div>
      )}
      {setAside.length === 0 ? null : (
        <div className="stack">
          <h3>{t('imports.setAside')}</h3>
          <dl className="facts">
            {setAside.map(({ reason, rows }) => (
              <div key={reason} className="fact">
                <dt>{reasonText(reason, t)}</dt>
                <dd>{count(rows)}</dd>
              </div>
            ))}
          </dl>
        </div>
      )}
      {detected.length === 0 ? null : (
        <details className="stack">
          <summary>{t('imports.detected', { count: detected.length })}</summary>
          <GuessTable guesses={detected} />
        </details>
      )}
    </>
  );
}

const REASONS = [
  'BY_ORIGIN',
  'BY_JURISDICTION',
  'EXACT_MATCH',
  'PERIOD_NOT_A_TIME',
  'NOT_ACTIVE',
  'EXPIRED',
  'BAND_LEFT_OUT',
  'NOT_SELECTED',
] as const;

/** A later server may have further reasons. */
function reasonText(reason: string, t: TFunction): string | ReactElement {
  const known = REASONS.find((name) => name === reason);
  return known === undefined ? <code>{reason}</code> : t(`setAside.${known}`);
}

const TONES = { ERROR: 'bad', WARNING: 'warn', FIXED: 'quiet' } as const;

function ProblemTable({ problems }: { readonly problems: readonly Problem[] }): ReactElement {
  const { t } = useTranslation();
  const { count } = useFormat();
  return (
    <table className="table table-cards found">
      <thead>
        <tr>
          <th scope="col">{t('imports.line')}</th>
          <th scope="col">{t('imports.column')}</th>
          <th scope="col">{t('imports.value')}</th>
          <th scope="col">{t('imports.problem')}</th>
        </tr>
      </thead>
      <tbody>
        {problems.map((problem, index) => (
          <tr key={index}>
            <td data-label={t('imports.line')}>{problem.line === 0 ? t('imports.wholeFile') : count(problem.line)}</td>
            <td data-label={t('imports.column')} data-empty={problem.column === null}>
              <code>{problem.column}</code>
            </td>
            <td data-label={t('imports.value')} data-empty={problem.value === null}>
              <code>{problem.value}</code>
            </td>
            <td data-label={t('imports.problem')}>
              <span>
                <span className={TONES[problem.severity]}>{t(`severity.${problem.severity}`)}</span>{' '}
                {problem.message} {problem.remedy}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The name of a part of the layout, such as `delimiter`, followed by what the part is about, such as the role in `column:price`. */
function itemText(item: string, t: TFunction): ReactElement {
  const [part = '', ...about] = item.split(':');
  const detail = about.join(':');
  // a later server may have further parts
  if (!isPart(part)) return <code>{item}</code>;
  return (
    <>
      {t(`guess.${part}`)} {detail === '' ? null : <code>{detail}</code>}
    </>
  );
}

type Part = keyof typeof ptBR.guess;

function isPart(part: string): part is Part {
  return Object.hasOwn(ptBR.guess, part);
}

function GuessTable({ guesses }: { readonly guesses: readonly Guess[] }): ReactElement {
  const { t } = useTranslation();
  return (
    <table className="table table-cards found">
      <thead>
        <tr>
          <th scope="col">{t('imports.item')}</th>
          <th scope="col">{t('imports.found')}</th>
          <th scope="col">{t('imports.reason')}</th>
          <th scope="col">{t('imports.confidence')}</th>
        </tr>
      </thead>
      <tbody>
        {guesses.map((guess, index) => (
          <tr key={index}>
            <th scope="row">{itemText(guess.item, t)}</th>
            <td data-label={t('imports.found')}>
              <code>{guess.value}</code>
            </td>
            <td data-label={t('imports.reason')}>
              <span>{guess.reason}</span>
            </td>
            <td data-label={t('imports.confidence')}>{t(`confidence.${guess.confidence}`)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
