import { createContext, use, useMemo, useState, type ReactElement, type ReactNode } from 'react';

/** The dialog that is open above the page. Only one dialog can be open. */
export type Open =
  | { readonly kind: 'open-cabin'; readonly cabinId: string }
  | { readonly kind: 'cabin'; readonly cabinId: string }
  | { readonly kind: 'close-cabin'; readonly cabinId: string }
  | { readonly kind: 'bill'; readonly sessionId: string }
  | { readonly kind: 'open-register' }
  | { readonly kind: 'help' };

export interface Dialogs {
  readonly shown: Open | null;
  readonly show: (open: Open) => void;
  readonly hide: () => void;
}

const DialogsContext = createContext<Dialogs | null>(null);

export function useDialogs(): Dialogs {
  const dialogs = use(DialogsContext);
  if (dialogs === null) throw new Error('There is no place for dialogs here.');
  return dialogs;
}

export function DialogsProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const [shown, setShown] = useState<Open | null>(null);
  const dialogs = useMemo(
    () => ({
      shown,
      show: setShown,
      hide: () => {
        setShown(null);
      },
    }),
    [shown],
  );
  return <DialogsContext value={dialogs}>{children}</DialogsContext>;
}
