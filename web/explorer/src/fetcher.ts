import { Kind, OperationTypeNode, parse, type OperationDefinitionNode } from 'graphql';
import type { GraphiQLProps } from 'graphiql';
import { plural, type AnswerLog } from './answers';
import { authorization, errorCount, isUnauthenticated, type Answer, type Operation, type Send } from './http';
import { isFields, type Fields } from './json';
import type { Subscribe } from './live';
import type { Session } from './session';

export type Fetcher = GraphiQLProps['fetcher'];

/**
 * Name of the operation with which GraphiQL reads the schema. The log does not show the result of this operation, because the user did not request
 * the operation.
 */
export const SCHEMA_OPERATION = 'ExplorerSchema';

export interface Connections {
  readonly send: Send;
  readonly subscribe: Subscribe;
  readonly session: Session;
  readonly log: AnswerLog;
}

/** The function with which GraphiQL runs operations: queries and mutations over HTTP, subscriptions over WebSocket, all with the session's token. */
export function createFetcher({ send, subscribe, session, log }: Connections): Fetcher {
  const ask = async (operation: Operation, headers: Record<string, string>): Promise<Answer> => {
    const withToken = (): Record<string, string> => ({ ...authorization(session.token), ...headers });
    const answer = await send(operation, withToken());
    if (!isUnauthenticated(answer) || 'authorization' in headers || session.token === null) {
      return answer;
    }
    await session.refresh();
    return send(operation, withToken());
  };
  return (params, options) => {
    const chosen = choose(params.query, params.operationName ?? null);
    const operation = { query: params.query, operationName: chosen.name, variables: fields(params.variables) };
    const headers = lowerCase(options?.headers);
    if (chosen.kind === OperationTypeNode.SUBSCRIPTION) {
      return stream(operation, headers.authorization ?? authorization(session.token).authorization ?? null);
    }
    return params.operationName === SCHEMA_OPERATION
      ? ask(operation, headers).then(({ body }) => result(body))
      : timed(() => ask(operation, headers));
  };

  async function timed(run: () => Promise<Answer>): Promise<Result> {
    const begun = performance.now();
    log.begin('running…');
    try {
      const { status, body } = await run();
      const errors = errorCount(body);
      const time = `${status} · ${Math.round(performance.now() - begun)} ms`;
      log.tell(errors === 0 ? time : `${time} · ${plural(errors, 'error')}`, errors === 0 ? 'good' : 'bad');
      return result(body);
    } catch (error) {
      log.tell('no answer', 'bad');
      throw error;
    }
  }

  function stream(operation: Operation, bearer: string | null): Stream {
    return {
      subscribe(to) {
        const observer = typeof to === 'function' ? { next: to } : to;
        log.begin('connecting…');
        const stop = subscribe(operation, bearer, {
          open: () => {
            log.tell('listening…', 'good');
          },
          next: (message) => {
            log.add(message, errorCount(message) > 0);
            observer?.next(result(message));
          },
          end: (reason) => {
            const ended = `ended · ${plural(log.state.get().count, 'message')}`;
            log.tell(reason === null ? ended : `${ended} · ${reason}`, reason === null ? 'plain' : 'bad');
            observer?.complete?.();
          },
        });
        return {
          unsubscribe() {
            stop();
            log.tell(`stopped · ${plural(log.state.get().count, 'message')}`, 'plain');
          },
        };
      },
    };
  }
}

interface Result {
  data?: Fields;
  [name: string]: unknown;
}

interface Observer {
  readonly next: (value: Result) => void;
  readonly complete?: () => void;
}

interface Stream {
  subscribe(to?: Observer | Observer['next'] | null): { unsubscribe(): void };
}

function result(body: unknown): Result {
  return isFields(body) ? { ...body } : { errors: [{ message: 'The answer is not a JSON object.' }] };
}

function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/**
 * The operation to run. GraphiQL notices only after a short delay that the document has changed. Until then, it names an operation of the previous
 * document. If the document has only one operation, the name does not matter.
 */
function choose(query: string, name: string | null): { readonly name: string | null; readonly kind: OperationTypeNode | null } {
  const operations = operationsIn(query);
  const [only, ...others] = operations;
  const found = operations.find((operation) => operation.name?.value === name) ?? (others.length === 0 ? only : undefined);
  return found === undefined ? { name, kind: null } : { name: found.name?.value ?? null, kind: found.operation };
}

function operationsIn(query: string): readonly OperationDefinitionNode[] {
  try {
    return parse(query).definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  } catch {
    // the server reports the error in the document
    return [];
  }
}

function lowerCase(headers: unknown): Record<string, string> {
  const texts = Object.entries(fields(headers)).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts.map(([name, value]) => [name.toLowerCase(), value]));
}
