import { randomUUID } from 'node:crypto';
import type { Demo } from './demo.js';
import type { Random } from './random.js';

type Data = Record<string, unknown>;

/**
 * Sends a request, and repeats it once if it fails, because the server may have closed the idle keep-alive connection since the previous request. A
 * browser would repeat the request by itself, but Node does not.
 */
export async function steadily(send: () => Promise<Response>): Promise<Response> {
  try {
    return await send();
  } catch {
    return send();
  }
}

/** Sends GraphQL directly to the server, without the client under test. */
export class Direct {
  readonly #demo: Demo;
  #token = '';

  private constructor(demo: Demo) {
    this.#demo = demo;
  }

  static async as(demo: Demo, role: string): Promise<Direct> {
    const direct = new Direct(demo);
    const { login, password } = demo.user(role);
    const query = 'mutation($input: LoginInput!) { login(input: $input) { accessToken userErrors { message } } }';
    const answer = await direct.send(query, { input: { login, password } });
    direct.#token = String(at(answer, 'login', 'accessToken'));
    return direct;
  }

  get token(): string {
    return this.#token;
  }

  async send(query: string, variables: Data = {}): Promise<unknown> {
    const response = await steadily(() =>
      fetch(this.#demo.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` }),
        },
        body: JSON.stringify({ query, variables }),
      }),
    );
    const body: unknown = await response.json();
    const data = at(body, 'data');
    if (data === undefined || data === null) {
      throw new Error(`The server answered ${JSON.stringify(body)}.`);
    }
    return data;
  }
}

/** A value inside an answer; undefined if there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null) {
      return undefined;
    }
    found = Object.entries(found).find(([name]) => name === String(step))?.[1];
  }
  return found;
}

/** Performs random actions of an owner at the counter. The server refuses some of these actions, as it would for a person. */
export class Counter {
  readonly #owner: Direct;
  readonly #random: Random;
  readonly #cabins: readonly string[];
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();
  readonly done = new Map<string, number>();

  constructor(owner: Direct, cabins: readonly string[], random: Random) {
    this.#owner = owner;
    this.#cabins = cabins;
    this.#random = random;
  }

  begin(): void {
    this.#running = this.#work();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #work(): Promise<void> {
    while (!this.#isOver) {
      await new Promise((resolve) => {
        setTimeout(resolve, this.#random.int(50, 500));
      });
      await this.#act();
    }
  }

  async #act(): Promise<void> {
    const cabinId = this.#random.pick(this.#cabins);
    const found = await this.#owner.send('query($id: ID!) { cabin(id: $id) { state currentSession { id } } }', { id: cabinId });
    const sessionId = at(found, 'cabin', 'currentSession', 'id');
    const key = randomUUID();
    if (typeof sessionId !== 'string') {
      const isOut = at(found, 'cabin', 'state') === 'OUT_OF_SERVICE';
      await (isOut || this.#random.next() < 0.3
        ? this.#change('updateCabin', 'UpdateCabinInput', { cabinId, outOfService: !isOut })
        : this.#change('openCabin', 'OpenCabinInput', { cabinId, customer: `Customer ${key.slice(0, 4)}`, idempotencyKey: key }));
      return;
    }
    switch (this.#random.int(0, 5)) {
      case 0:
        return this.#change('addSessionItem', 'AddSessionItemInput', {
          sessionId,
          description: 'Water',
          quantity: 2,
          unitPrice: '1.25',
          idempotencyKey: key,
        });
      case 1:
        return this.#change('updateSessionLimits', 'UpdateSessionLimitsInput', { sessionId, spendingLimit: `${this.#random.int(20, 90)}.50` });
      case 2:
        return this.#change('moveSession', 'MoveSessionInput', { sessionId, cabinId: this.#random.pick(this.#cabins) });
      case 3:
        return this.#change('updateCabin', 'UpdateCabinInput', { cabinId, label: `Cabin ${key.slice(0, 3)}` });
      default:
        return this.#leave(cabinId, sessionId, key);
    }
  }

  async #leave(cabinId: string, sessionId: string, idempotencyKey: string): Promise<void> {
    await this.#change('closeCabin', 'CloseCabinInput', { cabinId, mode: 'DRAIN' });
    const found = await this.#owner.send('query($id: ID!) { session(id: $id) { amountDue { amount } } }', { id: sessionId });
    const due = at(found, 'session', 'amountDue', 'amount');
    if (typeof due === 'string') {
      const payments = [{ method: 'CASH', amount: String(Math.ceil(Number(due)) + 1) }];
      await this.#change('settleSession', 'SettleSessionInput', { sessionId, payments, idempotencyKey });
    }
  }

  async #change(name: string, type: string, input: Data): Promise<void> {
    const answer = await this.#owner.send(`mutation($input: ${type}!) { ${name}(input: $input) { userErrors { code } } }`, { input });
    const refusal = at(answer, name, 'userErrors', 0, 'code');
    const what = typeof refusal === 'string' ? `${name} ${refusal}` : name;
    this.done.set(what, (this.done.get(what) ?? 0) + 1);
  }
}
