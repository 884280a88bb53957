import { createContext, use, useMemo, useState, type ReactElement, type ReactNode } from 'react';
import type { CallshopError } from '@callshop/client';
import type { TariffImportMode } from '../reseller/generated.js';

/** A person's choices for an import. */
export interface ImportChoice {
  readonly mode: TariffImportMode;
  /** The carrier's saved mapping; null if the server finds the layout. */
  readonly mappingId: string | null;
  readonly byDate: boolean;
  readonly note: string;
}

/** Facts about an import that only this page knows. */
export interface LocalImport {
  /** The file; null if this page has not sent it, as for an import from the list. */
  readonly file: File | null;
  /** The person's choices; null if another page began the import. */
  readonly choice: ImportChoice | null;
  /** The state of the upload, or the error with which it ended. */
  readonly upload: 'running' | 'done' | CallshopError;
}

const UNKNOWN: LocalImport = { file: null, choice: null, upload: 'done' };

export interface LocalImports {
  /** A tariff whose import the page shows; null if there is none. */
  readonly tariffId: string | null;
  /** The import that the page shows below a tariff; null if it shows none. */
  readonly shown: (tariffId: string) => string | null;
  readonly show: (tariffId: string, importId: string | null) => void;
  readonly of: (importId: string) => LocalImport;
  readonly change: (importId: string, more: Partial<LocalImport>) => void;
}

const LocalImportsContext = createContext<LocalImports | null>(null);

export function useLocalImports(): LocalImports {
  const imports = use(LocalImportsContext);
  if (imports === null) throw new Error('useLocalImports needs a LocalImportsProvider.');
  return imports;
}

/** Keeps the page's facts about imports while the user visits other screens. */
export function LocalImportsProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const [shown, setShown] = useState<ReadonlyMap<string, string>>(new Map());
  const [known, setKnown] = useState<ReadonlyMap<string, LocalImport>>(new Map());
  const imports = useMemo(
    () => ({
      tariffId: [...shown.keys()][0] ?? null,
      shown: (tariffId: string) => shown.get(tariffId) ?? null,
      show: (tariffId: string, importId: string | null) => {
        setShown((former) => {
          const next = new Map(former);
          if (importId === null) next.delete(tariffId);
          else next.set(tariffId, importId);
          return next;
        });
      },
      of: (importId: string) => known.get(importId) ?? UNKNOWN,
      change: (importId: string, more: Partial<LocalImport>) => {
        setKnown((former) => new Map(former).set(importId, { ...(former.get(importId) ?? UNKNOWN), ...more }));
      },
    }),
    [shown, known],
  );
  return <LocalImportsContext value={imports}>{children}</LocalImportsContext>;
}
