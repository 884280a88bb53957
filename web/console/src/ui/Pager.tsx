import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button.js';

export interface PagerProps {
  /** Cursor of the shown page; null for the first page. */
  readonly after: string | null;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly onChange: (after: string | null) => void;
}

/** Buttons below a list that lead to its next page and back to its beginning. */
export function Pager({ after, pageInfo, onChange }: PagerProps): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="pager">
      {after === null ? null : (
        <Button
          size="small"
          icon="back"
          onClick={() => {
            onChange(null);
          }}
        >
          {t('common.first')}
        </Button>
      )}
      {pageInfo.hasNextPage ? (
        <Button
          size="small"
          onClick={() => {
            onChange(pageInfo.endCursor);
          }}
        >
          {t('common.next')}
        </Button>
      ) : null}
    </div>
  );
}
