import { useEffect, useRef, useState, type ReactNode, type SyntheticEvent } from 'react';
import { RefusedError } from '../session';
import { useServices } from './context';

/** Asks for a login, or for a token from elsewhere. */
export function LoginDialog({ onClose }: { onClose: () => void }): ReactNode {
  const { session } = useServices();
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const [needsCode, setNeedsCode] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form);
    const [login, password, token] = [text(data, 'login'), text(data, 'password'), text(data, 'token').trim()];
    setBusy(true);
    try {
      await (token === '' ? session.login(login, password, text(data, 'code').trim()) : session.paste(token));
      onClose();
    } catch (error) {
      if (error instanceof RefusedError && error.code === 'TOTP_REQUIRED') {
        setNeedsCode(true);
      }
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  const onSubmit = (event: SyntheticEvent<HTMLFormElement>): void => {
    event.preventDefault();
    void submit(event.currentTarget);
  };
  return (
    <dialog ref={dialog} aria-labelledby="login-title" onClose={onClose}>
      <form onSubmit={onSubmit}>
        <h2 id="login-title">Log in</h2>
        <p>Your role determines what you can see and do. The demo prints one login per role.</p>
        <label>
          Login
          <input name="login" autoComplete="username" autoCapitalize="off" spellCheck={false} placeholder="name@code" />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" />
        </label>
        {needsCode ? (
          <label>
            Code of your authenticator app, or a recovery code
            <input name="code" autoComplete="one-time-code" autoCapitalize="off" spellCheck={false} maxLength={40} ref={focus} />
          </label>
        ) : null}
        <label>
          or paste an access token
          <input name="token" autoComplete="off" spellCheck={false} placeholder="eyJ…" />
        </label>
        <p className="problem" role="alert">
          {problem}
        </p>
        <footer>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="primary" disabled={busy}>
            Log in
          </button>
        </footer>
      </form>
    </dialog>
  );
}

/** Focuses the field for the code when it appears, because nothing else is left to enter. */
function focus(field: HTMLInputElement | null): void {
  field?.focus();
}

function text(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === 'string' ? value : '';
}
