import { setTimeout as sleep } from 'node:timers/promises';
import { ask, type Demo } from './demo.js';
import { dig, list, text } from './json.js';

/** Name of the tariff that {@link newPrices} derives. */
export const DERIVED = 'Atacado';

/** Runs a mutation of the reseller, and returns its payload. The type of its input follows from its name. */
export async function price(demo: Demo, field: string, input: Readonly<Record<string, unknown>>, selection: string): Promise<unknown> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input!`;
  const document = `mutation($input: ${type}) { ${field}(input: $input) { ${selection} userErrors { code message } } }`;
  const answer = await ask(demo, 'RESELLER', document, { input });
  const errors = list(answer, 'data', field, 'userErrors');
  if (errors.length > 0) throw new Error(`${field}: ${JSON.stringify(errors)}`);
  return dig(answer, 'data', field);
}

/** The id of the reseller's tariff with this name. */
export async function tariffId(demo: Demo, name: string): Promise<string> {
  const answer = await ask(demo, 'RESELLER', '{ tariffs(first: 100) { nodes { id name } } }');
  const found = list(answer, 'data', 'tariffs', 'nodes').find((node) => text(node, 'name') === name);
  return text(found, 'id');
}

/** Creates a draft of the retail tariff, with its own price for the first minute of calls to Portugal. The later minutes are priced below cost. */
export async function newDraft(demo: Demo, initialPrice: string): Promise<string> {
  const rate = {
    prefix: '351',
    destination: 'Portugal',
    pricePerMinute: '0.01',
    initialPrice,
    initialIncrement: 60,
    increment: 30,
    connectionFee: '0.05',
    minimumCharge: '0.2',
    freeSeconds: 3,
  };
  const made = await price(demo, 'upsertRates', { tariffId: await tariffId(demo, 'Counter'), rates: [rate], note: 'Portugal' }, 'version { id }');
  return text(made, 'version', 'id');
}

/** Makes a derived tariff with a version in force, and a draft of the retail tariff. */
export async function newPrices(demo: Demo): Promise<void> {
  const rule = { name: DERIVED, source: { ownCost: true }, percent: '25', addition: '0.01', minimumMargin: '0.02', priceStep: '0.01', automatic: true };
  const id = text(await price(demo, 'deriveTariff', rule, 'tariff { id }'), 'tariff', 'id');
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await ask(demo, 'RESELLER', 'query($id: ID!) { tariff(id: $id) { activeVersion { number } } }', { id });
    if (!JSON.stringify(answer).includes('"activeVersion":null')) break;
    await sleep(300);
  }
  await newDraft(demo, '0.3');
}
