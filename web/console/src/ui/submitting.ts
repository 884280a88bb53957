import type { SyntheticEvent } from 'react';

/** A handler for a form's `onSubmit`. It keeps the browser from loading another page, and starts `run`, which must handle its own errors. */
export function submitting(run: () => Promise<void> | void): (event: SyntheticEvent) => void {
  return (event) => {
    event.preventDefault();
    void run();
  };
}
