import { createContext, use, useEffect, useMemo, useState, type ReactElement, type ReactNode } from 'react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { ActivityEvent, CabinView, CallshopClient, CallshopError, ShopState } from '@callshop/client';
import { ShopDocument, type ShopFieldsFragment } from './generated.js';
import { useAnnouncer, type Announcer } from './announcer.js';
import { useClient } from './context.js';
import { asError } from './errors.js';
import { play, type Sound } from './sound.js';
import { useQuery } from './useQuery.js';

export interface Shop {
  readonly id: string;
  readonly live: ShopState | null;
  /** The shop and its settings; undefined until they are known, null if there is no such shop. */
  readonly callshop: ShopFieldsFragment | null | undefined;
  /** `seq` of the last event that moved money in or out of the drawer; 0 if there was none. */
  readonly drawerSeq: number;
  /** `seq` of the last event about the shop's users; 0 if there was none. */
  readonly usersSeq: number;
  readonly error: CallshopError | null;
  readonly reload: () => void;
}

const ShopContext = createContext<Shop | null>(null);

/** The shop whose board the page follows; null if a reseller has not chosen a shop. */
export function useShopOrNull(): Shop | null {
  return use(ShopContext);
}

export function useShop(): Shop {
  const shop = useShopOrNull();
  if (shop === null) throw new Error('No shop is followed here.');
  return shop;
}

export function useCabin(cabinId: string): CabinView | null {
  return useShop().live?.cabins.find((view) => view.cabin.id === cabinId) ?? null;
}

const MOVES_MONEY: ReadonlySet<ActivityEvent['kind']> = new Set(['CASH_MOVED', 'DEPOSIT_ADDED', 'SESSION_SETTLED', 'SESSION_REFUNDED', 'SESSION_VOIDED']);

type SpokenKind =
  | 'REGISTER_OPENED'
  | 'REGISTER_CLOSED'
  | 'CABIN_OPENED'
  | 'CABIN_CLOSED'
  | 'PHONE_OFFLINE'
  | 'CALL_RINGING'
  | 'CALL_ANSWERED'
  | 'CALL_ENDED'
  | 'CALL_FAILED'
  | 'CALL_REFUSED';

const SPOKEN: readonly SpokenKind[] = [
  'REGISTER_OPENED',
  'REGISTER_CLOSED',
  'CABIN_OPENED',
  'CABIN_CLOSED',
  'PHONE_OFFLINE',
  'CALL_RINGING',
  'CALL_ANSWERED',
  'CALL_ENDED',
  'CALL_FAILED',
  'CALL_REFUSED',
];

const SOUNDS: Partial<Record<ActivityEvent['kind'], Sound>> = {
  CALL_ANSWERED: 'answered',
  CALL_ENDED: 'ended',
  SESSION_SETTLED: 'paid',
  CALL_ENDING_SOON: 'alarm',
  DEPOSIT_LOW: 'alarm',
  CREDIT_LOW: 'alarm',
};

function tell(event: ActivityEvent, state: ShopState, t: TFunction, { say, notify, warn }: Announcer): void {
  const cabin = state.cabins.find((view) => view.cabin.id === event.cabinId)?.cabin.number ?? '';
  const usedUp = event.kind === 'CALL_ENDED' && event.call?.cause === 'MAX_DURATION';
  const sound = usedUp ? 'alarm' : SOUNDS[event.kind];
  if (sound !== undefined) play(sound);
  if (usedUp) warn(t('announce.LIMIT_REACHED', { cabin }));
  else if (event.kind === 'CREDIT_LOW') warn(t('announce.CREDIT_LOW'));
  else if (event.kind === 'CALL_ENDING_SOON') notify(t('announce.CALL_ENDING_SOON', { cabin }));
  else if (event.kind === 'DEPOSIT_LOW') notify(t('announce.DEPOSIT_LOW', { cabin }));
  else {
    const kind = SPOKEN.find((candidate) => candidate === event.kind);
    if (kind !== undefined) say(t(`announce.${kind}`, { cabin }));
  }
}

interface Following {
  readonly onState: (state: ShopState) => void;
  readonly onEvent: (event: ActivityEvent, state: ShopState) => void;
  readonly onFresh: () => void;
}

async function follow(client: CallshopClient, shopId: string, signal: AbortSignal, to: Following): Promise<void> {
  let wasStale = false;
  let seq = 0;
  for await (const state of client.liveCallshop(shopId, { signal })) {
    if (signal.aborted) return;
    to.onState(state);
    if (wasStale && !state.stale) to.onFresh();
    wasStale = state.stale;
    const event = state.lastEvent;
    if (event !== null && event.seq !== seq) {
      seq = event.seq;
      to.onEvent(event, state);
    }
  }
}

export function ShopProvider({ shopId, children }: { readonly shopId: string; readonly children: ReactNode }): ReactElement {
  const client = useClient();
  const { t } = useTranslation();
  const announcer = useAnnouncer();
  const { data, error: shopError, reload } = useQuery(ShopDocument, { shopId });
  const [live, setLive] = useState<ShopState | null>(null);
  const [liveError, setLiveError] = useState<CallshopError | null>(null);
  const [drawerSeq, setDrawerSeq] = useState(0);
  const [usersSeq, setUsersSeq] = useState(0);
  const [round, setRound] = useState(0);

  useEffect(() => {
    const abort = new AbortController();
    const following: Following = {
      onState: (state) => {
        setLive(state);
        setLiveError(null);
      },
      onEvent: (event, state) => {
        tell(event, state, t, announcer);
        if (MOVES_MONEY.has(event.kind)) setDrawerSeq(event.seq);
        if (event.kind === 'USERS_CHANGED') setUsersSeq(event.seq);
        if (event.kind === 'SETTINGS_CHANGED') reload();
      },
      onFresh: reload,
    };
    follow(client, shopId, abort.signal, following).catch((cause: unknown) => {
      if (!abort.signal.aborted) setLiveError(asError(cause));
    });
    return () => {
      abort.abort();
    };
  }, [client, shopId, t, announcer, reload, round]);

  const shop = useMemo(
    () => ({
      id: shopId,
      live,
      callshop: data?.callshop,
      drawerSeq,
      usersSeq,
      error: liveError ?? shopError,
      reload: () => {
        reload();
        if (liveError !== null) setRound((former) => former + 1);
      },
    }),
    [shopId, live, data, drawerSeq, usersSeq, liveError, shopError, reload],
  );
  return <ShopContext value={shop}>{children}</ShopContext>;
}
