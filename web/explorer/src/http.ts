import { listAt, textAt, type Fields } from './json';

/** One operation, in the form in which it is sent. */
export interface Operation {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Fields;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends an operation and reads the response, regardless of its status. */
export type Send = (operation: Operation, headers: Readonly<Record<string, string>>) => Promise<Answer>;

export function endpoint(location: { readonly href: string }): URL {
  return new URL('/graphql', location.href);
}

export function sendTo(url: URL): Send {
  return async (operation, headers) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(operation),
    });
    const body: unknown = await response.json();
    return { status: response.status, body };
  };
}

export function authorization(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** The message of the first top-level error. */
export function problemOf(body: unknown): string | null {
  return textAt(body, 'errors', 0, 'message');
}

export function isUnauthenticated(answer: Answer): boolean {
  return textAt(answer.body, 'errors', 0, 'extensions', 'code') === 'UNAUTHENTICATED';
}

export function errorCount(body: unknown): number {
  return listAt(body, 'errors').length;
}
