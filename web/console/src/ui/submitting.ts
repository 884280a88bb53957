import type { SyntheticEvent } from 'react';

/** For a form's `onSubmit`: the page stays, and the handler runs on by itself. It keeps its own errors. */
export function submitting(run: () => Promise<void> | void): (event: SyntheticEvent) => void {
  return (event) => {
    event.preventDefault();
    void run();
  };
}
