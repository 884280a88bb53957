import type { ReactElement } from 'react';

/** A bar that shows the used part of a limit. The text beside it says the same in numbers. */
export function Bar({ label, used, most }: { readonly label: string; readonly used: number; readonly most: number }): ReactElement {
  const share = most <= 0 ? 1 : Math.min(1, used / most);
  const level = share >= 1 ? 'full' : share >= 0.8 ? 'high' : 'low';
  return (
    <div
      className={`bar bar-${level}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
    >
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect width={share * 100} height="4" />
      </svg>
    </div>
  );
}
