import type { Page } from '../../src/waiting.js';

export interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Name of the operation. */
  readonly name: string;
}

export type Answering = (sent: Sent) => Response | Promise<Response>;

/** A fake `fetch` that answers with the result of a function, and records the requests. */
export class FakeServer {
  readonly sent: Sent[] = [];
  answer: Answering;

  constructor(answer: Answering) {
    this.answer = answer;
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const body: unknown = JSON.parse(typeof init?.body === 'string' ? init.body : '{}');
    if (!isBody(body)) {
      throw new Error('The client sent a request that is not GraphQL.');
    }
    const headers = Object.fromEntries(new Headers(init?.headers));
    const name = /(?:query|mutation|subscription) (\w+)/.exec(body.query)?.[1] ?? '';
    const sent = { url: String(input instanceof Request ? input.url : input), headers, ...body, name };
    this.sent.push(sent);
    // a real `fetch` rejects when its signal is aborted, even if the server answers later
    const aborted = new Promise<never>((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    });
    return Promise.race([this.answer(sent), aborted]);
  };

  /** Number of times that an operation was sent. */
  count(name: string): number {
    return this.sent.filter((sent) => sent.name === name).length;
  }
}

function isBody(body: unknown): body is { query: string; variables: Record<string, unknown> } {
  return typeof body === 'object' && body !== null && 'query' in body && 'variables' in body;
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}

export function refused(code: string, status = 200, more: Record<string, unknown> = {}): Response {
  return json({ errors: [{ message: `It is ${code}.`, extensions: { code, ...more } }] }, status);
}

/** The response of `login` or `refresh`. */
export function tokens(field: 'login' | 'refresh', number: number, lifeMs = 600_000): Response {
  const viewer = { id: 'user', login: 'ana@shop', displayName: 'Ana', role: 'ATTENDANT', permissions: ['OPERATE_CABINS'] };
  return json({
    data: {
      [field]: {
        accessToken: `access-${number}`,
        accessTokenExpiresAt: new Date(Date.now() + lifeMs).toISOString(),
        refreshToken: `refresh-${number}`,
        viewer,
        userErrors: [],
      },
    },
  });
}

/** A page whose network the test switches on and off. */
export class FakePage implements Page {
  online = true;
  readonly #wakes = new Set<() => void>();
  readonly #offlines = new Set<() => void>();

  readonly isOnline = (): boolean => this.online;

  onWake(listener: () => void): () => void {
    this.#wakes.add(listener);
    return () => this.#wakes.delete(listener);
  }

  onOffline(listener: () => void): () => void {
    this.#offlines.add(listener);
    return () => this.#offlines.delete(listener);
  }

  goOffline(): void {
    this.online = false;
    this.#offlines.forEach((listener) => listener());
  }

  wake(): void {
    this.online = true;
    this.#wakes.forEach((listener) => listener());
  }

  get listeners(): number {
    return this.#wakes.size + this.#offlines.size;
  }
}

