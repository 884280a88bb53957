import { createContext, use, useCallback, useMemo, useState, type ReactElement, type ReactNode } from 'react';

export interface Announcer {
  /** Read aloud when the person is idle. */
  readonly say: (text: string) => void;
  /** Read aloud at once, and shown until it is dismissed. */
  readonly warn: (text: string) => void;
}

const AnnouncerContext = createContext<Announcer>({ say: () => undefined, warn: () => undefined });

export function useAnnouncer(): Announcer {
  return use(AnnouncerContext);
}

const WARNING_STAYS_MS = 15_000;

interface Said {
  readonly id: number;
  readonly text: string;
}

/** The page's two live regions. They exist from the start, because a region that appears with its text is often not read. */
export function AnnouncerRegions({ children }: { readonly children: ReactNode }): ReactElement {
  const [said, setSaid] = useState<Said>({ id: 0, text: '' });
  const [warnings, setWarnings] = useState<readonly Said[]>([]);

  const say = useCallback((text: string) => {
    setSaid((former) => ({ id: former.id + 1, text }));
  }, []);
  const warn = useCallback((text: string) => {
    const warning = { id: Date.now() + Math.random(), text };
    setWarnings((former) => [...former.slice(-2), warning]);
    setTimeout(() => {
      setWarnings((former) => former.filter((other) => other !== warning));
    }, WARNING_STAYS_MS);
  }, []);
  const announcer = useMemo(() => ({ say, warn }), [say, warn]);

  return (
    <AnnouncerContext value={announcer}>
      {children}
      <div className="visually-hidden" role="status" data-testid="announcements">
        <span key={said.id}>{said.text}</span>
      </div>
      <div className="warnings" role="alert">
        {warnings.map((warning) => (
          <p key={warning.id} className="warning">
            {warning.text}
          </p>
        ))}
      </div>
    </AnnouncerContext>
  );
}
