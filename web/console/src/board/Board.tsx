import type { ReactElement } from 'react';
import type { ShopState, UnpaidFields } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useDialogs } from '../app/dialogs.js';
import { useMay } from '../app/permissions.js';
import { useShop } from '../app/shop.js';
import { useFormat } from '../app/useFormat.js';
import { tileState } from '../lib/cabin.js';
import { isPositive } from '../lib/money.js';
import { Button } from '../ui/Button.js';
import { Icon } from '../ui/Icon.js';
import { Empty, ErrorNote, Loading } from '../ui/States.js';
import { Tile } from './Tile.js';
import './board.css';

/** Number of cabins from which the tiles are smaller. */
const MANY_CABINS = 12;

export function Board({ selected }: { readonly selected: number | null }): ReactElement {
  const { t } = useTranslation();
  const { live, error, reload } = useShop();
  const mayOperate = useMay('OPERATE_CABINS');
  const unpaid = live?.unpaid ?? [];
  return (
    <section className="screen board" aria-labelledby="board-title">
      <RegisterStrip live={live} mayOperate={mayOperate} />
      {error === null ? null : <ErrorNote error={error} onRetry={reload} />}
      {live === null && error === null ? <Loading /> : null}
      {live?.cabins.length === 0 ? <Empty icon="phone">{t('board.noCabins')}</Empty> : null}
      {unpaid.length === 0 ? null : <UnpaidStrip unpaid={unpaid} />}
      {live === null ? null : (
        <ul className={live.cabins.length > MANY_CABINS ? 'tiles tiles-many' : 'tiles'}>
          {live.cabins.map((view) => (
            <Tile
              key={view.cabin.id}
              view={view}
              unpaid={unpaid.find((session) => session.cabin.id === view.cabin.id)}
              stale={live.stale}
              selected={view.cabin.number === selected}
              operates={mayOperate}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

interface StripProps {
  readonly live: ShopState | null;
  readonly mayOperate: boolean;
}

function RegisterStrip({ live, mayOperate }: StripProps): ReactElement {
  const { t } = useTranslation();
  const { time } = useFormat();
  const { show } = useDialogs();
  const register = live?.register ?? null;
  return (
    <header className={register === null ? 'strip' : 'strip strip-open'}>
      <h1 id="board-title" className="strip-title">
        <Icon name="register" />
        {t('board.register')}
      </h1>
      {register === null ? null : (
        <p className="strip-text" data-testid="register-open">
          {t('board.registerOpen', {
            number: register.number,
            time: time(register.openedAt),
            name: register.openedBy?.displayName ?? '–',
          })}
        </p>
      )}
      {live?.register === null ? <p className="strip-text">{t('board.registerClosed')}</p> : null}
      {live?.register === null && mayOperate ? (
        <Button
          tone="open"
          icon="register"
          onClick={() => {
            show({ kind: 'open-register' });
          }}
        >
          {t('board.openRegister')}
        </Button>
      ) : null}
      <Tally cabins={live?.cabins ?? []} />
    </header>
  );
}

function Tally({ cabins }: { readonly cabins: ShopState['cabins'] }): ReactElement {
  const { t } = useTranslation();
  const states = cabins.map(tileState);
  const talking = states.filter((state) => state === 'talking' || state === 'ringing' || state === 'dialing').length;
  const free = states.filter((state) => state === 'closed').length;
  const open = cabins.filter((view) => view.session !== null).length - talking;
  return (
    <p className="tally">
      <span>{t('board.talking', { count: talking })}</span>
      <span>{t('board.waiting', { count: Math.max(0, open) })}</span>
      <span>{t('board.free', { count: free })}</span>
    </p>
  );
}

/** The bills that wait for payment. A bill stays visible even if the next customer is already in its cabin. */
function UnpaidStrip({ unpaid }: { readonly unpaid: readonly UnpaidFields[] }): ReactElement {
  const { t } = useTranslation();
  const { show } = useDialogs();
  const { cash } = useFormat();
  return (
    <nav className="unpaid" aria-label={t('board.unpaidList')}>
      <span className="unpaid-title">
        <Icon name="cash" />
        {t('board.unpaidList')}
      </span>
      {unpaid.map((session) => (
        <button
          key={session.id}
          type="button"
          className="chip"
          onClick={() => {
            show({ kind: 'bill', sessionId: session.id });
          }}
        >
          {t('board.cabinNumber', { number: session.cabin.number })}
          {session.customer === '' ? null : <span className="chip-quiet">{session.customer}</span>}
          {session.refundDue !== null && isPositive(session.refundDue) ? (
            <strong>{t('board.refundAmount', { amount: cash(session.refundDue) })}</strong>
          ) : session.amountDue === null ? null : (
            <strong>{cash(session.amountDue)}</strong>
          )}
        </button>
      ))}
    </nav>
  );
}
