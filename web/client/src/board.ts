import { clockOf } from './clock.js';
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

/** What a shop's board shows besides its cabins. */
export interface Counter {
  readonly register: RegisterFields | null;
  readonly unpaid: readonly UnpaidFields[];
}

/** State of a board between two messages. It is never changed in place, and cabins that did not change stay the same objects. */
export interface Board {
  /** Counts the snapshots. An answer to a question from before a snapshot is out of date. */
  readonly epoch: number;
  readonly asOf: string;
  readonly cursor: string;
  /** `seq` of the last event; 0 if there was none since the snapshot. */
  readonly seq: number;
  /** By number on the door. */
  readonly cabins: readonly CabinView[];
  readonly liveCalls: ReadonlyMap<string, CallFields>;
  /** `seq` of the last event about each cabin since the snapshot. */
  readonly versions: ReadonlyMap<string, number>;
  /** Cabins that an event changed in a way it does not tell. They must be asked for. */
  readonly touched: ReadonlySet<string>;
  /** Null on the board of a single cabin. */
  readonly counter: Counter | null;
  /** `seq` of the event since which the counter must be asked for; null if it is up to date. */
  readonly counterTouched: number | null;
}

export interface Snapshot {
  readonly asOf: string;
  readonly cabins: readonly CabinWithSessionFragment[];
  readonly liveCalls: readonly CallFieldsFragment[];
  readonly counter: Counter | null;
}

/** When and by which clock a message arrived here. */
export interface Arrival {
  readonly now: number;
  readonly skewMs: number;
}

const LIVE: ReadonlySet<CallState> = new Set<CallState>(['AUTHORIZED', 'RINGING', 'ANSWERED']);

/**
 * Events that say everything that they change on a board. Any other kind, even one that does not exist yet, makes the board query the server again.
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
 * Events that change neither the register nor the unpaid bills. Any other kind, even one that does not exist yet, makes the board request both again.
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

/** The board of a snapshot. `before` is the board that it replaces. */
export function boardOf(snapshot: Snapshot, cursor: string, before: Board | null, arrival: Arrival): Board {
  const liveCalls = new Map<string, CallFields>();
  for (const call of snapshot.liveCalls) {
    liveCalls.set(call.id, { ...call, clock: clockOf(before?.liveCalls.get(call.id), arrival.skewMs, arrival.now) });
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

/** The board after an event. An event that the board has seen already changes nothing. */
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

/** A question about cabins, with what the board knew when it was asked. */
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

/** Whether something on the board must be asked for. */
export function mustAsk(board: Board): boolean {
  return board.touched.size > 0 || board.counterTouched !== null;
}

/**
 * The board after the answer, which has a cabin or null for each id. An event may have overtaken the answer: then the answer says
 * nothing about that cabin, which stays touched.
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

/** The board after the answer about the counter, unless an event has overtaken the answer. */
export function afterCounter(board: Board, question: Question, counter: Counter): Board {
  const isCurrent = board.epoch === question.epoch && board.counterTouched === question.counterTouched;
  return isCurrent ? { ...board, counter, counterTouched: null } : board;
}

/** The board after the exact costs of live calls. Between events, only the server knows them: it has the rates' increments and bands. */
export function afterCosts(board: Board, costs: readonly CallCostFieldsFragment[], arrival: Arrival): Board {
  const liveCalls = new Map(board.liveCalls);
  const changed = new Set<string | null>();
  for (const { id, asOf, elapsedSeconds, cost } of costs) {
    const known = liveCalls.get(id);
    if (known?.state === 'ANSWERED' && elapsedSeconds >= known.elapsedSeconds) {
      liveCalls.set(id, { ...known, asOf, elapsedSeconds, cost, clock: clockOf(known, arrival.skewMs, arrival.now) });
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
  // a call that the server no longer has among the live ones is in the figures, although the event of its end is still on its way
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
    after.set(call.id, { ...call, clock: clockOf(calls.get(call.id), arrival.skewMs, arrival.now) });
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
    // such a call costs nothing; without a session, only the server knows whether the cabin is out of service
    return known.session === null;
  }
  return !COMPLETE.has(event.kind);
}

/** What an event tells of its cabin, before the answer about a touched one. */
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
