import { ErrorCode } from './generated.js';

/** Codes of errors that are not in the schema: errors of the server's transport, and errors of the network. */
export const TransportCode = {
  /** The server could not be reached, or the connection broke. The request may have been carried out. */
  NETWORK: 'NETWORK',
  /** No answer in time. The request may have been carried out. */
  TIMEOUT: 'TIMEOUT',
  /** The response does not come from this API. */
  BAD_RESPONSE: 'BAD_RESPONSE',
  /** The server refused the WebSocket, and retrying would not help. */
  PROTOCOL: 'PROTOCOL',
  /** A code that this version of the client does not know; see `rawCode`. */
  UNKNOWN: 'UNKNOWN',
  /** There is no login, or the login has ended. */
  UNAUTHENTICATED: 'UNAUTHENTICATED',
  FORBIDDEN_ORIGIN: 'FORBIDDEN_ORIGIN',
  /** Too many requests. Wait for `retryAfterSeconds` before the next request. */
  RATE_LIMITED: 'RATE_LIMITED',
  OVERLOADED: 'OVERLOADED',
  SHUTTING_DOWN: 'SHUTTING_DOWN',
  TOO_MANY_SOCKETS: 'TOO_MANY_SOCKETS',
  TOO_MANY_OPERATIONS: 'TOO_MANY_OPERATIONS',
  INTERNAL: 'INTERNAL',
  QUERY_TIMEOUT: 'QUERY_TIMEOUT',
  QUERY_TOO_COMPLEX: 'QUERY_TOO_COMPLEX',
  QUERY_TOO_DEEP: 'QUERY_TOO_DEEP',
  RESPONSE_TOO_LARGE: 'RESPONSE_TOO_LARGE',
  BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  BODY_TIMEOUT: 'BODY_TIMEOUT',
  BAD_REQUEST: 'BAD_REQUEST',
  BAD_VARIABLES: 'BAD_VARIABLES',
  GRAPHQL_PARSE_FAILED: 'GRAPHQL_PARSE_FAILED',
  GRAPHQL_VALIDATION_FAILED: 'GRAPHQL_VALIDATION_FAILED',
} as const;
export type TransportCode = (typeof TransportCode)[keyof typeof TransportCode];

/** An error that the caller of a mutation can correct. */
export interface UserError {
  /** `UNKNOWN` if the document did not select `code`. */
  readonly code: ErrorCode | typeof TransportCode.UNKNOWN;
  /** Sentence for the user, in the language of the client's `locale`. If the document did not select `message`, a sentence with the code. */
  readonly message: string;
  /** Path of the input field at fault, outermost name first. Empty if the document did not select `field`. */
  readonly field: readonly string[];
}

export interface ErrorDetails {
  readonly userErrors?: readonly UserError[];
  readonly retryAfterSeconds?: number | null;
  readonly requestId?: string | null;
  readonly cause?: unknown;
}

export class CallshopError extends Error {
  override readonly name = 'CallshopError';
  readonly code: ErrorCode | TransportCode;
  /** The code as the server sent it. */
  readonly rawCode: string;
  readonly userErrors: readonly UserError[];
  readonly retryAfterSeconds: number | null;
  /** The server's id for the request. Quote this id when you report the error. */
  readonly requestId: string | null;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.rawCode = code;
    this.code = isKnownCode(code) ? code : TransportCode.UNKNOWN;
    this.userErrors = details.userErrors ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.requestId = details.requestId ?? null;
  }
}

function isKnownCode(code: string): code is ErrorCode | TransportCode {
  return Object.hasOwn(ErrorCode, code) || Object.hasOwn(TransportCode, code);
}

/** Codes of temporary errors: the same request may succeed later. */
const PASSING: ReadonlySet<string> = new Set<TransportCode>([
  'NETWORK',
  'TIMEOUT',
  'BAD_RESPONSE',
  'RATE_LIMITED',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'TOO_MANY_SOCKETS',
  'TOO_MANY_OPERATIONS',
  'INTERNAL',
  'QUERY_TIMEOUT',
  'BODY_TIMEOUT',
  'UNKNOWN',
]);

export function isPassing(error: unknown): boolean {
  return error instanceof CallshopError && PASSING.has(error.code);
}

/** Whether the error says that the login has ended. */
export function isUnauthenticated(error: unknown): boolean {
  return error instanceof CallshopError && error.code === TransportCode.UNAUTHENTICATED;
}

export function notLoggedIn(): CallshopError {
  return new CallshopError(TransportCode.UNAUTHENTICATED, 'Log in first.');
}

export interface AnswerHeaders {
  readonly retryAfterSeconds: number | null;
  readonly requestId: string | null;
}

/** The error for a GraphQL answer's `errors`; null if there are none. */
export function errorOf(errors: unknown, headers?: AnswerHeaders): CallshopError | null {
  if (!Array.isArray(errors) || errors.length === 0) {
    return null;
  }
  const first: unknown = errors[0];
  const extensions = isRecord(first) && isRecord(first.extensions) ? first.extensions : {};
  const { code, retryAfter, requestId } = extensions;
  const message = isRecord(first) && typeof first.message === 'string' ? first.message : 'The server reported an error.';
  return new CallshopError(typeof code === 'string' ? code : TransportCode.UNKNOWN, message, {
    retryAfterSeconds: typeof retryAfter === 'number' ? retryAfter : (headers?.retryAfterSeconds ?? null),
    requestId: typeof requestId === 'string' ? requestId : (headers?.requestId ?? null),
  });
}

/** The error for a mutation's `userErrors`; null if there are none. */
export function userErrorOf(errors: readonly UserError[], requestId: string | null): CallshopError | null {
  const first = errors[0];
  return first === undefined ? null : new CallshopError(first.code, first.message, { userErrors: errors, requestId });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads an entry of `userErrors`, no matter which of its fields the document selected. An entry counts as an error even if some of its fields are
 * missing.
 */
export function toUserError(value: unknown): UserError {
  const { code: sent, message, field } = isRecord(value) ? value : {};
  const code = isSentCode(sent) ? sent : TransportCode.UNKNOWN;
  return {
    code,
    message: typeof message === 'string' ? message : `The server refused the mutation: ${code}.`,
    field: Array.isArray(field) ? field.filter((name) => typeof name === 'string') : [],
  };
}

/** Accepts any text, because a newer server may have codes that this version does not know. */
function isSentCode(value: unknown): value is ErrorCode {
  return typeof value === 'string';
}
