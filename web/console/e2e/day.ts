import { ask, type Demo } from './demo.js';
import { dig } from './json.js';
import { answeredCall, phonesOnline, type SimulatedCall } from './calls.js';

async function mutate(demo: Demo, field: string, input: string, selection: string): Promise<unknown> {
  const answer = await ask(demo, 'ATTENDANT', `mutation { ${field}(input: {${input}}) { ${selection} userErrors { code message } } }`);
  const errors = dig(answer, 'data', field, 'userErrors');
  if (Array.isArray(errors) && errors.length > 0) throw new Error(JSON.stringify(errors));
  return dig(answer, 'data', field);
}

let keys = 0;
function key(): string {
  keys += 1;
  return `idempotencyKey: "day ${keys}"`;
}

export async function openRegister(demo: Demo): Promise<void> {
  await mutate(demo, 'openRegister', `callshopId: "${demo.callshopId}", float: "100", ${key()}`, 'shift { number }');
}

export async function openCabin(demo: Demo, number: number, more = ''): Promise<string> {
  const opened = await mutate(demo, 'openCabin', `cabinId: "${demo.cabinIds[number - 1] ?? ''}", ${more} ${key()}`, 'session { id }');
  return String(dig(opened, 'session', 'id'));
}

export async function closeCabin(demo: Demo, sessionId: string): Promise<void> {
  await mutate(demo, 'closeCabin', `sessionId: "${sessionId}"`, 'session { state }');
}

export async function isRegisterOpen(demo: Demo): Promise<boolean> {
  const answer = await ask(demo, 'ATTENDANT', `{ currentRegister(callshopId: "${demo.callshopId}") { number } }`);
  return !JSON.stringify(answer).includes('"currentRegister":null');
}

/** If the register is open, closes it, which creates a Z report. Then opens the register for the next shift. */
export async function beginShift(demo: Demo): Promise<void> {
  if (await isRegisterOpen(demo)) {
    await mutate(demo, 'closeRegister', `callshopId: "${demo.callshopId}", counts: [{method: CASH, amount: "100"}], ${key()}`, 'shift { number }');
  }
  await openRegister(demo);
}

/** Gives the shop a Pix key, as its owner does. */
async function acceptPix(demo: Demo): Promise<void> {
  const input = { callshopId: demo.callshopId, pixKey: 'loja@exemplo.com.br', pixName: 'Callshop Centro', pixCity: 'Sao Paulo' };
  const document = 'mutation($input: UpdateCallshopSettingsInput!) { updateCallshopSettings(input: $input) { callshop { id } userErrors { code } } }';
  dig(await ask(demo, 'CALLSHOP_OWNER', document, { input }), 'data', 'updateCallshopSettings', 'callshop', 'id');
}

/** The calls in progress: the cabin and what its customer dials. */
const CALLS: readonly (readonly [number, string])[] = [
  [1, '+442079460123'],
  [2, '+351912345678'],
  [3, '+81312345678'],
  [5, '+5491155501234'],
];

/** Voids the sessions that the demo opened, which have no calls yet. */
export async function emptyCabins(demo: Demo): Promise<void> {
  const answer = await ask(demo, 'ATTENDANT', `{ sessions(callshopId: "${demo.callshopId}", filter: { states: [OPEN] }, first: 100) { nodes { id } } }`);
  const nodes = dig(answer, 'data', 'sessions', 'nodes');
  for (const node of Array.isArray(nodes) ? nodes : []) {
    await mutate(demo, 'voidSession', `sessionId: "${String(dig(node, 'id'))}"`, 'session { state }');
  }
}

export interface Day {
  readonly live: readonly SimulatedCall[];
}

/** A shop in the middle of its day: live calls, a free cabin, a bill to pay and a paid one. */
export async function busyDay(demo: Demo): Promise<Day> {
  await emptyCabins(demo);
  await beginShift(demo);
  await acceptPix(demo);
  await phonesOnline(demo, [1, 2, 3, 4, 5, 6, 7]);
  const paid = await openCabin(demo, 6, 'customer: "Dona Maria",');
  await finishedCall(demo, 6, '+390612345678');
  await mutate(demo, 'addSessionItem', `sessionId: "${paid}", description: "Água", quantity: 2, unitPrice: "3.50", ${key()}`, 'session { id }');
  await closeCabin(demo, paid);
  await mutate(
    demo,
    'settleSession',
    `sessionId: "${paid}", payments: [{method: CASH, amount: "20"}], ${key()}`,
    'session { receiptNumber }',
  );
  const unpaid = await openCabin(demo, 7, 'customer: "Seu João",');
  await finishedCall(demo, 7, '+351912345678');
  await finishedCall(demo, 7, '+34912345678');
  await mutate(demo, 'addSessionItem', `sessionId: "${unpaid}", description: "Cópia", quantity: 10, unitPrice: "0.50", ${key()}`, 'session { id }');
  await closeCabin(demo, unpaid);
  await openCabin(demo, 1, 'customer: "Ana Paula",');
  await openCabin(demo, 2, 'spendingLimit: "1.00",');
  await openCabin(demo, 3, 'deposit: {amount: "5"},');
  await openCabin(demo, 4);
  await openCabin(demo, 5, 'timeLimitSeconds: 600,');
  const live: SimulatedCall[] = [];
  for (const [cabin, dialed] of CALLS) live.push(await answeredCall(demo, cabin, dialed));
  return { live };
}

export async function finishedCall(demo: Demo, cabin: number, dialed: string): Promise<void> {
  const call = await answeredCall(demo, cabin, dialed);
  await call.end();
}
