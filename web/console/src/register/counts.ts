import type { CountInput } from '../generated.js';
import { decimalOf, parseAmount } from '../lib/money.js';
import { METHODS, type Method } from '../lib/settle.js';

/** The text that the user typed for each payment method. */
export type Counts = Readonly<Record<Method, string>>;

/**
 * The counts as input for the API; null if a text is not an amount, or if the cash was not counted. An empty field means that the method was not
 * used.
 */
export function countsOf(counts: Counts): CountInput[] | null {
  const inputs: CountInput[] = [];
  for (const method of METHODS) {
    const typed = counts[method].trim();
    if (typed === '' && method !== 'CASH') continue;
    const micros = parseAmount(typed);
    if (micros === null || (method === 'CASH' && micros < 0n)) return null;
    inputs.push({ method, amount: decimalOf(micros) });
  }
  return inputs;
}
