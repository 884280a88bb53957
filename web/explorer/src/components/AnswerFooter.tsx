import { useGraphiQL } from '@graphiql/react';
import { useState, type ReactNode } from 'react';
import { MOST_MESSAGES, type Message } from '../answers';
import { useObservable, useServices } from './context';

/** The line below the response: the operation's status, and a subscription's messages one by one. */
export function AnswerFooter(): ReactNode {
  const { log } = useServices();
  const { status, tone, messages, count } = useObservable(log.state);
  const response = useGraphiQL((state) => state.responseEditor);
  const [open, setOpen] = useState(false);
  return (
    <section className="answer" aria-label="Status and messages">
      <div className="answer-bar">
        <output className={`status ${tone}`}>{status}</output>
        {messages.length === 0 ? null : (
          <button
            type="button"
            aria-expanded={open}
            onClick={() => {
              setOpen(!open);
            }}
          >
            {open ? 'Hide messages' : 'Show messages'}
          </button>
        )}
        {status === '' ? null : (
          <button
            type="button"
            onClick={() => {
              log.clear();
              response?.setValue('');
            }}
          >
            Clear
          </button>
        )}
      </div>
      {open && messages.length > 0 ? (
        <ol className="messages" reversed start={count}>
          {messages.map((message) => (
            <MessageItem key={message.number} message={message} />
          ))}
          {count > MOST_MESSAGES ? <li className="more">Older messages are no longer kept.</li> : null}
        </ol>
      ) : null}
    </section>
  );
}

function MessageItem({ message }: { message: Message }): ReactNode {
  const time = `${message.at.toLocaleTimeString('en-GB')}.${message.at.getMilliseconds().toString().padStart(3, '0')}`;
  return (
    <li className="message">
      <details open>
        <summary>
          #{message.number} <time dateTime={message.at.toISOString()}>{time}</time>
        </summary>
        <pre>{JSON.stringify(message.body, null, 2)}</pre>
      </details>
    </li>
  );
}
