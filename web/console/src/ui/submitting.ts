import type { SyntheticEvent } from 'react';

/**
 * A handler for a form's `onSubmit`. The handler keeps the browser from loading another page, and starts `run`. The function `run` must handle
 * its own errors.
 */
export function submitting(run: () => Promise<void> | void): (event: SyntheticEvent) => void {
  return (event) => {
    event.preventDefault();
    void run();
  };
}
