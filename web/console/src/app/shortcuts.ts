export type Shortcut =
  | { readonly kind: 'digit'; readonly digit: string }
  | { readonly kind: 'open' | 'close' | 'pay' | 'search' | 'help' };

export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const LETTERS: Readonly<Record<string, Shortcut>> = {
  o: { kind: 'open' },
  f: { kind: 'close' },
  p: { kind: 'pay' },
  '/': { kind: 'search' },
  '?': { kind: 'help' },
};

export function shortcutOf(pressed: Pressed): Shortcut | null {
  if (pressed.ctrlKey || pressed.altKey || pressed.metaKey) return null;
  if (/^\d$/.test(pressed.key)) return { kind: 'digit', digit: pressed.key };
  return LETTERS[pressed.key.toLowerCase()] ?? null;
}

export interface Typed {
  readonly digits: string;
  readonly at: number;
}

/** A second digit within this time is appended to the first: 1 and then 2 select cabin 12. */
const DIGITS_WITHIN_MS = 800;

export function typeDigit(former: Typed, digit: string, at: number, cabins: readonly number[]): Typed {
  const joined = at - former.at <= DIGITS_WITHIN_MS ? former.digits + digit : digit;
  const fits = cabins.some((cabin) => cabin.toString().startsWith(joined));
  return { digits: fits ? joined : digit, at };
}

/** Whether this element accepts text, so that letters are input and not shortcuts. */
export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest('[role="dialog"], [role="alertdialog"]') !== null) return true;
  return ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}
