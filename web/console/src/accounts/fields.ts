import { useEffect, useRef, type RefObject } from 'react';
import type { CallshopError } from '@callshop/client';
import type { TFunction } from 'i18next';
import { errorText } from '../i18n/errorText.js';

/** The text for an error about one of these fields of the input; null if the error is about something else. */
export function problemOf(error: CallshopError | null, field: string, t: TFunction): string | null {
  return error?.userErrors[0]?.field.at(-1) === field ? errorText(error, t) : null;
}

/** Focuses the first field with a problem, whenever the problems change. */
export function useProblemFocus(problems: readonly (string | null)[]): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  const text = problems.join('\n');
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [text]);
  return form;
}

/** Whether the server accepts this text as the part of a login before the `@`. */
export function isLoginName(text: string): boolean {
  return /^[a-z0-9._-]{2,32}$/.test(text);
}
