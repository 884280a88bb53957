import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useViewer } from '../app/context.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { BusinessReportDocument, type BusinessReportQuery, type FigureFieldsFragment } from '../generated.js';
import { clock, today } from '../lib/format.js';
import { Button } from '../ui/Button.js';
import { Field, Segments } from '../ui/Field.js';
import { Answer, Empty } from '../ui/States.js';
import './report.css';

type Dimension = 'DAY' | 'CABIN' | 'DESTINATION' | 'ATTENDANT' | 'CALLSHOP';
type Groups = NonNullable<BusinessReportQuery['report']>['groups'];
type Group = Groups['nodes'][number];

const DAYS_SHOWN_FIRST = 6;

export function Report(): ReactElement {
  const { t } = useTranslation();
  const { account, callshop } = useViewer();
  const [opened] = useState(() => new Date());
  const [from, setFrom] = useState(() => today(account.timeZone, opened, DAYS_SHOWN_FIRST));
  const [to, setTo] = useState(() => today(account.timeZone, opened));
  const [by, setBy] = useState<Dimension>('DAY');
  const [after, setAfter] = useState<string | null>(null);
  const valid = /^\d{4}-\d\d-\d\d$/.test(from) && /^\d{4}-\d\d-\d\d$/.test(to) && from <= to;
  const query = useQuery(BusinessReportDocument, valid ? { accountId: account.id, from, to, groupBy: [by], after } : null);
  const dimensions: readonly Dimension[] =
    callshop === null ? ['DAY', 'CALLSHOP', 'DESTINATION'] : ['DAY', 'CABIN', 'DESTINATION', 'ATTENDANT'];
  const restart = (change: () => void) => {
    change();
    setAfter(null);
  };
  return (
    <section className="screen" aria-labelledby="report-title">
      <h1 id="report-title">{t('nav.report')}</h1>
      <div className="card row-form">
        <Field label={t('report.from')} type="date" value={from} max={to} onChange={(value) => { restart(() => { setFrom(value); }); }} />
        <Field label={t('report.to')} type="date" value={to} min={from} onChange={(value) => { restart(() => { setTo(value); }); }} />
        <Segments
          label={t('report.groupBy')}
          value={by}
          choices={dimensions.map((value) => ({ value, label: t(`report.${value}`) }))}
          onChange={(value) => { restart(() => { setBy(value); }); }}
        />
      </div>
      {valid ? null : <p className="problem">{t('report.badPeriod')}</p>}
      <Answer query={query}>
        {({ report }) =>
          report === null ? null : (
            <>
              <Totals figures={report.total} />
              {report.groups.nodes.length === 0 ? (
                <Empty icon="report">{t('report.nothing')}</Empty>
              ) : (
                <GroupTable groups={report.groups} by={by} onNext={setAfter} />
              )}
            </>
          )
        }
      </Answer>
    </section>
  );
}

function Totals({ figures }: { readonly figures: FigureFieldsFragment }): ReactElement {
  const { t } = useTranslation();
  const { cash, count, percent } = useFormat();
  const tiles = [
    [t('report.revenue'), cash(figures.revenue)],
    [t('report.cost'), cash(figures.cost)],
    [t('report.margin'), cash(figures.margin)],
    [t('report.answered'), count(figures.answered)],
    [t('report.talk'), clock(figures.talkSeconds)],
    [t('report.asr'), percent(figures.asr)],
  ] as const;
  return (
    <dl className="figures">
      {tiles.map(([label, value]) => (
        <div key={label} className="figure-card">
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface GroupTableProps {
  readonly groups: Groups;
  readonly by: Dimension;
  readonly onNext: (cursor: string | null) => void;
}

function GroupTable({ groups, by, onNext }: GroupTableProps): ReactElement {
  const { t } = useTranslation();
  const { cash, count, percent } = useFormat();
  const name = useGroupName(by);
  const columns = [t('report.answered'), t('report.talk'), t('report.asr'), t('report.revenue'), t('report.cost'), t('report.margin')];
  return (
    <div className="card card-flush">
      <table className="table table-cards">
        <thead>
          <tr>
            <th scope="col">{t(`report.${by}`)}</th>
            {columns.map((column) => (
              <th key={column} scope="col" className="right">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.nodes.map((group, index) => {
            const { figures } = group;
            const cells = [
              count(figures.answered),
              clock(figures.talkSeconds),
              percent(figures.asr),
              cash(figures.revenue),
              cash(figures.cost),
              cash(figures.margin),
            ];
            return (
              <tr key={`${name(group)} ${index}`}>
                <th scope="row">{name(group)}</th>
                {cells.map((cell, column) => (
                  <td key={columns[column]} data-label={columns[column]} className="right">
                    {cell}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {groups.pageInfo.hasNextPage ? (
        <div className="pager">
          <Button
            size="small"
            onClick={() => {
              onNext(groups.pageInfo.endCursor);
            }}
          >
            {t('common.next')}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function useGroupName(by: Dimension): (group: Group) => string {
  const { t } = useTranslation();
  const { date, destination } = useFormat();
  const none = t('report.without');
  return (group) => {
    switch (by) {
      case 'DAY':
        return group.day === null ? none : date(group.day);
      case 'CABIN':
        return group.cabinNumber === null ? none : `${group.cabinNumber} · ${group.cabinLabel ?? ''}`;
      case 'ATTENDANT':
        return group.attendant ?? none;
      case 'CALLSHOP':
        return group.callshop ?? none;
      case 'DESTINATION': {
        if (group.destination === null || group.destination === '') return none;
        const place = destination(group.destination, group.countryCode);
        return `${place.name} ${place.detail}`.trim();
      }
    }
  };
}
