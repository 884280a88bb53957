import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from './random.js';

/** A TCP relay that loses connections like the network of a phone on a train. */
export class Relay {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** While the relay is stalled, bytes wait in both directions, and neither side notices. */
  #isStalled = false;
  #isRefusing = false;
  readonly counts = { connections: 0, cuts: 0, stalls: 0, outages: 0 };

  private constructor(targetPort: number) {
    this.#server = createServer({ pauseOnConnect: true }, (near) => {
      this.#accept(near, targetPort);
    });
  }

  static async to(targetPort: number): Promise<Relay> {
    const relay = new Relay(targetPort);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') {
      throw new Error('The relay does not listen.');
    }
    return `http://127.0.0.1:${address.port}/graphql`;
  }

  get openConnections(): number {
    return this.#pairs.size;
  }

  /** Breaks every connection. */
  cut(): void {
    this.counts.cuts += 1;
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  stall(): void {
    this.counts.stalls += 1;
    this.#isStalled = true;
    this.#each((socket) => socket.pause());
  }

  /** Ends a stall or an outage. Delivers the bytes that were held back. */
  flow(): void {
    this.#isStalled = false;
    this.#isRefusing = false;
    this.#each((socket) => socket.resume());
  }

  /** Cuts all connections, and refuses new ones from now on. */
  refuse(): void {
    this.counts.outages += 1;
    this.#isRefusing = true;
    this.cut();
  }

  /**
   * Cuts, stalls and refuses at random until the time is over, and then lets everything through. To do harm more often, the relay mostly waits until
   * the client is connected.
   */
  async flap(random: Random, seconds: number, isLive: () => boolean): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      const patience = Date.now() + random.int(500, 8_000);
      while (!isLive() && Date.now() < patience) {
        await sleep(20);
      }
      // wait at random, so that sometimes the first messages get through, and sometimes none do
      await sleep(random.next() < 0.4 ? random.int(0, 50) : random.int(50, 5_000));
      await this.#disturb(random);
      this.flow();
    }
  }

  async #disturb(random: Random): Promise<void> {
    const what = random.next();
    if (what < 0.45) {
      this.cut();
    } else if (what < 0.75) {
      this.stall();
      await sleep(random.int(100, 2_500));
      if (random.next() < 0.5) {
        this.cut();
      }
    } else if (what < 0.8) {
      // longer than the client waits for a message before it gives up the connection
      this.stall();
      await sleep(16_000);
    } else {
      this.refuse();
      await sleep(random.int(100, 2_000));
    }
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket, targetPort: number): void {
    if (this.#isRefusing) {
      near.destroy();
      return;
    }
    this.counts.connections += 1;
    const far = connect(targetPort, '127.0.0.1');
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      if (this.#isStalled) {
        from.pause();
      } else {
        from.resume();
      }
    }
  }

  #each(act: (socket: Socket) => void): void {
    for (const pair of this.#pairs) {
      pair.forEach(act);
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
