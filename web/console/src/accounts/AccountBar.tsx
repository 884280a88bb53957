import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery, type Query } from '../app/useQuery.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Segments } from '../ui/Field.js';
import { Icon } from '../ui/Icon.js';
import { Pager, type PagerProps } from '../ui/Pager.js';
import { Search } from '../ui/Search.js';
import { Answer, Empty } from '../ui/States.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import type { AccountRef } from './account.js';
import { FindAccountsDocument, FindShopsDocument } from './generated.js';

export interface AccountBarProps {
  readonly account: AccountRef;
  readonly onChoose: (account: AccountRef) => void;
}

/** The account that the screen is about, with a button that chooses another one. */
export function AccountBar({ account, onChoose }: AccountBarProps): ReactElement {
  const { t } = useTranslation();
  const [asks, setAsks] = useState(false);
  return (
    <div className="card account account-bar" data-testid="account">
      <Icon name={account.kind === 'CALLSHOP' ? 'phone' : 'board'} />
      <p>
        <strong>{account.name}</strong>
        <span className="tile-detail">{t(`accountKind.${account.kind}`)}</span>
      </p>
      <Button
        icon="search"
        onClick={() => {
          setAsks(true);
        }}
      >
        {t('accounts.other')}
      </Button>
      {asks ? (
        <ChooseAccount
          shown={account.id}
          onChoose={(chosen) => {
            setAsks(false);
            onChoose(chosen);
          }}
          onClose={() => {
            setAsks(false);
          }}
        />
      ) : null}
    </div>
  );
}

interface ChooseAccountProps {
  /** The id of the account that the screen shows. */
  readonly shown: string;
  readonly onChoose: (account: AccountRef) => void;
  readonly onClose: () => void;
}

type Kind = 'shops' | 'accounts';
const KINDS: readonly Kind[] = ['shops', 'accounts'];

interface AccountPage {
  readonly nodes: readonly AccountRef[];
  readonly pageInfo: PagerProps['pageInfo'];
}

/** The shops, or the other accounts, whose name matches the search. */
function useAccounts(kind: Kind, search: string, after: string | null): Query<AccountPage> {
  const variables = { search: search === '' ? null : search, after };
  const shops = useQuery(FindShopsDocument, kind === 'shops' ? variables : null);
  const accounts = useQuery(FindAccountsDocument, kind === 'accounts' ? variables : null);
  if (kind === 'accounts') return { ...accounts, data: accounts.data?.accounts ?? null };
  const found = shops.data?.callshops ?? null;
  const data = found === null ? null : { ...found, nodes: found.nodes.map((shop) => ({ ...shop, kind: 'CALLSHOP' as const })) };
  return { ...shops, data };
}

function ChooseAccount({ shown, onChoose, onClose }: ChooseAccountProps): ReactElement {
  const { t } = useTranslation();
  const [kind, setKind] = useState<Kind>('shops');
  const [search, setSearch] = useState('');
  const [after, setAfter] = useState<string | null>(null);
  const query = useAccounts(kind, search, after);
  const place = useFirstFocus<HTMLDivElement>('input[type="search"]');
  return (
    <Dialog title={t('accounts.choose')} onClose={onClose}>
      <div ref={place} className="form">
        <Segments
          label={t('accounts.show')}
          value={kind}
          choices={KINDS.map((value) => ({ value, label: t(`accounts.${value}`) }))}
          onChange={(value) => {
            setKind(value);
            setAfter(null);
          }}
        />
        <div>
          <Search
            label={t('accounts.name')}
            onSearch={(text) => {
              setSearch(text);
              setAfter(null);
            }}
          />
        </div>
        <Answer query={query}>
          {({ nodes, pageInfo }) =>
            nodes.length === 0 ? (
              <Empty icon="search">{t('accounts.none')}</Empty>
            ) : (
              <div>
                <ul className="choices" data-testid="accounts">
                  {nodes.map((account) => (
                    <li key={account.id}>
                      <button
                        type="button"
                        className="choice"
                        aria-pressed={account.id === shown}
                        onClick={() => {
                          onChoose(account);
                        }}
                      >
                        <strong>{account.name}</strong>
                        <span className="tile-detail">{t(`accountKind.${account.kind}`)}</span>
                      </button>
                    </li>
                  ))}
                </ul>
                <Pager after={after} pageInfo={pageInfo} onChange={setAfter} />
              </div>
            )
          }
        </Answer>
      </div>
    </Dialog>
  );
}
