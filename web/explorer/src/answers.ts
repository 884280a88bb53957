import { Observable } from './observable';

/** One message of a subscription. */
export interface Message {
  readonly number: number;
  readonly at: Date;
  readonly body: unknown;
}

export interface Answers {
  readonly status: string;
  readonly tone: 'plain' | 'good' | 'bad';
  /** The latest messages of the running or last subscription, newest first. */
  readonly messages: readonly Message[];
  readonly count: number;
}

/** Maximum number of messages that are kept. Older messages are dropped, because a subscription may run for hours. */
export const MOST_MESSAGES = 200;

const NOTHING: Answers = { status: '', tone: 'plain', messages: [], count: 0 };

/** The content of the line below the response: the status of the last operation, and a subscription's messages. */
export class AnswerLog {
  readonly state = new Observable<Answers>(NOTHING);

  begin(status: string): void {
    this.state.set({ ...NOTHING, status });
  }

  tell(status: string, tone: Answers['tone']): void {
    this.state.set({ ...this.state.get(), status, tone });
  }

  add(body: unknown, bad: boolean): void {
    const { messages, count } = this.state.get();
    const message = { number: count + 1, at: new Date(), body };
    this.state.set({
      status: `listening · ${plural(message.number, 'message')}`,
      tone: bad ? 'bad' : 'good',
      messages: [message, ...messages].slice(0, MOST_MESSAGES),
      count: message.number,
    });
  }

  clear(): void {
    this.state.set(NOTHING);
  }
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
