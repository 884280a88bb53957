import type { ReactElement } from 'react';
import type { CabinView, UnpaidFields } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { useDialogs } from '../app/dialogs.js';
import { useFormat } from '../app/useFormat.js';
import { tileState, type TileState } from '../lib/cabin.js';
import { isPositive } from '../lib/money.js';
import { Button } from '../ui/Button.js';
import { Flag } from '../ui/Flag.js';
import { Icon, type IconName } from '../ui/Icon.js';
import { Cost, Elapsed, EndingSoon, LimitBar, RunningTotal } from './LiveFigures.js';

const STATE_ICONS: Readonly<Record<TileState, IconName>> = {
  closed: 'closed',
  open: 'open',
  dialing: 'phone',
  ringing: 'ringing',
  talking: 'phone',
  closing: 'clock',
  outOfService: 'wrench',
};

export interface TileProps {
  readonly view: CabinView;
  /** A closed, unpaid session of this cabin. */
  readonly unpaid: UnpaidFields | undefined;
  readonly stale: boolean;
  readonly selected: boolean;
  /** Whether this user works at the counter; a reseller only watches. */
  readonly operates: boolean;
}

export function Tile({ view, unpaid, stale, selected, operates }: TileProps): ReactElement {
  const { t } = useTranslation();
  const { show } = useDialogs();
  const { cabin, session, liveCall } = view;
  const state = tileState(view);
  const classes = ['tile', `tile-${state}`, stale ? 'tile-stale' : ''].filter((name) => name !== '');
  return (
    <li className={classes.join(' ')} aria-current={selected ? 'true' : undefined} data-cabin={cabin.number} data-state={state}>
      <div className="tile-head">
        <h2 className="tile-number">
          <button
            type="button"
            className="tile-cover"
            id={`cabin-${cabin.number}`}
            onClick={() => {
              show({ kind: 'cabin', cabinId: cabin.id });
            }}
          >
            <span className="visually-hidden">{t('board.cabin')} </span>
            {cabin.number}
          </button>
        </h2>
        <span className="tile-state">
          <Icon name={STATE_ICONS[state]} />
          {t(`state.${state}`)}
        </span>
        <Lamp view={view} />
      </div>
      <div className="tile-body">
        {liveCall === null ? <Waiting view={view} unpaid={unpaid} operates={operates} /> : <LiveCall call={liveCall} />}
        <EndingSoon session={session} call={liveCall} />
        {lampOf(view) === 'online' ? null : (
          <p className="tile-phone" aria-hidden="true">
            {t(`lamp.${lampOf(view)}`)}
          </p>
        )}
        {session === null ? null : <LimitBar session={session} call={liveCall} />}
      </div>
      <div className="tile-foot">
        {session === null ? <span /> : <RunningTotal session={session} call={liveCall} />}
        {operates ? <TileAction view={view} state={state} /> : null}
      </div>
    </li>
  );
}

function lampOf({ cabin }: CabinView): 'none' | 'online' | 'offline' {
  if (cabin.phone === null) return 'none';
  return cabin.phoneOnline === true ? 'online' : 'offline';
}

function Lamp({ view }: { readonly view: CabinView }): ReactElement {
  const { t } = useTranslation();
  const state = lampOf(view);
  return (
    <span className={`lamp lamp-${state}`} title={t(`lamp.${state}`)}>
      <span className="lamp-dot" aria-hidden="true">
        {state === 'online' ? '' : '×'}
      </span>
      <span className="visually-hidden">{t(`lamp.${state}`)}</span>
    </span>
  );
}

function LiveCall({ call }: { readonly call: NonNullable<CabinView['liveCall']> }): ReactElement {
  const { destination } = useFormat();
  const { t } = useTranslation();
  const place = destination(call.destination, call.countryCode);
  return (
    <>
      <p className="tile-place">
        <Flag country={place.country} />
        <span className="tile-place-name">{call.emergency ? t('board.emergency') : place.name}</span>
      </p>
      <p className="tile-called">
        <span className="called">{call.numberFormatted === '' ? call.dialed : call.numberFormatted}</span>
        {place.detail === '' ? null : <span className="tile-detail">{place.detail}</span>}
      </p>
      <p className="tile-figures">
        <Elapsed call={call} />
        <Cost call={call} />
      </p>
    </>
  );
}

function Waiting({ view: { session, cabin }, unpaid, operates }: Pick<TileProps, 'view' | 'unpaid' | 'operates'>): ReactElement {
  const { t } = useTranslation();
  const { time } = useFormat();
  if (session === null) return unpaid === undefined ? <p className="tile-quiet">{cabin.label}</p> : <Unpaid session={unpaid} operates={operates} />;
  return (
    <>
      <p className="tile-place">
        <span className="tile-place-name">{session.customer === '' ? cabin.label : session.customer}</span>
      </p>
      <p className="tile-quiet">{t('board.openSince', { time: time(session.openedAt) })}</p>
    </>
  );
}

function Unpaid({ session, operates }: { readonly session: UnpaidFields; readonly operates: boolean }): ReactElement {
  const { t } = useTranslation();
  const { show } = useDialogs();
  const { cash } = useFormat();
  const { amountDue, refundDue } = session;
  const isRefund = refundDue !== null && isPositive(refundDue);
  const amount = isRefund ? cash(refundDue) : amountDue === null ? '' : cash(amountDue);
  const action = isRefund ? t('board.refundAmount', { amount }) : amount === '' ? t('board.pay') : t('board.payAmount', { amount });
  const shown = amount === '' ? t('board.bill') : amount;
  return (
    <div className="tile-unpaid">
      <span>{t(isRefund ? 'board.toRefund' : 'board.unpaid')}</span>
      <Button
        size="small"
        icon={operates ? 'cash' : 'receipt'}
        onClick={() => {
          show({ kind: 'bill', sessionId: session.id });
        }}
      >
        {operates ? action : shown}
      </Button>
    </div>
  );
}

function TileAction({ view: { cabin, session }, state }: { readonly view: CabinView; readonly state: TileState }): ReactElement | null {
  const { t } = useTranslation();
  const { show } = useDialogs();
  const name = { cabin: cabin.number };
  if (state === 'outOfService') return null;
  if (session === null) {
    return (
      <Button
        tone="open"
        icon="open"
        aria-label={t('board.openCabin', name)}
        onClick={() => {
          show({ kind: 'open-cabin', cabinId: cabin.id });
        }}
      >
        {t('board.open')}
      </Button>
    );
  }
  return (
    <Button
      tone="close"
      icon="closed"
      aria-label={t('board.closeCabin', name)}
      onClick={() => {
        show({ kind: 'close-cabin', cabinId: cabin.id });
      }}
    >
      {t('board.close')}
    </Button>
  );
}
