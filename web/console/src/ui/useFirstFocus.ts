import { useEffect, useRef, type RefObject } from 'react';

/** Puts the focus on what a person most likely uses next in a window that has just opened, so that the keyboard is enough. */
export function useFirstFocus<T extends HTMLElement>(selector: string): RefObject<T | null> {
  const within = useRef<T>(null);
  useEffect(() => {
    within.current?.querySelector<HTMLElement>(selector)?.focus();
  }, [selector]);
  return within;
}
