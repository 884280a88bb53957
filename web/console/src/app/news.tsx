import { createContext, use, useEffect, useEffectEvent, useState, type ReactElement, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ptBR } from '../i18n/pt-BR.js';
import { useAnnouncer } from './announcer.js';
import { useClient, useViewer } from './context.js';
import { AccountFeedDocument, type ActivityKind } from './generated.js';
import { isWatched } from './watched.js';

const NewsContext = createContext('');

/**
 * A text that changes with each event in the feed of the viewer's account. Pass it to `useQuery` as `salt`, so that the query is repeated when its
 * results may have changed.
 */
export function useNews(): string {
  return use(NewsContext);
}

type Told = keyof typeof ptBR.news;

function isTold(kind: ActivityKind): kind is Told & ActivityKind {
  return Object.hasOwn(ptBR.news, kind);
}

/** Follows the feed of the viewer's account, and announces its events. A callshop has no feed: its board follows the shop's events. */
export function NewsProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const { account, callshop } = useViewer();
  const { notify } = useAnnouncer();
  const [news, setNews] = useState('');
  const accountId = callshop === null ? account.id : null;
  const tell = useEffectEvent((kind: ActivityKind, subjectId: string | null) => {
    const isShown = subjectId !== null && isWatched(subjectId);
    if (isTold(kind) && !isShown) notify(t(`news.${kind}`));
  });

  useEffect(() => {
    if (accountId === null) return;
    const abort = new AbortController();
    const follow = async (): Promise<void> => {
      let hasBegun = false;
      for await (const { accountFeed } of client.subscribe(AccountFeedDocument, { accountId }, { signal: abort.signal })) {
        const { cursor, event } = accountFeed;
        if (event !== null) tell(event.kind, event.subjectId);
        // after a loss of the connection, the first message has no event, but events may have been missed
        if (event !== null || hasBegun) setNews(cursor);
        hasBegun = true;
      }
    };
    // if the feed fails, the screens keep the data that they already have
    follow().catch(() => undefined);
    return () => {
      abort.abort();
    };
  }, [client, accountId]);

  return <NewsContext value={news}>{children}</NewsContext>;
}
