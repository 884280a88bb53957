import { createElement, lazy, useEffect, useState, type ComponentType, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { preloadLater } from '../i18n/index.js';

export interface Loads {
  readonly load: () => Promise<void>;
}

export interface Later<P> extends Loads {
  readonly Component: (props: P) => ReactElement;
}

/**
 * A component whose code the first view does not contain. Before `load` has ended, the component suspends. After that, it appears immediately; with
 * `lazy` alone, React would show the fallback of `Suspense` for a moment even if the code is there.
 */
export function later<P extends object>(fetch: () => Promise<ComponentType<P>>): Later<P> {
  let known: ComponentType<P> | null = null;
  const load = async (): Promise<ComponentType<P>> => {
    known ??= await fetch();
    return known;
  };
  const Loading = lazy(async () => ({ default: await load() }));
  function Component(props: P): ReactElement {
    // the type must stay the same as long as the component is shown
    const [type] = useState<ComponentType<P>>(() => known ?? Loading);
    return createElement(type, props);
  }
  return {
    Component,
    load: async () => {
      await load();
    },
  };
}

/** Delay in milliseconds, long enough for the first view to appear first. */
const PRELOAD_AFTER_MS = 1500;

/**
 * Loads texts and code after the first view, so that screens and dialogs appear immediately, even if the network has failed in the meantime. The list
 * must not change.
 */
export function usePreload(parts: readonly Loads[]): void {
  const { i18n } = useTranslation();
  useEffect(() => {
    const timer = setTimeout(() => {
      void preloadLater(i18n);
      // if loading fails, the screen or the dialog loads its code again, and shows the error
      for (const { load } of parts) load().catch(() => undefined);
    }, PRELOAD_AFTER_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [i18n, parts]);
}
