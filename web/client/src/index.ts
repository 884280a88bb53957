export { createClient } from './client.js';
export { CallshopError, TransportCode, type UserError } from './errors.js';
export { eventStreams, type StreamFormat } from './eventStreams.js';
export type { Rounding } from './charge.js';
export type { TransportFactory } from './transport.js';
export { costSoFar, elapsedSeconds } from './clock.js';
export { sessionFigures, type SessionFigures } from './figures.js';
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
  RegisterFields,
  RequestOptions,
  Session,
  SessionFields,
  SessionStore,
  ShopState,
  UnpaidFields,
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
  Permission,
  RegisterFieldsFragmentDoc,
  Role,
  SessionFieldsFragmentDoc,
  SessionMode,
  SessionState,
  UnpaidFieldsFragmentDoc,
} from './generated.js';
