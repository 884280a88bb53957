import { useEffect, useState, type ReactElement } from 'react';
import { parseMoney } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useViewer } from '../app/context.js';
import { href } from '../app/router.js';
import { useFormat } from '../app/useFormat.js';
import { useQuery } from '../app/useQuery.js';
import { WallDocument, type BranchCallFragment, type WallShopFragment } from '../generated.js';
import { moneyOf } from '../lib/money.js';
import { Button } from '../ui/Button.js';
import { Icon } from '../ui/Icon.js';
import { Search } from '../ui/Search.js';
import { Answer, Empty, ErrorNote } from '../ui/States.js';
import { TopUp } from './TopUp.js';
import { useBranchCalls } from './useBranchCalls.js';
import './reseller.css';

/** Milliseconds between two requests for the shops' credit. */
const REFRESH_MS = 5_000;

export function Wall(): ReactElement {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const [after, setAfter] = useState<string | null>(null);
  const { reload, ...query } = useQuery(WallDocument, { search: search === '' ? null : search, after });
  const calls = useBranchCalls(useViewer().account.id);
  const [topUp, setTopUp] = useState<WallShopFragment | null>(null);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, REFRESH_MS);
    return () => {
      clearInterval(timer);
    };
  }, [reload]);
  return (
    <section className="screen" aria-labelledby="wall-title">
      <h1 id="wall-title">{t('nav.wall')}</h1>
      <div className="finder">
        <Search
          label={t('wall.search')}
          onSearch={(typed) => {
            setSearch(typed);
            setAfter(null);
          }}
        />
      </div>
      {calls.error === null ? null : <ErrorNote error={calls.error} />}
      <Answer query={{ ...query, reload }}>
        {({ callshops }) =>
          callshops.nodes.length === 0 ? (
            <Empty icon="board">{search === '' ? t('wall.none') : t('wall.notFound')}</Empty>
          ) : (
            <>
              <ul className="wall">
                {callshops.nodes.map((shop) => (
                  <ShopCard key={shop.id} shop={shop} calls={calls.byShop === null ? null : (calls.byShop.get(shop.id) ?? [])} onTopUp={setTopUp} />
                ))}
              </ul>
              {callshops.pageInfo.hasNextPage ? (
                <div className="pager">
                  <Button
                    onClick={() => {
                      setAfter(callshops.pageInfo.endCursor);
                    }}
                  >
                    {t('common.next')}
                  </Button>
                </div>
              ) : null}
            </>
          )
        }
      </Answer>
      {topUp === null ? null : (
        <TopUp
          shop={topUp}
          onDone={reload}
          onClose={() => {
            setTopUp(null);
          }}
        />
      )}
    </section>
  );
}

interface CardProps {
  readonly shop: WallShopFragment;
  /** The shop's live calls; null until they are known. */
  readonly calls: readonly BranchCallFragment[] | null;
  readonly onTopUp: (shop: WallShopFragment) => void;
}

/** Whether the shop's credit is below its low-credit threshold or used up. */
function isLow(shop: WallShopFragment): boolean {
  if (shop.available !== null && parseMoney(shop.available) <= 0n) return true;
  if (shop.lowCredit === null) return false;
  const limit = shop.creditLimit === null ? null : parseMoney(shop.creditLimit);
  return limit !== null && parseMoney(shop.balance) + limit < parseMoney(shop.lowCredit);
}

function ShopCard({ shop, calls, onTopUp }: CardProps): ReactElement {
  const { t } = useTranslation();
  const { cash } = useFormat();
  const live = (calls ?? []).filter((call) => call.state === 'ANSWERED');
  const running = live.reduce((sum, call) => sum + parseMoney(call.cost), 0n);
  const low = isLow(shop);
  return (
    <li className={low ? 'card shop shop-low' : 'card shop'}>
      <div className="shop-head">
        <h2>
          <a href={href('board', shop.id)}>{shop.name}</a>
        </h2>
        {shop.suspendedAt === null ? null : <span className="badge badge-VOIDED">{t('wall.suspended')}</span>}
        {low ? (
          <span className="badge badge-CLOSED">
            <Icon name="alert" />
            {t('wall.low')}
          </span>
        ) : null}
      </div>
      <dl className="facts shop-facts">
        <div className="fact fact-big">
          <dt>{t('wall.balance')}</dt>
          <dd>{cash(shop.balance)}</dd>
        </div>
        <div className="fact">
          <dt>{t('wall.available')}</dt>
          <dd>{shop.available === null ? t('wall.unlimited') : cash(shop.available)}</dd>
        </div>
        <div className="fact">
          <dt>{t('wall.held')}</dt>
          <dd>{cash(shop.held)}</dd>
        </div>
      </dl>
      {calls === null ? null : (
        <p className="shop-live">
          <Icon name="phone" />
          <span>{t('board.talking', { count: live.length })}</span>
          <span className="figure" role="timer">
            {cash(moneyOf(running, shop.currency))}
          </span>
        </p>
      )}
      <div className="shop-foot">
        <Button
          icon="cash"
          tone="primary"
          size="small"
          onClick={() => {
            onTopUp(shop);
          }}
        >
          {t('wall.topUp')}
        </Button>
        <a className="link" href={href('equipment', shop.id)}>
          {t('equipment.phones')}
        </a>
        <a className="link" href={href('board', shop.id)}>
          {t('nav.board')}
        </a>
      </div>
    </li>
  );
}
