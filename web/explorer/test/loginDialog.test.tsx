import { createRoot } from 'react-dom/client';
import { expect, it, vi } from 'vitest';
import { LoginDialog } from '../src/components/LoginDialog';
import { ServicesContext } from '../src/components/context';
import { createServices } from '../src/services';
import { RefusedError } from '../src/session';

function field(name: string): HTMLInputElement {
  const found = document.querySelector<HTMLInputElement>(`input[name="${name}"]`);
  if (found === null) {
    throw new Error(`There is no field ${name}.`);
  }
  return found;
}

it('asks for the code of a second factor once the server wants one', async () => {
  const services = createServices({ endpoint: new URL('http://127.0.0.1/graphql'), storage: sessionStorage });
  const login = vi.spyOn(services.session, 'login').mockRejectedValueOnce(new RefusedError('A code is needed.', 'TOTP_REQUIRED'));
  const onClose = vi.fn();
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  root.render(
    <ServicesContext value={services}>
      <LoginDialog onClose={onClose} />
    </ServicesContext>,
  );
  await vi.waitFor(() => field('password'));
  expect(document.querySelector('input[name="code"]')).toBeNull();
  const submit = (): void => {
    document.querySelector('form')?.requestSubmit();
  };
  field('login').value = 'ana@shop';
  field('password').value = 'secret';
  submit();
  await vi.waitFor(() => field('code'));
  expect(document.activeElement).toBe(field('code'));
  expect(document.querySelector('[role="alert"]')?.textContent).toBe('A code is needed.');
  field('code').value = ' 123456 ';
  login.mockResolvedValueOnce(undefined);
  submit();
  await vi.waitFor(() => {
    expect(onClose).toHaveBeenCalledOnce();
  });
  expect(login.mock.calls).toEqual([
    ['ana@shop', 'secret', ''],
    ['ana@shop', 'secret', '123456'],
  ]);
  root.unmount();
});
