import { useState, type ReactNode } from 'react';
import { useObservable, useServices } from './context';
import { LoginDialog } from './LoginDialog';

export function Header(): ReactNode {
  const { session } = useServices();
  const { login, notice } = useObservable(session.state);
  const [asking, setAsking] = useState(false);
  return (
    <header className="page-header">
      <h1>
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="28" height="28" />
        callshop <small>GraphQL explorer</small>
      </h1>
      <p className="notice" role="status">
        {notice}
      </p>
      <p className={login === null ? 'who' : 'who in'}>
        <span className="name">{login === null ? 'not logged in' : login.name}</span>
        {login === null ? null : <span className="role">{roleName(login.role)}</span>}
      </p>
      {login === null ? null : (
        <button
          type="button"
          onClick={() => {
            // the login ends on this page even if the server cannot be reached
            session.logout().catch(() => undefined);
          }}
        >
          Log out
        </button>
      )}
      <button
        type="button"
        className={login === null ? 'primary' : ''}
        onClick={() => {
          setAsking(true);
        }}
      >
        {login === null ? 'Log in' : 'Switch user'}
      </button>
      {asking ? (
        <LoginDialog
          onClose={() => {
            setAsking(false);
          }}
        />
      ) : null}
    </header>
  );
}

function roleName(role: string): string {
  return role.toLowerCase().replaceAll('_', ' ');
}
