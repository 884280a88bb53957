import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useViewer } from '../app/context.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { ProblemsDocument, type ProblemsQuery } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Icon } from '../ui/Icon.js';
import { Answer, Empty } from '../ui/States.js';

type Group = NonNullable<ProblemsQuery['problems']>[number];

export function Problems(): ReactElement {
  const { t } = useTranslation();
  const { account } = useViewer();
  const query = useQuery(ProblemsDocument, { accountId: account.id });
  return (
    <section className="screen" aria-labelledby="problems-title">
      <div className="screen-head">
        <h1 id="problems-title">{t('nav.problems')}</h1>
        <Button size="small" icon="search" onClick={query.reload}>
          {t('problems.again')}
        </Button>
      </div>
      <Answer query={query}>
        {({ problems }) =>
          problems === null || problems.length === 0 ? (
            <Empty icon="check">{t('problems.none')}</Empty>
          ) : (
            problems.map((group) => <ProblemGroup key={group.kind} group={group} />)
          )
        }
      </Answer>
    </section>
  );
}

/** The problems of one kind. The heading names the kind in the page's language. The server's texts have the names and figures. */
function ProblemGroup({ group }: { readonly group: Group }): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  return (
    <div className="card">
      <h2 className="with-icon">
        <Icon name="alert" />
        {t(`problem.${group.kind}`)}
      </h2>
      <ul className="lines">
        {group.problems.map((problem, index) => (
          <li key={`${problem.objectId ?? ''} ${problem.since} ${index}`} className="line line-wrap">
            <span className="line-main line-text">
              {problem.callshop === null ? null : <strong>{problem.callshop}</strong>}
              <span>{problem.text}</span>
            </span>
            <span className="line-time">{dateTime(problem.since)}</span>
          </li>
        ))}
      </ul>
      {group.more ? <p className="quiet">{t('problems.more')}</p> : null}
    </div>
  );
}
