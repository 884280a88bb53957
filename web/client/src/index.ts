export { createClient } from './client.js';
export { CallshopError, TransportCode, type UserError } from './errors.js';
export { eventStreams, type StreamFormat } from './eventStreams.js';
export type { TransportFactory } from './transport.js';
export { costSoFar, elapsedSeconds } from './clock.js';
export { formatMoney, moneyOf, parseMoney } from './money.js';
export { viewerStorage, webStorage } from './store.js';
export type {
  ActivityEvent,
  CabinFields,
  CabinView,
  CallClock,
  CallFields,
  CallshopClient,
  ClientOptions,
  ConnectionState,
  LiveCabin,
  Money,
  RequestOptions,
  Session,
  SessionFields,
  SessionStore,
  ShopState,
  Viewer,
  ViewerAccount,
  Watched,
} from './types.js';
export {
  ActivityFieldsFragmentDoc,
  ActivityKind,
  CabinFieldsFragmentDoc,
  CabinState,
  CallFieldsFragmentDoc,
  CallState,
  EndCause,
  EndedBy,
  ErrorCode,
  MoneyFieldsFragmentDoc,
  Role,
  SessionFieldsFragmentDoc,
  SessionMode,
  SessionState,
} from './generated.js';
