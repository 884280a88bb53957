import { use, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { loadLater } from '../i18n/index.js';

/** Waits for the texts that the first view does not need. While they load, the nearest `Suspense` shows its fallback. */
export function LaterTexts({ children }: { readonly children: ReactNode }): ReactNode {
  const { i18n } = useTranslation();
  const pending = loadLater(i18n);
  if (pending !== null) use(pending);
  return children;
}
