import type { DeliveryFieldsFragment } from './generated.js';

/** Number of changed messages that a page remembers. The server also looks for changes among this many messages. */
const MOST_REMEMBERED = 100;

export type Changes = ReadonlyMap<string, DeliveryFieldsFragment>;

/** Adds a message to the messages that the subscription has reported. When there are too many, the oldest message is dropped. */
export function remember(former: Changes, delivery: DeliveryFieldsFragment): Changes {
  const next = new Map(former);
  next.delete(delivery.deliveryId);
  next.set(delivery.deliveryId, delivery);
  const [oldest] = next.keys();
  if (next.size > MOST_REMEMBERED && oldest !== undefined) next.delete(oldest);
  return next;
}

/**
 * A page of the log, with the changes since the page was read. `takesNew` says whether the page begins with the newest message, and therefore also
 * has the messages that entered the log afterward.
 */
export function upToDate(page: readonly DeliveryFieldsFragment[], changes: Changes, takesNew: boolean): readonly DeliveryFieldsFragment[] {
  const shown = page.map((delivery) => changes.get(delivery.deliveryId) ?? delivery);
  if (!takesNew) return shown;
  const known = new Set(page.map(({ deliveryId }) => deliveryId));
  const last = page.at(-1);
  // an older message is on a later page
  const added = [...changes.values()].filter((delivery) => !known.has(delivery.deliveryId) && (last === undefined || begun(delivery) > begun(last)));
  return [...shown, ...added].sort((one, other) => begun(other) - begun(one));
}

function begun({ createdAt }: DeliveryFieldsFragment): number {
  return Date.parse(createdAt);
}
