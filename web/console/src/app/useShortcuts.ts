import { useEffect, useRef, useState } from 'react';
import type { CabinView } from '@callshop/client';
import { useDialogs, type Dialogs } from './dialogs.js';
import { useMay } from './permissions.js';
import { go, type Screen } from './router.js';
import { useSettings } from './settings.js';
import { useShopOrNull, type Shop } from './shop.js';
import { isWriting, shortcutOf, typeDigit, type Shortcut, type Typed } from './shortcuts.js';

interface Place {
  readonly shop: Shop | null;
  readonly screen: Screen;
  /** The id of the shop that a reseller has opened, from the page's address. */
  readonly shopId: string | null;
  readonly selected: CabinView | null;
  readonly mayOperate: boolean;
  readonly dialogs: Dialogs;
}

/** The bill that the key P opens: the selected cabin's bill, or else the bill that has waited longest. */
function billToPay({ shop, selected }: Place): string | null {
  const unpaid = shop?.live?.unpaid ?? [];
  const own = unpaid.find((session) => session.cabin.id === selected?.cabin.id);
  return (own ?? unpaid[0])?.id ?? null;
}

function obey(kind: Exclude<Shortcut['kind'], 'digit'>, place: Place): void {
  const { selected, dialogs, mayOperate, screen, shopId } = place;
  if (kind === 'help') dialogs.show({ kind: 'help' });
  else if (place.shop === null) return;
  else if (kind === 'search') search(screen, shopId);
  else if (!mayOperate) return;
  else if (kind === 'pay') {
    const sessionId = billToPay(place);
    if (sessionId !== null) dialogs.show({ kind: 'bill', sessionId });
  } else if (selected !== null && selected.cabin.state !== 'OUT_OF_SERVICE') {
    const occupied = selected.session !== null;
    if (kind === 'open' && !occupied) dialogs.show({ kind: 'open-cabin', cabinId: selected.cabin.id });
    if (kind === 'close' && occupied) dialogs.show({ kind: 'close-cabin', cabinId: selected.cabin.id });
  }
}

function search(screen: Screen, shopId: string | null): void {
  if (screen === 'prices') document.querySelector<HTMLInputElement>('[data-search]')?.focus();
  else go('prices', shopId);
}

/** Handles the keyboard shortcuts. Returns the number of the selected cabin; null if none is selected. */
export function useShortcuts(screen: Screen, shopId: string | null): number | null {
  const dialogs = useDialogs();
  const shop = useShopOrNull();
  const { shortcuts } = useSettings();
  const mayOperate = useMay('OPERATE_CABINS');
  const [selected, setSelected] = useState<number | null>(null);
  const typed = useRef<Typed>({ digits: '', at: 0 });

  useEffect(() => {
    if (!shortcuts) return;
    const cabins = shop?.live?.cabins ?? [];
    const view = cabins.find(({ cabin }) => cabin.number === selected) ?? null;

    function select(digit: string): void {
      if (screen !== 'board') go('board', shopId);
      typed.current = typeDigit(typed.current, digit, Date.now(), cabins.map(({ cabin }) => cabin.number));
      const number = Number(typed.current.digits);
      if (!cabins.some(({ cabin }) => cabin.number === number)) return;
      setSelected(number);
      document.getElementById(`cabin-${number}`)?.focus();
    }

    function onKey(event: KeyboardEvent): void {
      if (dialogs.shown !== null || isWriting(event.target)) return;
      if (event.key === 'Escape') {
        setSelected(null);
        return;
      }
      const shortcut = shortcutOf(event);
      if (shortcut === null) return;
      event.preventDefault();
      if (shortcut.kind === 'digit') select(shortcut.digit);
      else obey(shortcut.kind, { shop, screen, shopId, selected: view, mayOperate, dialogs });
    }

    window.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('keydown', onKey);
    };
  }, [shortcuts, shop, selected, screen, shopId, mayOperate, dialogs]);

  return selected;
}
