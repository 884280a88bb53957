/** Whether the same request may be sent again. */
export type Retry = 'no' | 'wait' | 'login' | 'network';

export interface Advice {
  readonly remedy: string;
  readonly retry: Retry;
}

export interface TopLevel extends Advice {
  readonly meaning: string;
  /** The HTTP status of the response, or the message that carries the error if there is no HTTP response. */
  readonly status: string;
}

/** Advice about each code of `userErrors`. The meanings come from the doc comments in `base/src/error.rs`. */
export const USER_ERRORS: Readonly<Record<string, Advice>> = {
  INVALID_INPUT: { remedy: 'Correct the field that `field` names. `message` says what is allowed.', retry: 'no' },
  NOT_FOUND: { remedy: 'Read the list again: the object is gone, or it never belonged to the caller.', retry: 'no' },
  FORBIDDEN: { remedy: 'Hide the action for this role, or ask somebody with another role.', retry: 'no' },
  ALREADY_EXISTS: { remedy: 'Choose another name or number, or use the existing object.', retry: 'no' },
  ILLEGAL_STATE: { remedy: 'Read the object again and show its state. If this is the state that the user wanted, nothing is left to do.', retry: 'no' },
  BAD_CREDENTIALS: { remedy: 'Ask for the password again. The answer is the same for a wrong login and a wrong password.', retry: 'no' },
  TRY_LATER: { remedy: 'Wait, up to 30 seconds, then try again.', retry: 'wait' },
  TOTP_REQUIRED: { remedy: 'Ask for a code from the authenticator app, or a recovery code, and send the login again with `totp`.', retry: 'no' },
  TOTP_INVALID: { remedy: 'Ask for the next code. A code works once.', retry: 'no' },
  TOTP_SETUP_REQUIRED: { remedy: 'Show the page that sets up the second factor: `beginTotp`, then `confirmTotp`.', retry: 'no' },
  WEAK_PASSWORD: { remedy: 'Ask for a longer password, or one that is harder to guess.', retry: 'no' },
  IDEMPOTENCY_CONFLICT: { remedy: 'Make a new key for each new action. Send a key again only with the same input.', retry: 'no' },
  SECRET_SHOWN: { remedy: 'Use the secret from the first answer. If it is lost, rotate the token.', retry: 'no' },
  CURRENCY_MISMATCH: { remedy: 'Use the currency of the account or the callshop.', retry: 'no' },
  REGISTER_CLOSED: { remedy: 'Offer to open the register.', retry: 'no' },
  REGISTER_OPEN: { remedy: 'Read `currentRegister` and go on with the open shift.', retry: 'no' },
  OPEN_ITEMS: { remedy: 'Close the cabins, and settle the unpaid sessions or list them in `carryOver`.', retry: 'no' },
  CABIN_WITHOUT_PHONE: { remedy: 'Let a reseller assign a phone to the cabin.', retry: 'no' },
  CABIN_OCCUPIED: { remedy: 'Choose another cabin, or close this one first.', retry: 'no' },
  SUSPENDED: { remedy: 'Let the reseller, or an account above, resume the account.', retry: 'no' },
  SERVICE_UNAVAILABLE: { remedy: 'Contact the reseller. Accounts above see the cause.', retry: 'no' },
  UNDERPAID: { remedy: 'Collect the rest. `amountDue` says how much is due.', retry: 'no' },
  OVERPAID: { remedy: 'Reduce the card, Pix or other payments to the amount due.', retry: 'no' },
  INSUFFICIENT_CREDIT: { remedy: 'Let the parent account top up the credit or raise the limit.', retry: 'no' },
  CEILING_EXCEEDED: { remedy: 'Reduce the amount, or let the owner do it.', retry: 'no' },
  INSUFFICIENT_CASH: { remedy: 'Take less cash out, or first record cash that was put in.', retry: 'no' },
  DISCOUNT_TOO_HIGH: { remedy: 'Reduce the discount to at most the total of the session’s calls and items.', retry: 'no' },
  REFUND_TOO_HIGH: { remedy: 'Reduce the refund to what is left.', retry: 'no' },
  ALREADY_REVERSED: { remedy: 'Read the ledger again: the reversal is there.', retry: 'no' },
  STALE_DRAFT: { remedy: 'Make the change again on the active version, or activate a copy of the draft.', retry: 'no' },
  SCHEDULE_CONFLICT: { remedy: 'Choose another instant, or start from the scheduled version.', retry: 'no' },
  BAD_DECK: { remedy: 'Show `problems`, correct the file, and import it again. Nothing was imported.', retry: 'no' },
  UPLOAD_GONE: { remedy: 'Create another import, and upload the file again.', retry: 'no' },
  DESTINATION_NOT_RATED: { remedy: 'Ask the account whose tariff lacks the prefix to add the prefix.', retry: 'no' },
  DESTINATION_BLOCKED: { remedy: 'Dial another number, or let the reseller unblock the prefix.', retry: 'no' },
  NUMBER_INVALID: { remedy: 'Check the number against the shop’s dial plan.', retry: 'no' },
  BRANCH_TOO_LARGE: { remedy: 'Subscribe to the accounts below this account, one by one.', retry: 'no' },
  SEARCH_TOO_BROAD: { remedy: 'Give a shorter time range or another filter, or leave out `orderBy`.', retry: 'no' },
  PROXY_UNREACHABLE: { remedy: 'Try again. If the error persists, hang up at the telephone and tell the operator.', retry: 'wait' },
};

/** Errors that concern the whole request. These errors are in `errors`, with the code in `extensions.code`. */
export const TOP_LEVEL: Readonly<Record<string, TopLevel>> = {
  UNAUTHENTICATED: {
    meaning: 'The token is missing, invalid, expired or revoked.',
    status: '401',
    remedy: 'Exchange the refresh token. If that fails, log in again.',
    retry: 'login',
  },
  FORBIDDEN: {
    meaning: 'The role may see the object, but may not do this.',
    status: '200, in `errors`',
    remedy: 'Hide the action for this role.',
    retry: 'no',
  },
  NOT_FOUND: {
    meaning: 'The object does not exist in the caller’s subtree. Fields that may be null are null instead.',
    status: '200, in `errors`',
    remedy: 'Read the list again.',
    retry: 'no',
  },
  INVALID_INPUT: {
    meaning: 'An argument or a field of an input is malformed. `extensions.field` has its path, if it is known.',
    status: '400 (200 for `application/json`), or 200 in `errors`',
    remedy: 'Correct the value.',
    retry: 'no',
  },
  OVERLOADED: {
    meaning: 'The server is too busy, or its database does not answer. Nothing was changed, unless the connection was lost during a commit.',
    status: '200 in `errors`, or 503',
    remedy: 'Wait a second, then send the request again. If it moves money, use the same idempotency key.',
    retry: 'wait',
  },
  INTERNAL: {
    meaning: 'A fault of the server.',
    status: '200, in `errors`',
    remedy: 'Report `extensions.requestId`. The log has the cause under this id.',
    retry: 'no',
  },
  QUERY_TIMEOUT: {
    meaning: 'The operation took too long. A mutation may have taken effect.',
    status: '504',
    remedy: 'Ask for less. Repeat a mutation only with the same idempotency key.',
    retry: 'wait',
  },
  RATE_LIMITED: {
    meaning: 'Too many requests came from this user or this address.',
    status: '429, with `Retry-After`',
    remedy: 'Wait as many seconds as `extensions.retryAfter` says.',
    retry: 'wait',
  },
  TOO_MANY_SOCKETS: {
    meaning: 'The address or user (429), or the server (503), has too many open sockets and event streams.',
    status: '429 or 503, with `Retry-After`',
    remedy: 'Use one socket for all subscriptions of a page.',
    retry: 'wait',
  },
  TOO_MANY_OPERATIONS: {
    meaning: 'The socket already runs as many operations as it may.',
    status: '`error` message on the socket',
    remedy: 'Complete subscriptions that are no longer shown.',
    retry: 'no',
  },
  SHUTTING_DOWN: {
    meaning: 'The node is stopping.',
    status: '503, with `Retry-After`',
    remedy: 'Connect again: the balancer chooses another node.',
    retry: 'network',
  },
  FORBIDDEN_ORIGIN: {
    meaning: 'A page of another origin sent the request.',
    status: '403',
    remedy: 'Let the operator add the page’s origin to `allowed_origins`.',
    retry: 'no',
  },
  GRAPHQL_PARSE_FAILED: {
    meaning: 'The document is not GraphQL.',
    status: '400 (200 for `application/json`)',
    remedy: 'Correct the document. `locations` says where.',
    retry: 'no',
  },
  GRAPHQL_VALIDATION_FAILED: {
    meaning:
      'The role’s schema does not have what the document asks for. Without a login, the schema has only `viewer`, `login` and `refresh`.',
    status: '400 (200 for `application/json`)',
    remedy: 'Log in, or ask for what the role has. A code generator with the role’s schema finds this at build time.',
    retry: 'no',
  },
  BAD_VARIABLES: {
    meaning: 'A variable is missing or has the wrong type.',
    status: '400 (200 for `application/json`)',
    remedy: 'Correct the variables.',
    retry: 'no',
  },
  OPERATION_NAME_REQUIRED: {
    meaning: 'The document has several operations.',
    status: '400 (200 for `application/json`)',
    remedy: 'Send `operationName`.',
    retry: 'no',
  },
  UNKNOWN_OPERATION: {
    meaning: 'The document does not contain the operation that `operationName` names.',
    status: '400 (200 for `application/json`)',
    remedy: 'Correct the name.',
    retry: 'no',
  },
  FRAGMENT_CYCLE: {
    meaning: 'A fragment spreads itself.',
    status: '400 (200 for `application/json`)',
    remedy: 'Correct the document.',
    retry: 'no',
  },
  INTROSPECTION_REFUSED: {
    meaning: 'An introspection query nests too deeply.',
    status: '400 (200 for `application/json`)',
    remedy: 'Use the usual introspection query of the client library.',
    retry: 'no',
  },
  ...tooMuch('DOCUMENT_TOO_DEEP', 'The document nests brackets too deeply.'),
  ...tooMuch('TOO_MANY_TOKENS', 'The document is too long.'),
  ...tooMuch('TOO_MANY_DEFINITIONS', 'The document has too many operations and fragments.'),
  ...tooMuch('QUERY_TOO_DEEP', 'The document nests fields too deeply.'),
  ...tooMuch('TOO_MANY_FIELDS', 'The document selects too many fields, with fragments expanded.'),
  ...tooMuch('TOO_MANY_ALIASES', 'The document has too many aliases.'),
  ...tooMuch('TOO_MANY_DIRECTIVES', 'The document has too many directives.'),
  ...tooMuch('QUERY_TOO_COMPLEX', 'The result may be too large: each field counts once for every entry of the lists around it.'),
  RESPONSE_TOO_LARGE: {
    meaning: 'The result is too large. A mutation has taken effect nevertheless.',
    status: '400 (200 for `application/json`)',
    remedy: 'Ask for fewer fields or smaller pages.',
    retry: 'no',
  },
  INVALID_TICKET: {
    meaning: 'The ticket of an event stream was used, has expired, belongs to a login that has ended, or was not issued by this server.',
    status: '401',
    remedy: 'Create another ticket with `createStreamTicket`, and another `EventSource`.',
    retry: 'login',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    meaning: 'The server does not know the document with this hash, or has forgotten it.',
    status: '400 (200 for `application/json`)',
    remedy: 'Send the hash and the document together.',
    retry: 'no',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    meaning: 'The operator turned persisted queries off.',
    status: '400 (200 for `application/json`)',
    remedy: 'Send the document without its hash.',
    retry: 'no',
  },
  PERSISTED_QUERY_MISMATCH: {
    meaning: 'The hash is not the SHA-256 hash of the document.',
    status: '400',
    remedy: 'Hash the text exactly as it is sent, and write the hash in lower-case hexadecimal digits.',
    retry: 'no',
  },
  DOCUMENT_NOT_TRUSTED: {
    meaning: 'The server runs only the documents on its list.',
    status: '400 (200 for `application/json`)',
    remedy: 'Ask the operator to add the document to the list.',
    retry: 'no',
  },
  SUBSCRIPTION_NEEDS_STREAM: {
    meaning: 'A subscription arrived over plain HTTP.',
    status: '400',
    remedy: 'Subscribe over a WebSocket, or accept `text/event-stream` or `multipart/mixed;subscriptionSpec=1.0`.',
    retry: 'no',
  },
  BAD_REQUEST: {
    meaning: 'The body, the URL or the WebSocket handshake is malformed.',
    status: '400',
    remedy: 'Send a JSON object with `query`, and `variables`, `operationName` and `extensions` if needed.',
    retry: 'no',
  },
  BATCHES_REFUSED: {
    meaning: 'The body is a list of operations.',
    status: '400',
    remedy: 'Send one operation per request.',
    retry: 'no',
  },
  JSON_TOO_DEEP: { meaning: 'The JSON of the request nests too deeply.', status: '400', remedy: 'Send flatter variables.', retry: 'no' },
  BODY_TOO_LARGE: {
    meaning: 'The request is too large.',
    status: '413',
    remedy: 'Send less. Use `callshop tariff import` for a large price list.',
    retry: 'no',
  },
  BODY_TIMEOUT: { meaning: 'The body took too long to arrive.', status: '408', remedy: 'Send it again.', retry: 'network' },
  METHOD_NOT_ALLOWED: {
    meaning: 'The method is neither POST nor GET, or a mutation was sent with GET.',
    status: '405, with `Allow`',
    remedy: 'Use POST.',
    retry: 'no',
  },
  NOT_ACCEPTABLE: {
    meaning: 'The request accepts none of the server’s media types.',
    status: '406',
    remedy: 'Accept `application/graphql-response+json`, `application/json` or `text/event-stream`.',
    retry: 'no',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    meaning: 'The body is not JSON in UTF-8, or it is compressed.',
    status: '415',
    remedy: 'Send `Content-Type: application/json`.',
    retry: 'no',
  },
};

function tooMuch(code: string, meaning: string): Readonly<Record<string, TopLevel>> {
  const remedy = 'Split the document, or ask for smaller pages. Operators set the limit in `limits`.';
  return { [code]: { meaning, status: '400 (200 for `application/json`)', remedy, retry: 'no' } };
}
