import { createContext, use, useMemo, useRef, useState, type ReactElement, type ReactNode } from 'react';
import type { CallshopError } from '@callshop/client';
import type { TariffImportMode } from '../reseller/generated.js';

/** What a person chose for an import. */
export interface ImportChoice {
  readonly mode: TariffImportMode;
  /** The carrier's saved mapping; null if the server finds the layout. */
  readonly mappingId: string | null;
  readonly byDate: boolean;
  readonly note: string;
}

/** An import that this page began. The page keeps the file, because the check and the import need one upload each. */
export interface BegunImport {
  readonly id: string;
  readonly file: File;
  readonly choice: ImportChoice;
  /** The answers given so far, as the JSON of a mapping. */
  readonly mapping: string;
  /** The state of the upload, or the error with which it ended. */
  readonly upload: 'running' | 'done' | CallshopError;
}

type Change = (former: BegunImport | null) => BegunImport | null;

export interface BegunImports {
  /** The tariff with the oldest import of this page; null if there is none. */
  readonly tariffId: string | null;
  readonly of: (tariffId: string) => BegunImport | null;
  readonly change: (tariffId: string, change: Change) => void;
  /** Says that the page shows this import from now on, so that no notice is needed. Returns a function that ends this. */
  readonly watch: (id: string) => () => void;
  readonly isWatched: (id: string) => boolean;
}

const BegunImportsContext = createContext<BegunImports | null>(null);

export function useBegunImports(): BegunImports {
  const begun = use(BegunImportsContext);
  if (begun === null) throw new Error('There is no place for imports here.');
  return begun;
}

/** Keeps the imports of this page while the user visits other screens: at most one of each tariff. */
export function BegunImportsProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const [all, setAll] = useState<ReadonlyMap<string, BegunImport>>(new Map());
  const watched = useRef(new Set<string>());
  const begun = useMemo(
    () => ({
      tariffId: [...all.keys()][0] ?? null,
      of: (tariffId: string) => all.get(tariffId) ?? null,
      change: (tariffId: string, change: Change) => {
        setAll((former) => {
          const next = new Map(former);
          const changed = change(former.get(tariffId) ?? null);
          if (changed === null) next.delete(tariffId);
          else next.set(tariffId, changed);
          return next;
        });
      },
      watch: (id: string) => {
        watched.current.add(id);
        return () => {
          watched.current.delete(id);
        };
      },
      isWatched: (id: string) => watched.current.has(id),
    }),
    [all],
  );
  return <BegunImportsContext value={begun}>{children}</BegunImportsContext>;
}
