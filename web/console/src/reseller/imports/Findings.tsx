import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { useFormat } from '../../app/useFormat.js';
import { LATER } from '../../i18n/later.js';
import type { ImportFieldsFragment } from '../generated.js';

type Problem = ImportFieldsFragment['problems'][number];
type Guess = ImportFieldsFragment['detected'][number];

/** What the server found in the file: problems, rows that were left out, and the layout. The sentences of the server are English. */
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

const REASONS = LATER['pt-BR'].setAside;
type Reason = keyof typeof REASONS;

function isReason(reason: string): reason is Reason {
  return Object.hasOwn(REASONS, reason);
}

/** A later server may have further reasons. */
function reasonText(reason: string, t: TFunction): string | ReactElement {
  return isReason(reason) ? t(`setAside.${reason}`) : <code>{reason}</code>;
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
                <span lang="en">
                  {problem.message} {problem.remedy}
                </span>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
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
            <th scope="row">
              <code>{guess.item}</code>
            </th>
            <td data-label={t('imports.found')}>
              <code>{guess.value}</code>
            </td>
            <td data-label={t('imports.reason')}>
              <span lang="en">{guess.reason}</span>
            </td>
            <td data-label={t('imports.confidence')}>{t(`confidence.${guess.confidence}`)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
