import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useDialogs } from '../app/dialogs.js';
import { useShop } from '../app/shop.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { SessionsDocument, type SessionFilter, type SessionRowFragment, type SessionState, type SessionsQuery } from '../generated.js';
import { Button } from '../ui/Button.js';
import { Segments } from '../ui/Field.js';
import { Search } from '../ui/Search.js';
import { Answer, Empty } from '../ui/States.js';

const FILTERS = {
  all: ['CLOSING', 'CLOSED', 'SETTLED', 'VOIDED'],
  unpaid: ['CLOSING', 'CLOSED'],
  paid: ['SETTLED'],
  voided: ['VOIDED'],
} as const satisfies Record<string, readonly SessionState[]>;

type Filter = keyof typeof FILTERS;

/** The filter for a search text: digits are the number of one receipt, and any other text is a part of the customer's name. */
export function sessionFilter(filter: Filter, text: string): SessionFilter {
  const states = FILTERS[filter];
  if (text === '') return { states };
  return /^\d+$/.test(text) ? { states, receiptNumber: text } : { states, customer: text };
}

export function Receipts(): ReactElement {
  const { t } = useTranslation();
  const shop = useShop();
  const [filter, setFilter] = useState<Filter>('all');
  const [text, setText] = useState('');
  const [after, setAfter] = useState<string | null>(null);
  const salt = shop.live?.unpaid.map((session) => session.id).join(' ') ?? '';
  const query = useQuery(SessionsDocument, { shopId: shop.id, filter: sessionFilter(filter, text), after }, salt);
  const filters: readonly Filter[] = ['all', 'unpaid', 'paid', 'voided'];
  return (
    <section className="screen" aria-labelledby="receipts-title">
      <h1 id="receipts-title">{t('nav.receipts')}</h1>
      <div className="finder">
        <Search
          label={t('receipts.search')}
          onSearch={(typed) => {
            setText(typed);
            setAfter(null);
          }}
        />
        <Segments
          label={t('receipts.filter')}
          value={filter}
          choices={filters.map((value) => ({ value, label: t(`receipts.${value}`) }))}
          onChange={(chosen) => {
            setFilter(chosen);
            setAfter(null);
          }}
        />
      </div>
      <Answer query={query}>{({ sessions }) => <Found sessions={sessions} isFirst={after === null} onPage={setAfter} />}</Answer>
    </section>
  );
}

interface FoundProps {
  readonly sessions: SessionsQuery['sessions'];
  readonly isFirst: boolean;
  readonly onPage: (after: string | null) => void;
}

function Found({ sessions, isFirst, onPage }: FoundProps): ReactElement {
  const { t } = useTranslation();
  const { nodes, pageInfo, totalCount, totalCountIsExact } = sessions;
  if (nodes.length === 0) return <Empty icon="receipt">{t('receipts.none')}</Empty>;
  return (
    <>
      <p className="quiet" role="status">
        {totalCountIsExact ? t('receipts.found', { count: totalCount }) : t('receipts.foundMore', { count: totalCount })}
      </p>
      <div className="card card-flush">
        <SessionTable sessions={nodes} />
        <div className="pager">
          {isFirst ? null : (
            <Button
              size="small"
              icon="back"
              onClick={() => {
                onPage(null);
              }}
            >
              {t('common.first')}
            </Button>
          )}
          {pageInfo.hasNextPage ? (
            <Button
              size="small"
              onClick={() => {
                onPage(pageInfo.endCursor);
              }}
            >
              {t('common.next')}
            </Button>
          ) : null}
        </div>
      </div>
    </>
  );
}

function SessionTable({ sessions }: { readonly sessions: readonly SessionRowFragment[] }): ReactElement {
  const { t } = useTranslation();
  const { cash, dateTime } = useFormat();
  const { show } = useDialogs();
  return (
    <table className="table table-cards">
      <thead>
        <tr>
          <th scope="col">{t('receipts.number')}</th>
          <th scope="col">{t('board.cabin')}</th>
          <th scope="col">{t('openCabin.customer')}</th>
          <th scope="col">{t('receipts.closed')}</th>
          <th scope="col">{t('receipts.state')}</th>
          <th scope="col" className="right">
            {t('bill.total')}
          </th>
          <th scope="col">
            <span className="visually-hidden">{t('receipts.show')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <tr key={session.id}>
            <td data-label={t('receipts.number')} data-empty={session.receiptNumber === null}>{session.receiptNumber ?? '–'}</td>
            <td data-label={t('board.cabin')}>{session.cabin.number}</td>
            <td data-label={t('openCabin.customer')} data-empty={session.customer === ''}>{session.customer === '' ? '–' : session.customer}</td>
            <td data-label={t('receipts.closed')}>{session.closedAt === null ? '–' : dateTime(session.closedAt)}</td>
            <td data-label={t('receipts.state')}>
              <span className={`badge badge-${session.state}`}>{t(`session.${session.state}`)}</span>
            </td>
            <td data-label={t('bill.total')} data-empty={session.total === null} className="right">
              {session.total === null ? '–' : cash(session.total)}
            </td>
            <td className="right">
              <Button
                size="small"
                icon="receipt"
                onClick={() => {
                  show({ kind: 'bill', sessionId: session.id });
                }}
              >
                {session.state === 'CLOSED' ? t('board.pay') : t('receipts.show')}
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
