import { useState } from 'react';
import { useViewer } from '../app/context.js';
import { useShopOrNull } from '../app/shop.js';
import { ownAccount, type AccountRef } from './account.js';

export interface ChosenAccount {
  /** Null until the shop is known. */
  readonly account: AccountRef | null;
  /** Chooses another account; null inside a shop, because the screen is then about this shop. */
  readonly choose: ((account: AccountRef) => void) | null;
}

/** The account that the screen is about: the shop whose screens the user views, or an account that the user chooses, at first the user's own. */
export function useAccount(): ChosenAccount {
  const viewer = useViewer();
  const shop = useShopOrNull();
  const [chosen, setChosen] = useState<AccountRef | null>(null);
  if (shop === null) return { account: chosen ?? ownAccount(viewer), choose: setChosen };
  const known = shop.callshop ?? viewer.callshop;
  return { account: known === null ? null : { id: shop.id, kind: 'CALLSHOP', name: known.name, timeZone: known.timeZone }, choose: null };
}
