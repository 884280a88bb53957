import { useState, type ReactElement, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button.js';
import { Field } from './Field.js';
import { submitting } from './submitting.js';

export interface SearchProps {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  /** Called with the text without spaces around it; empty text shows everything again. */
  readonly onSearch: (text: string) => void;
}

/** A search field. The server does the search, so the list may have any length. */
export function Search({ label, hint, onSearch }: SearchProps): ReactElement {
  const { t } = useTranslation();
  const [text, setText] = useState('');

  function change(typed: string): void {
    setText(typed);
    // the field has its own button for deleting the text
    if (typed === '') onSearch('');
  }

  return (
    <form
      className="row-form search"
      role="search"
      onSubmit={submitting(() => {
        onSearch(text.trim());
      })}
    >
      <Field label={label} hint={hint} type="search" value={text} onChange={change} maxLength={100} autoComplete="off" />
      <Button icon="search" submit>
        {t('common.search')}
      </Button>
    </form>
  );
}
