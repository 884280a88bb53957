import { randomUUID } from 'node:crypto';
import type { Demo } from './demo.js';

// Sends requests to the demo's hook as a SIP proxy would; see docs/hook.md.

async function post(demo: Demo, path: string, body: unknown): Promise<unknown> {
  const credentials = Buffer.from(`kamailio:${demo.hook.secret}`).toString('base64');
  const response = await fetch(`${demo.hook.url}/kamailio/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Basic ${credentials}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`The hook answered ${response.status} to ${path}.`);
  return response.json();
}

function micros(milliseconds: number): string {
  return `${milliseconds}000`;
}

function isAllowed(answer: unknown): answer is { readonly ref: string } {
  return typeof answer === 'object' && answer !== null && 'ref' in answer && typeof answer.ref === 'string';
}

export interface SimulatedCall {
  readonly end: () => Promise<void>;
}

type Report = (kind: string, more: object) => Promise<unknown>;

/** Places a call from the phone of a cabin, up to the ringing. */
async function begin(demo: Demo, cabinNumber: number, dialed: string): Promise<Report> {
  const user = demo.phones[cabinNumber - 1];
  const id = randomUUID();
  const common = { proxy: 'demo', call_id: id, from_tag: '1' };
  const allowed = await post(demo, 'authorize', {
    ...common,
    request_id: id,
    user,
    dialed,
    src: '192.0.2.7:5060',
    ts: micros(Date.now()),
  });
  if (!isAllowed(allowed)) throw new Error(`The call was refused: ${JSON.stringify(allowed)}`);
  const report: Report = (kind, more) =>
    post(demo, 'events', [{ ...common, eid: randomUUID(), kind, ts: micros(Date.now()), ref: allowed.ref, handle: '1:1', ...more }]);
  await report('authorized', {});
  await report('ringing', { to_tag: '2' });
  return report;
}

/** Places a call from the phone of a cabin. The call rings and is not answered yet. */
export async function ringingCall(demo: Demo, cabinNumber: number, dialed: string): Promise<void> {
  await begin(demo, cabinNumber, dialed);
}

/** Places a call from the phone of a cabin and has it answered immediately. */
export async function answeredCall(demo: Demo, cabinNumber: number, dialed: string): Promise<SimulatedCall> {
  const report = await begin(demo, cabinNumber, dialed);
  const answered = micros(Date.now());
  await report('answered', { to_tag: '2' });
  return {
    end: async () => {
      await report('ended', { to_tag: '2', by: 'caller', cause: 'bye', answered_ts: answered });
    },
  };
}

/** Registers the phones of these cabins, so that the console shows them as online. */
export async function phonesOnline(demo: Demo, cabinNumbers: readonly number[]): Promise<void> {
  const events = cabinNumbers.map((cabinNumber) => ({
    eid: randomUUID(),
    kind: 'online',
    ts: micros(Date.now()),
    proxy: 'demo',
    user: demo.phones[cabinNumber - 1],
    contact: '<sip:phone@192.0.2.7:5060>',
    user_agent: 'Cabin phone 1.0',
    src: '192.0.2.7:5060',
    why: 'registered',
    expires: 300,
  }));
  await post(demo, 'events', events);
}
