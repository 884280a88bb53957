import { randomUUID } from 'node:crypto';
import type { Demo } from './demo.js';
import type { Random } from './random.js';
import { steadily } from './shop.js';

const NUMBERS = ['+351912345678', '+13055550123', '+5491155501234', '+33612345678', '011987654321', '+442079460123', '190', '999'];

/** Phones that make calls continuously, through the hook that SIP proxies use. */
export class Traffic {
  readonly #demo: Demo;
  readonly #random: Random;
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(demo: Demo, random: Random) {
    this.#demo = demo;
    this.#random = random;
  }

  begin(phones: readonly string[]): void {
    this.#running = Promise.all(phones.map((phone) => this.#use(phone)));
  }

  /** Ends every call, and resolves when the server has accepted the end events. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** A call that lasts until the returned function is called. */
  async talk(user: string, dialed = '+351912345678'): Promise<() => Promise<void>> {
    const [call_id, from_tag] = [randomUUID(), randomUUID()];
    const request = { request_id: randomUUID(), user, dialed, src: '127.0.0.1:5060', ts: now(), proxy: 'test' };
    const answer = await this.#post('authorize', { ...request, call_id, from_tag });
    if (!isAllowed(answer)) {
      throw new Error(`The call was refused: ${JSON.stringify(answer)}`);
    }
    const dialog = { ref: answer.ref, call_id, from_tag, handle: '0:0' };
    const answered_ts = now();
    await this.#tell('answered', dialog, answered_ts);
    return () => this.#tell('ended', { ...dialog, by: 'caller', cause: 'bye', answered_ts });
  }

  async #use(phone: string): Promise<void> {
    while (!this.#isOver) {
      await this.#wait(50, 1_500);
      if (this.#random.next() < 0.15) {
        await this.#register(phone, this.#random.next() < 0.5);
      } else {
        await this.#call(phone);
      }
    }
  }

  async #register(user: string, online: boolean): Promise<void> {
    const contact = { contact: `<sip:${user}@127.0.0.1:5060>`, src: '127.0.0.1:5060', user_agent: 'test' };
    await this.#tell(online ? 'online' : 'offline', { user, ...contact, why: online ? 'registered' : 'unregistered' });
  }

  async #call(user: string): Promise<void> {
    const [call_id, from_tag] = [randomUUID(), randomUUID()];
    const request = { request_id: randomUUID(), user, dialed: this.#random.pick(NUMBERS), src: '127.0.0.1:5060', ts: now(), proxy: 'test' };
    const answer = await this.#post('authorize', { ...request, call_id, from_tag });
    if (!isAllowed(answer)) {
      return;
    }
    const dialog = { ref: answer.ref, call_id, from_tag, handle: '0:0' };
    const outcome = this.#random.next();
    await this.#wait(20, 400);
    if (outcome < 0.1) {
      await this.#tell('abandoned', { ...dialog, request_id: request.request_id, reason: 'hung up', code: 487 });
      return;
    }
    await this.#tell('ringing', dialog);
    await this.#wait(20, 600);
    if (outcome < 0.25) {
      await this.#tell('failed', { ...dialog, code: 486, by: 'callee' });
      return;
    }
    const answered_ts = now();
    await this.#tell('answered', dialog, answered_ts);
    await this.#wait(100, 4_000);
    await this.#tell('ended', { ...dialog, by: 'caller', cause: 'bye', answered_ts });
  }

  async #tell(kind: string, more: Record<string, unknown>, ts = now()): Promise<void> {
    const answer = await this.#post('events', [{ eid: randomUUID(), kind, ts, proxy: 'test', ...more }]);
    if (JSON.stringify(answer).includes('"rejected"')) {
      throw new Error(`The server rejected ${kind}: ${JSON.stringify(answer)}`);
    }
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const { url, secret } = this.#demo.printed.hook;
    const response = await steadily(() =>
      fetch(`${url}/kamailio/v1/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Basic ${Buffer.from(`kamailio:${secret}`).toString('base64')}` },
        body: JSON.stringify(body),
      }),
    );
    if (!response.ok) {
      throw new Error(`The hook answered ${path} with ${response.status}: ${await response.text()}`);
    }
    return response.json();
  }

  #wait(least: number, most: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, this.#isOver ? 0 : this.#random.int(least, most));
    });
  }
}

/** Microseconds since 1970, as text. */
function now(): string {
  return `${Date.now()}000`;
}

function isAllowed(answer: unknown): answer is { readonly ref: string } {
  return typeof answer === 'object' && answer !== null && 'allow' in answer && answer.allow === true && 'ref' in answer;
}
