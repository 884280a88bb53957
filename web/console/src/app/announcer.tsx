import { createContext, use, useCallback, useMemo, useState, type ReactElement, type ReactNode } from 'react';

export interface Announcer {
  /** Read aloud when the person is idle. */
  readonly say: (text: string) => void;
  /** Read aloud when the person is idle, and shown for a while. */
  readonly notify: (text: string) => void;
  /** Read aloud immediately, and shown for a while. */
  readonly warn: (text: string) => void;
}

const AnnouncerContext = createContext<Announcer>({ say: () => undefined, notify: () => undefined, warn: () => undefined });

export function useAnnouncer(): Announcer {
  return use(AnnouncerContext);
}

const WARNING_STAYS_MS = 15_000;
const MOST_WARNINGS = 3;

interface Said {
  readonly id: number;
  readonly text: string;
}

/** Texts that disappear after a while, and a function that adds a text. */
function usePassing(): readonly [readonly Said[], (text: string) => void] {
  const [shown, setShown] = useState<readonly Said[]>([]);
  const add = useCallback((text: string) => {
    const added = { id: Date.now() + Math.random(), text };
    setShown((former) => [...former, added].slice(-MOST_WARNINGS));
    setTimeout(() => {
      setShown((former) => former.filter((other) => other !== added));
    }, WARNING_STAYS_MS);
  }, []);
  return [shown, add];
}

/** The page's live regions. They exist from the start, because a region that appears with its text is often not read. */
export function AnnouncerRegions({ children }: { readonly children: ReactNode }): ReactElement {
  const [said, setSaid] = useState<Said>({ id: 0, text: '' });
  const [notices, notify] = usePassing();
  const [warnings, warn] = usePassing();

  const say = useCallback((text: string) => {
    setSaid((former) => ({ id: former.id + 1, text }));
  }, []);
  const announcer = useMemo(() => ({ say, notify, warn }), [say, notify, warn]);

  return (
    <AnnouncerContext value={announcer}>
      {children}
      <div className="visually-hidden" role="status" data-testid="announcements">
        <span key={said.id}>{said.text}</span>
      </div>
      <div className="warnings">
        <div role="status">
          {notices.map(({ id, text }) => (
            <p key={id} className="warning warning-soft">
              {text}
            </p>
          ))}
        </div>
        <div role="alert">
          {warnings.map(({ id, text }) => (
            <p key={id} className="warning">
              {text}
            </p>
          ))}
        </div>
      </div>
    </AnnouncerContext>
  );
}
