import type { CountInput } from '../generated.js';
import { decimalOf, parseAmount } from '../lib/money.js';
import { METHODS, type Method } from '../lib/settle.js';

/** What was typed for each way to pay. */
export type Counts = Readonly<Record<Method, string>>;

/** The counts as the API takes them; null if one is not an amount or the cash is missing. A method left empty was not used. */
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
