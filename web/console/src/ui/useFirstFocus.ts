import { useEffect, useRef, type RefObject } from 'react';

/** Focuses the control that the user most likely needs next in a dialog that has just opened, for use with the keyboard. */
export function useFirstFocus<T extends HTMLElement>(selector: string): RefObject<T | null> {
  const within = useRef<T>(null);
  useEffect(() => {
    within.current?.querySelector<HTMLElement>(selector)?.focus();
  }, [selector]);
  return within;
}
