import type { ReactElement, ReactNode } from 'react';
import type { CallshopError } from '@callshop/client';
import { useTranslation } from 'react-i18next';
import { errorText, queryErrorText } from '../i18n/errorText.js';
import { Button } from './Button.js';
import { Icon, type IconName } from './Icon.js';

export function Loading(): ReactElement {
  const { t } = useTranslation();
  return (
    <p className="state" role="status">
      <span className="spinner" aria-hidden="true" />
      {t('common.loading')}
    </p>
  );
}

export function Empty({ icon, children }: { readonly icon: IconName; readonly children: ReactNode }): ReactElement {
  return (
    <p className="state">
      <Icon name={icon} />
      {children}
    </p>
  );
}

export interface ErrorNoteProps {
  readonly error: CallshopError;
  /** Sends the query again. Omit this if the error comes from a change, because the user repeats a change with the change's own button. */
  readonly onRetry?: () => void;
}

export function ErrorNote({ error, onRetry }: ErrorNoteProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="note note-error" role="alert">
      <Icon name="alert" />
      <p>{onRetry === undefined ? errorText(error, t) : queryErrorText(error, t)}</p>
      {onRetry === undefined ? null : (
        <Button size="small" onClick={onRetry}>
          {t('common.retry')}
        </Button>
      )}
    </div>
  );
}

export function Note({ icon = 'alert', children }: { readonly icon?: IconName; readonly children: ReactNode }): ReactElement {
  return (
    <div className="note">
      <Icon name={icon} />
      <p>{children}</p>
    </div>
  );
}

export interface QueryView<T> {
  readonly data: T | null;
  readonly error: CallshopError | null;
  readonly loading: boolean;
  readonly reload: () => void;
}

/** Shows a query that is loading, has failed, or has data. If a repetition fails, the previous data stays below the error. */
export function Answer<T>({
  query,
  children,
}: {
  readonly query: QueryView<T>;
  readonly children: (data: T) => ReactNode;
}): ReactElement {
  return (
    <>
      {query.loading ? <Loading /> : null}
      {query.error === null ? null : <ErrorNote error={query.error} onRetry={query.reload} />}
      {query.data === null ? null : children(query.data)}
    </>
  );
}
