import { withClock } from './clock.js';
import { withEnded } from './figures.js';
import type {
  ActivityKind,
  CabinState,
  CabinWithSessionFragment,
  CallCostFieldsFragment,
  CallFieldsFragment,
  CallState,
} from './generated.js';
import type { ActivityEvent, CabinFields, CabinView, CallFields, RegisterFields, SessionFields, UnpaidFields } from './types.js';

/** The part of a shop's board that is not about cabins: the register and the unpaid bills. */
export interface Counter {
  readonly register: RegisterFields | null;
  readonly unpaid: readonly UnpaidFields[];
}

/** State of a board between two messages. A state is never changed in place, and cabins that did not change stay the same objects. */
export interface Board {
  /** Number of snapshots received. A response is out of date if a snapshot arrived after its request was sent. */
  readonly epoch: number;
  readonly asOf: string;
  readonly cursor: string;
  /** `seq` of the last event; 0 if there was none since the snapshot. */
  readonly seq: number;
  /** The cabins in the order of their numbers. */
  readonly cabins: readonly CabinView[];
  readonly liveCalls: ReadonlyMap<string, CallFields>;
  /** `seq` of the last event about each cabin since the snapshot. */
  readonly versions: ReadonlyMap<string, number>;
  /** Ids of cabins that an event changed without containing their new data. The board must request these cabins. */
  readonly touched: ReadonlySet<string>;
  /** The register and the unpaid bills; null on the board of a single cabin. */
  readonly counter: Counter | null;
  /** `seq` of the last event that may have changed the counter; null if the counter is up to date. */
  readonly counterTouched: number | null;
}

export interface Snapshot {
  readonly asOf: string;
  readonly cabins: readonly CabinWithSessionFragment[];
  readonly liveCalls: readonly CallFieldsFragment[];
  readonly counter: Counter | null;
}

/** When a message arrived, by this machine's clock, and how far that clock is ahead of the server's. */
export interface Arrival {
  readonly now: number;
  readonly skewMs: number;
}

const LIVE: ReadonlySet<CallState> = new Set<CallState>(['AUTHORIZED', 'RINGING', 'ANSWERED']);

/**
 * Events that contain all data that they change on a board. Any other kind of event, even one that does not exist yet, makes the board query the
 * server again.
 */
const COMPLETE: ReadonlySet<string> = new Set<ActivityKind>([
  'REGISTER_OPENED',
  'REGISTER_CLOSED',
  'PHONE_ONLINE',
  'PHONE_OFFLINE',
  'CALL_AUTHORIZED',
  'CALL_RINGING',
  'CALL_ANSWERED',
  'CALL_REFUSED',
  'CALL_EXTENDED',
  'CALL_ENDING_SOON',
  'CREDIT_LOW',
  'DEPOSIT_LOW',
]);

/**
 * Events that change neither the register nor the unpaid bills. Any other kind of event, even one that does not exist yet, makes the board request
 * the register and the unpaid bills again.
 */
const APART_FROM_COUNTER: ReadonlySet<string> = new Set<ActivityKind>([
  'CABIN_OPENED',
  'CABIN_CLOSING',
  'PHONE_ONLINE',
  'PHONE_OFFLINE',
  'CALL_AUTHORIZED',
  'CALL_RINGING',
  'CALL_ANSWERED',
  'CALL_ENDED',
  'CALL_FAILED',
  'CALL_ABANDONED',
  'CALL_REFUSED',
  'CALL_EXTENDED',
  'CALL_HANG_UP_REQUESTED',
  'CREDIT_LOW',
  'CREDIT_CHANGED',
  'CASH_MOVED',
  'DEPOSIT_ADDED',
  'LIMITS_CHANGED',
  'PHONE_CHANGED',
  'PRICES_CHANGED',
]);

/** The board of a snapshot. `before` is the board that the new board replaces. */
export function boardOf(snapshot: Snapshot, cursor: string, before: Board | null, arrival: Arrival): Board {
  const liveCalls = new Map<string, CallFields>();
  for (const call of snapshot.liveCalls) {
    liveCalls.set(call.id, withClock(call, before?.liveCalls.get(call.id), arrival.skewMs, arrival.now));
  }
  const views = snapshot.cabins.map((cabin) => viewOf(cabin, liveCalls));
  return {
    epoch: (before?.epoch ?? 0) + 1,
    asOf: snapshot.asOf,
    cursor,
    seq: 0,
    cabins: views.sort(byNumber),
    liveCalls,
    versions: new Map(),
    touched: new Set(),
    counter: snapshot.counter,
    counterTouched: null,
  };
}

/** The board after an event. An event that the board has already processed changes nothing. */
export function afterEvent(board: Board, event: ActivityEvent, cursor: string, arrival: Arrival): Board {
  if (event.seq <= board.seq) {
    return board;
  }
  const liveCalls = afterCall(board.liveCalls, event, arrival);
  const asks = board.counter !== null && !APART_FROM_COUNTER.has(event.kind);
  const counterTouched = asks ? event.seq : board.counterTouched;
  const moved = { ...board, asOf: event.at, cursor, seq: event.seq, liveCalls, counterTouched };
  const id = event.cabinId;
  if (id === null) {
    return moved;
  }
  return {
    ...moved,
    cabins: board.cabins.map((view) => (view.cabin.id === id ? changed(view, event, liveCalls, arrival.now) : view)),
    versions: new Map(board.versions).set(id, event.seq),
    touched: needsAsking(board, event, id) ? new Set(board.touched).add(id) : board.touched,
  };
}

/** A request for cabins or the counter, with the board's versions at the time of the request. */
export interface Question {
  readonly epoch: number;
  readonly versions: ReadonlyMap<string, number>;
  readonly ids: readonly string[];
  readonly counterTouched: number | null;
}

export function questionOf(board: Board, most: number): Question {
  const { epoch, versions, counterTouched } = board;
  return { epoch, versions, ids: [...board.touched].slice(0, most), counterTouched };
}

/** Whether the board must request data from the server. */
export function mustAsk(board: Board): boolean {
  return board.touched.size > 0 || board.counterTouched !== null;
}

/**
 * The board after the response to a request for cabins, which has a cabin or null for each id. If an event about a cabin arrived after the request,
 * the response may be older than the event. The response for that cabin is then ignored, and the cabin is requested again.
 */
export function afterAnswer(board: Board, question: Question, answer: readonly (CabinWithSessionFragment | null)[]): Board {
  if (board.epoch !== question.epoch) {
    return board;
  }
  const cabins = new Map(board.cabins.map((view) => [view.cabin.id, view]));
  const touched = new Set(board.touched);
  question.ids.forEach((id, index) => {
    if (board.versions.get(id) !== question.versions.get(id)) {
      return;
    }
    touched.delete(id);
    const cabin = answer[index];
    if (cabin?.retiredAt === null) {
      cabins.set(id, viewOf(cabin, board.liveCalls));
    } else {
      cabins.delete(id);
    }
  });
  return { ...board, cabins: [...cabins.values()].sort(byNumber), touched };
}

/**
 * The board after the response to a request for the counter. The response is ignored if an event that changes the counter arrived after the request.
 */
export function afterCounter(board: Board, question: Question, counter: Counter): Board {
  const isCurrent = board.epoch === question.epoch && board.counterTouched === question.counterTouched;
  return isCurrent ? { ...board, counter, counterTouched: null } : board;
}

/** The board with new costs of live calls. Each cost from the server confirms or replaces the cost that the client has computed in the meantime. */
export function afterCosts(board: Board, costs: readonly CallCostFieldsFragment[], arrival: Arrival): Board {
  const liveCalls = new Map(board.liveCalls);
  const changed = new Set<string | null>();
  for (const { id, asOf, elapsedSeconds, cost } of costs) {
    const known = liveCalls.get(id);
    if (known?.state === 'ANSWERED' && elapsedSeconds >= known.elapsedSeconds) {
      liveCalls.set(id, withClock({ ...known, asOf, elapsedSeconds, cost }, known, arrival.skewMs, arrival.now));
      changed.add(known.cabinId);
    }
  }
  if (changed.size === 0) {
    return board;
  }
  const cabins = board.cabins.map((view) =>
    changed.has(view.cabin.id) ? { ...view, liveCall: liveCallOf(view.cabin.id, liveCalls) } : view,
  );
  return { ...board, cabins, liveCalls };
}

function byNumber(a: CabinView, b: CabinView): number {
  return a.cabin.number - b.cabin.number;
}

function viewOf(found: CabinWithSessionFragment, liveCalls: ReadonlyMap<string, CallFields>): CabinView {
  const { currentSession, liveCall, ...cabin } = found;
  const shown = liveCallOf(cabin.id, liveCalls);
  // if the server no longer lists a call as live, the session's figures contain the call, although its end event has not arrived yet
  const session = currentSession === null ? null : { ...currentSession, counted: liveCall ?? shown };
  return withState(cabin, session, shown);
}

function afterCall(calls: ReadonlyMap<string, CallFields>, event: ActivityEvent, arrival: Arrival): ReadonlyMap<string, CallFields> {
  const call = event.call;
  if (call === null || (!LIVE.has(call.state) && !calls.has(call.id))) {
    return calls;
  }
  const after = new Map(calls);
  if (LIVE.has(call.state)) {
    after.set(call.id, withClock(call, calls.get(call.id), arrival.skewMs, arrival.now));
  } else {
    after.delete(call.id);
  }
  return after;
}

function needsAsking(board: Board, event: ActivityEvent, cabinId: string): boolean {
  const known = board.cabins.find((view) => view.cabin.id === cabinId);
  if (known === undefined) {
    return true;
  }
  if (event.kind === 'CALL_FAILED' || event.kind === 'CALL_ABANDONED') {
    // a failed or abandoned call does not change the bill; without a session, only the server knows whether the cabin is out of service
    return known.session === null;
  }
  return !COMPLETE.has(event.kind);
}

/** The view of a cabin after an event about the cabin. If the event lacks data, a later response completes the view. */
function changed(view: CabinView, event: ActivityEvent, liveCalls: ReadonlyMap<string, CallFields>, now: number): CabinView {
  const online = event.kind === 'PHONE_ONLINE' ? true : event.kind === 'PHONE_OFFLINE' ? false : view.cabin.phoneOnline;
  const cabin = online === view.cabin.phoneOnline ? view.cabin : { ...view.cabin, phoneOnline: online };
  return withState(cabin, sessionAfter(view.session, event, now), liveCallOf(cabin.id, liveCalls));
}

function sessionAfter(session: SessionFields | null, event: ActivityEvent, now: number): SessionFields | null {
  if (session === null) {
    return null;
  }
  if (event.kind === 'CALL_ENDED' && event.call !== null) {
    return withEnded(session, event.call, now);
  }
  const isMeant = session.id === event.sessionId;
  if (isMeant && event.kind === 'CABIN_CLOSED') {
    return null;
  }
  if (isMeant && event.kind === 'DEPOSIT_LOW') {
    return { ...session, depositLow: true };
  }
  return isMeant && event.kind === 'CABIN_CLOSING' ? { ...session, state: 'CLOSING', closedAt: event.at } : session;
}

/** The call that a tile shows: the one being charged, or else the newest. */
function liveCallOf(cabinId: string, liveCalls: ReadonlyMap<string, CallFields>): CallFields | null {
  let shown: CallFields | null = null;
  for (const call of liveCalls.values()) {
    if (call.cabinId === cabinId && (shown === null || rank(call) >= rank(shown))) {
      shown = call;
    }
  }
  return shown;
}

function rank(call: CallFields): number {
  return (call.state === 'ANSWERED' ? 2e15 : 0) + Date.parse(call.authorizedAt);
}

/** A cabin's state follows from its session and its calls. */
function withState(cabin: CabinFields, session: SessionFields | null, liveCall: CallFields | null): CabinView {
  const state = stateOf(cabin.state, session, liveCall);
  return { cabin: state === cabin.state ? cabin : { ...cabin, state }, session, liveCall };
}

function stateOf(state: CabinState, session: SessionFields | null, liveCall: CallFields | null): CabinState {
  if (liveCall !== null) {
    return 'IN_CALL';
  }
  if (session !== null) {
    return 'OPEN';
  }
  return state === 'OUT_OF_SERVICE' ? state : 'CLOSED';
}
