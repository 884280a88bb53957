import { useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { Field, Segments } from '../ui/Field.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import type { AccountRef } from './account.js';
import { isLoginName, problemOf, useProblemFocus } from './fields.js';
import { CreateUserDocument, type Role } from './generated.js';
import { PasswordField } from './PasswordField.js';

export interface NewUserProps {
  readonly account: AccountRef;
  /** The roles that the user may have; at least one. */
  readonly roles: readonly Role[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}

interface Form {
  readonly role: Role | undefined;
  readonly name: string;
  readonly displayName: string;
  readonly password: string;
}

/** Asks for a new user, and then shows the user's login. */
export function NewUser({ account, roles, onDone, onClose }: NewUserProps): ReactElement {
  const { t } = useTranslation();
  const [login, setLogin] = useState<string | null>(null);
  const place = useFirstFocus<HTMLDivElement>('input:not([type])');
  return (
    <Dialog title={t('users.createTitle', { account: account.name })} onClose={onClose}>
      <div ref={place}>
        {login === null ? (
          <UserForm
            account={account}
            roles={roles}
            onDone={(made) => {
              setLogin(made);
              onDone();
            }}
          />
        ) : (
          <div className="form">
            <p className="outcome outcome-good outcome-login" role="status">
              <span>{t('users.createDone')}</span>
              <strong>{login}</strong>
            </p>
            <Button tone="primary" wide onClick={onClose}>
              {t('receipt.done')}
            </Button>
          </div>
        )}
      </div>
    </Dialog>
  );
}

interface UserFormProps extends Pick<NewUserProps, 'account' | 'roles'> {
  readonly onDone: (login: string) => void;
}

function UserForm({ account, roles, onDone }: UserFormProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  // most new users of a shop are attendants
  const [form, setForm] = useState<Form>({ role: roles.at(-1), name: '', displayName: '', password: '' });
  const [badName, setBadName] = useState(false);
  const create = useAction(async (idempotencyKey: string) => {
    const { role, name, displayName, password } = form;
    if (role === undefined) return null;
    const user = { name: name.trim().toLowerCase(), displayName: displayName.trim(), password };
    return client.request(CreateUserDocument, { input: { accountId: account.id, role, user, idempotencyKey } });
  });
  const problems = {
    name: badName ? t('users.badName') : problemOf(create.error, 'name', t),
    displayName: problemOf(create.error, 'displayName', t),
    password: problemOf(create.error, 'password', t),
  };
  const place = useProblemFocus(Object.values(problems));

  function change(more: Partial<Form>): void {
    setForm((former) => ({ ...former, ...more }));
  }

  async function submit(): Promise<void> {
    const isBad = !isLoginName(form.name.trim().toLowerCase());
    setBadName(isBad);
    if (isBad) return;
    const login = (await create.run())?.createUser.user?.login;
    if (login !== undefined) onDone(login);
  }

  return (
    <form ref={place} className="form" onSubmit={submitting(submit)}>
      {create.error === null || Object.values(problems).some((problem) => problem !== null) ? null : <ErrorNote error={create.error} />}
      <RoleField
        value={form.role}
        roles={roles}
        onChange={(role) => {
          change({ role });
        }}
      />
      <Field
        label={t('users.displayName')}
        hint={t('users.displayNameHint')}
        problem={problems.displayName}
        value={form.displayName}
        maxLength={100}
        autoComplete="off"
        required
        onChange={(displayName) => {
          change({ displayName });
        }}
      />
      <Field
        label={t('users.name')}
        hint={t('users.nameHint')}
        problem={problems.name}
        value={form.name}
        maxLength={32}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        required
        onChange={(name) => {
          change({ name });
        }}
      />
      <PasswordField
        value={form.password}
        problem={problems.password}
        onChange={(password) => {
          change({ password });
        }}
      />
      <Button tone="primary" icon="check" size="large" wide submit busy={create.busy}>
        {t('users.submit')}
      </Button>
    </form>
  );
}

interface RoleFieldProps {
  readonly value: Role | undefined;
  readonly roles: readonly Role[];
  readonly onChange: (role: Role) => void;
}

/** The choice of the role, if there is one. */
function RoleField({ value, roles, onChange }: RoleFieldProps): ReactElement | null {
  const { t } = useTranslation();
  if (roles.length < 2 || value === undefined) return null;
  return <Segments label={t('users.role')} value={value} choices={roles.map((role) => ({ value: role, label: t(`role.${role}`) }))} onChange={onChange} />;
}
