/** Something that a ready operation needs, and that the explorer looks up when the operation is chosen. */
export type Thing =
  | 'account'
  | 'amountDue'
  | 'billedSession'
  | 'callshop'
  | 'child'
  | 'closedSession'
  | 'currency'
  | 'draftVersion'
  | 'endedCall'
  | 'freeCabin'
  | 'liveCall'
  | 'occupiedCabin'
  | 'openSession'
  | 'otherFreeCabin'
  | 'settledSession'
  | 'tariff'
  | 'unpaidSessions'
  | 'unusedSession'
  // these things are generated without a request to the server
  | 'key'
  | 'name'
  | 'password'
  | 'today'
  | 'weekAgo';

export interface Wanted {
  readonly want: Thing;
}

export type Value = string | number | boolean | null | Wanted | readonly Value[] | { readonly [name: string]: Value };

/** An operation that can run once its variables are filled in. */
export interface Ready {
  readonly group: string;
  readonly title: string;
  readonly document: string;
  readonly variables: Readonly<Record<string, Value>>;
}

export function want(thing: Thing): Wanted {
  return { want: thing };
}

export function isWanted(value: Value): value is Wanted {
  return typeof value === 'object' && value !== null && 'want' in value;
}
