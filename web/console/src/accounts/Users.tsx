import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useViewer } from '../app/context.js';
import { useShopOrNull } from '../app/shop.js';
import { useQuery, type Query } from '../app/useQuery.js';
import { Button } from '../ui/Button.js';
import { Pager } from '../ui/Pager.js';
import { Search } from '../ui/Search.js';
import { Answer, Empty, Loading } from '../ui/States.js';
import { managedRoles, type AccountRef } from './account.js';
import { AccountBar } from './AccountBar.js';
import { AccountUsersDocument, ShopUsersDocument, type Role, type UserPageFragment } from './generated.js';
import { NewUser } from './NewUser.js';
import { useAccount } from './useAccount.js';
import { UserLine } from './UserLine.js';
import '../reseller/reseller.css';
import './accounts.css';

/** The users of a shop or of another account. */
export function Users(): ReactElement {
  const { t } = useTranslation();
  const viewer = useViewer();
  const { account, choose } = useAccount();
  const [isNew, setIsNew] = useState(false);
  const roles = account === null ? [] : managedRoles(viewer, account);
  return (
    <section className="screen" aria-labelledby="users-title">
      <div className="screen-head">
        <h1 id="users-title">{t('nav.users')}</h1>
        {roles.length === 0 ? null : (
          <Button
            icon="add"
            onClick={() => {
              setIsNew(true);
            }}
          >
            {t('users.create')}
          </Button>
        )}
      </div>
      {account === null || choose === null ? null : <AccountBar account={account} onChoose={choose} />}
      {account === null ? (
        <Loading />
      ) : (
        <UsersOf
          key={account.id}
          account={account}
          roles={roles}
          isNew={isNew}
          onClose={() => {
            setIsNew(false);
          }}
        />
      )}
    </section>
  );
}

/** A page of an account's users, which follows the changes in the shop that the page follows. Null if there is no such account. */
function useUsers(account: AccountRef, search: string, after: string | null): Query<{ readonly users: UserPageFragment | null }> {
  const seq = useShopOrNull()?.usersSeq ?? 0;
  const variables = { accountId: account.id, search: search === '' ? null : search, after };
  const isShop = account.kind === 'CALLSHOP';
  const ofShop = useQuery(ShopUsersDocument, isShop ? variables : null, seq.toString());
  const ofAccount = useQuery(AccountUsersDocument, isShop ? null : variables);
  if (isShop) return { ...ofShop, data: ofShop.data === null ? null : { users: ofShop.data.callshop?.users ?? null } };
  return { ...ofAccount, data: ofAccount.data === null ? null : { users: ofAccount.data.account?.users ?? null } };
}

interface UsersOfProps {
  readonly account: AccountRef;
  /** The roles of the users whom the viewer may create and change. */
  readonly roles: readonly Role[];
  /** Whether the dialog for a new user is open. */
  readonly isNew: boolean;
  readonly onClose: () => void;
}

function UsersOf({ account, roles, isNew, onClose }: UsersOfProps): ReactElement {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const [after, setAfter] = useState<string | null>(null);
  const [done, setDone] = useState('');
  const query = useUsers(account, search, after);

  function changed(text: string): void {
    setDone(text);
    query.reload();
  }

  return (
    <>
      <div className="finder">
        <Search
          label={t('users.search')}
          onSearch={(text) => {
            setSearch(text);
            setAfter(null);
          }}
        />
      </div>
      {roles.length === 0 ? <p className="quiet">{t('users.byParent')}</p> : null}
      {account.kind === 'CALLSHOP' && !roles.includes('CALLSHOP_OWNER') ? <p className="quiet">{t('users.byReseller')}</p> : null}
      <p role="status" className="good done" data-testid="done">
        {done}
      </p>
      <Answer query={query}>
        {({ users }) =>
          users === null || users.nodes.length === 0 ? (
            <Empty icon="user">{users === null ? t('error.NOT_FOUND') : search === '' ? t('users.none') : t('users.notFound')}</Empty>
          ) : (
            <UserList users={users} roles={roles} after={after} onPage={setAfter} onChange={changed} />
          )
        }
      </Answer>
      {isNew ? <NewUser account={account} roles={roles} onDone={query.reload} onClose={onClose} /> : null}
    </>
  );
}

interface UserListProps {
  readonly users: UserPageFragment;
  readonly roles: readonly Role[];
  readonly after: string | null;
  readonly onPage: (after: string | null) => void;
  readonly onChange: (done: string) => void;
}

function UserList({ users, roles, after, onPage, onChange }: UserListProps): ReactElement {
  const { t } = useTranslation();
  const viewer = useViewer();
  const { nodes, pageInfo, totalCount, totalCountIsExact } = users;
  return (
    <div className="card" data-testid="users">
      <p className="quiet">{t(totalCountIsExact ? 'users.found' : 'users.foundMore', { count: totalCount })}</p>
      <ul className="lines">
        {nodes.map((user) => (
          <UserLine key={user.id} user={user} isOwn={user.id === viewer.id} manages={user.id !== viewer.id && roles.includes(user.role)} onChange={onChange} />
        ))}
      </ul>
      <Pager after={after} pageInfo={pageInfo} onChange={onPage} />
    </div>
  );
}
