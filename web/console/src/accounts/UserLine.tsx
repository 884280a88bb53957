import { useEffect, useRef, useState, type ReactElement, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { useFormat } from '../app/useFormat.js';
import { Button } from '../ui/Button.js';
import { Confirm } from '../ui/Confirm.js';
import { ErrorNote } from '../ui/States.js';
import { EditUser } from './EditUser.js';
import { DisableUserDocument, EnableUserDocument, ResetTotpDocument, type UserFieldsFragment } from './generated.js';
import { NewPassword } from './NewPassword.js';

export interface UserLineProps {
  readonly user: UserFieldsFragment;
  /** Whether this is the user who is logged in. */
  readonly isOwn: boolean;
  /** Whether the viewer may change the user. */
  readonly manages: boolean;
  /** Called after each change, with a sentence that says what was done. */
  readonly onChange: (done: string) => void;
}

/** A user with the actions that the viewer may perform. */
export function UserLine({ user, isOwn, manages, onChange }: UserLineProps): ReactElement {
  const { t } = useTranslation();
  const { dateTime } = useFormat();
  const { displayName, login, role, disabledAt, totpEnabledAt, createdAt } = user;
  const name = useKeptFocus(`${disabledAt ?? ''} ${totpEnabledAt ?? ''}`);
  return (
    <li className={disabledAt === null ? 'line line-wrap user' : 'line line-wrap user user-disabled'}>
      <span className="line-main">
        <span className="user-head">
          <strong ref={name} tabIndex={-1}>
            {displayName}
          </strong>
          <span className="badge">{t(`role.${role}`)}</span>
          {isOwn ? <span className="badge badge-SETTLED">{t('users.own')}</span> : null}
          {disabledAt === null ? null : <span className="badge badge-CLOSED">{t('users.disabled')}</span>}
        </span>
        <code>{login}</code>
        <span className="tile-detail">
          {[
            t('users.since', { time: dateTime(createdAt) }),
            disabledAt === null ? '' : t('users.disabledAt', { time: dateTime(disabledAt) }),
            totpEnabledAt === null ? '' : t('users.totp'),
          ]
            .filter((part) => part !== '')
            .join(' · ')}
        </span>
      </span>
      {manages ? <UserActions user={user} onChange={onChange} /> : null}
    </li>
  );
}

/** If the button with the focus disappears because the user's state has changed, the user's name gets the focus, so that the keyboard stays in the list. */
function useKeptFocus(state: string): RefObject<HTMLElement | null> {
  const name = useRef<HTMLElement>(null);
  const former = useRef(state);
  useEffect(() => {
    if (former.current !== state && document.activeElement === document.body) name.current?.focus({ preventScroll: true });
    former.current = state;
  }, [state]);
  return name;
}

type Asks = 'edit' | 'password' | 'disable' | 'totp';

function UserActions({ user, onChange }: Pick<UserLineProps, 'user' | 'onChange'>): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [asks, setAsks] = useState<Asks | null>(null);
  const { displayName: name } = user;
  const input = { userId: user.id };
  const disable = useAction(() => client.request(DisableUserDocument, { input }));
  const enable = useAction(() => client.request(EnableUserDocument, { input }));
  const totp = useAction(() => client.request(ResetTotpDocument, { input }));
  const error = disable.error ?? enable.error ?? totp.error;
  const label = (action: string): string => t('users.actionOf', { action, name });

  async function then(done: Promise<unknown>, text: string): Promise<void> {
    for (const action of [disable, enable, totp]) action.clear();
    if ((await done) !== null) onChange(text);
  }

  function close(): void {
    setAsks(null);
  }

  function finish(text: string): void {
    close();
    onChange(text);
  }

  return (
    <div className="line-actions">
      {error === null ? null : <ErrorNote error={error} />}
      <Button size="small" aria-label={label(t('users.edit'))} onClick={() => { setAsks('edit'); }}>
        {t('users.edit')}
      </Button>
      <Button size="small" aria-label={label(t('users.password'))} onClick={() => { setAsks('password'); }}>
        {t('users.password')}
      </Button>
      {user.totpEnabledAt === null ? null : (
        <Button size="small" busy={totp.busy} aria-label={label(t('users.resetTotp'))} onClick={() => { setAsks('totp'); }}>
          {t('users.resetTotp')}
        </Button>
      )}
      {user.disabledAt === null ? (
        <Button key="state" size="small" busy={disable.busy} aria-label={label(t('users.disable'))} onClick={() => { setAsks('disable'); }}>
          {t('users.disable')}
        </Button>
      ) : (
        <Button key="state" size="small" busy={enable.busy} aria-label={label(t('users.enable'))} onClick={() => { void then(enable.run(), t('users.enabledDone', { name })); }}>
          {t('users.enable')}
        </Button>
      )}
      {asks === 'edit' ? <EditUser user={user} onDone={() => { finish(t('users.editDone', { name })); }} onClose={close} /> : null}
      {asks === 'password' ? <NewPassword user={user} onDone={() => { finish(t('users.passwordDone', { name })); }} onClose={close} /> : null}
      {asks === 'disable' || asks === 'totp' ? (
        <Confirm
          title={t(`users.${asks}Title`, { name })}
          text={t(`users.${asks}Text`)}
          action={t(asks === 'totp' ? 'users.resetTotp' : 'users.disable')}
          onAnswer={(yes) => {
            close();
            if (yes) void then(asks === 'totp' ? totp.run() : disable.run(), t(`users.${asks}Done`, { name }));
          }}
        />
      ) : null}
    </div>
  );
}
