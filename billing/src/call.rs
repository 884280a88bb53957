//! The life of one call, as a pure function of its events.
//!
//! Events come late, doubled and reordered. The rules that make every order end in the same call:
//!
//! - A state is only left forwards. An event that does not move the call is a no-op, apart from a late `ringing`, which
//!   still fills in its instant.
//! - Nothing is invented: a call that is answered or ended before its `ringing` came never emits ringing.
//! - `ended` is enough by itself. Its answer instant is the one that counts, whatever an `answered` said; when it came
//!   first, answered and ended are emitted in their order.
//! - `ended` without an answer instant, of a call not known as answered, is an unanswered call.
//! - A call whose answer was never acknowledged is charged from its answer, as the carrier charges it. An operator whose
//!   carrier does not may set [`Unacknowledged::Free`]: then it counts as unanswered.
//! - `failed` ends a call that was not answered; after an answer it is ignored.
//! - `abandoned` (the proxy threw the authorisation away) counts only while nothing has rung. A refusal that it throws
//!   away stays one, with the SIP code that the phone got.
//! - An `ended` with an answer instant proves that the call was up: it prevails even over `failed` and `abandoned`.
//!   Whoever applies the transition sees it from the old state, whose holds were released. Otherwise final is final.
//! - A call that its proxy no longer knows ends at the last instant it was seen (`lost`); one that was not answered has
//!   failed. That end is an estimate: a true `ended` that comes later replaces it, and so does a true `failed` of a call
//!   that was not answered.
//! - A proxy's clock may be wrong. Times that cannot be true are moved to where they can ([`apply_within`]). An `ended`
//!   with such times, or without any answer instant, makes an estimate as well, and replaces no other end. An answered
//!   call is never free because its times are wrong.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::rating;

/// The SIP code of a caller who gave up.
const CANCELED: u16 = 487;

/// Where a call is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallState {
    /// Allowed, with its holds taken; nothing rings yet.
    Authorized,
    /// The callee's phone rings.
    Ringing,
    /// They talk.
    Answered,
    /// Over, after an answer or without one.
    Ended,
    /// The far end, or the network, refused it with a SIP code.
    Failed,
    /// The proxy discarded the authorisation before it sent the call on.
    Abandoned,
    /// Never allowed.
    Refused,
}

impl CallState {
    /// True while the call occupies its phone and its holds.
    pub fn is_live(self) -> bool {
        matches!(self, CallState::Authorized | CallState::Ringing | CallState::Answered)
    }

    /// True when the call is over.
    pub fn is_final(self) -> bool {
        !self.is_live()
    }
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndedBy {
    /// The customer.
    Caller,
    /// The far end.
    Callee,
    /// The SIP proxy by itself.
    Proxy,
    /// Us.
    Api,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndCause {
    /// Someone hung up.
    Bye,
    /// The covered seconds were used up.
    MaxDuration,
    /// A phone no longer answered the proxy's keepalive.
    KeepaliveLost,
    /// The phone never acknowledged the answer. [`Unacknowledged`] says what that costs.
    NoAck,
    /// We hung it up.
    Api,
    /// An operator ended it on the proxy.
    Rpc,
    /// The proxy no longer knows it: it ended at the last instant it was seen.
    Lost,
}

/// What a call costs whose answer was never acknowledged ([`EndCause::NoAck`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unacknowledged {
    /// Its talk time, from the answer: voice can flow from then on, and the carrier charges it.
    Charged,
    /// Nothing: it counts as unanswered.
    Free,
}

/// A call as far as its events go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Where it is.
    pub state: CallState,
    /// When it was allowed (or refused).
    pub authorized_at: DateTime<Utc>,
    /// When it first rang, if that is known.
    pub ringing_at: Option<DateTime<Utc>>,
    /// When it was answered, if it counts as answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it ended, failed or was abandoned.
    pub ended_at: Option<DateTime<Utc>>,
    /// The last committed covered second, the least over all levels and the deposit.
    pub covered: u32,
    /// The SIP code it failed with.
    pub sip_code: Option<u16>,
    /// Who ended it.
    pub ended_by: Option<EndedBy>,
    /// Why it ended.
    pub cause: Option<EndCause>,
    /// Seconds from answer to end, at most the covered ones; 0 until it ends.
    pub talk_seconds: u32,
    /// Its end is an estimate.
    pub estimated: bool,
}

impl Call {
    /// A call that was just allowed for `covered` seconds.
    pub fn authorized(authorized_at: DateTime<Utc>, covered: u32) -> Call {
        Call {
            state: CallState::Authorized,
            authorized_at,
            ringing_at: None,
            answered_at: None,
            ended_at: None,
            covered,
            sip_code: None,
            ended_by: None,
            cause: None,
            talk_seconds: 0,
            estimated: false,
        }
    }

    /// An attempt that was not allowed.
    pub fn refused(at: DateTime<Utc>) -> Call {
        Call { state: CallState::Refused, ended_at: Some(at), ..Call::authorized(at, 0) }
    }

    /// Seconds measured from answer to end, before the covered seconds limit them. What this has beyond
    /// [`Call::talk_seconds`] is a late cut.
    pub fn measured_seconds(&self) -> u32 {
        match (self.answered_at, self.ended_at) {
            (Some(answered), Some(ended)) => rating::talk_seconds(answered, ended),
            _ => 0,
        }
    }
}

/// Something the proxy says about a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEvent {
    /// The proxy's clock.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: CallEventKind,
}

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallEventKind {
    /// The proxy has the authorisation and sends the call on.
    Authorized,
    /// The callee's phone rings.
    Ringing,
    /// The callee took the call.
    Answered,
    /// The call is over.
    Ended {
        /// Who ended it.
        by: EndedBy,
        /// Why.
        cause: EndCause,
        /// When it was answered, if it was.
        answered_at: Option<DateTime<Utc>>,
    },
    /// The call was not answered, and why.
    Failed {
        /// The SIP code.
        code: u16,
        /// Who ended it.
        by: EndedBy,
    },
    /// The proxy discarded the authorisation.
    Abandoned {
        /// The SIP code that the phone got instead, if the proxy says so.
        code: Option<u16>,
    },
    /// The proxy does not know the call any more; the event's instant is the last at which it was seen. Never sent by a
    /// proxy: found by comparing.
    Lost,
}

/// What watchers of the call are told, each at most once and in the order of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Emitted {
    /// It rings.
    Ringing {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// It was answered.
    Answered {
        /// When.
        at: DateTime<Utc>,
    },
    /// It ended.
    Ended {
        /// When.
        at: DateTime<Utc>,
    },
    /// It failed.
    Failed {
        /// When.
        at: DateTime<Utc>,
    },
    /// It was abandoned.
    Abandoned {
        /// When.
        at: DateTime<Utc>,
    },
}

/// The call after an event, and what is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The call as it is now.
    pub call: Call,
    /// Empty when the event changed nothing that anybody watches.
    pub emitted: Vec<Emitted>,
}

/// Applies one event.
pub fn apply(call: &Call, event: &CallEvent, unacknowledged: Unacknowledged) -> Transition {
    let mut next = call.clone();
    let emitted = match &event.kind {
        CallEventKind::Authorized => Vec::new(),
        CallEventKind::Ringing => ringing(&mut next, event.at),
        CallEventKind::Answered => answered(&mut next, event.at, unacknowledged),
        CallEventKind::Ended { by, cause, answered_at } => {
            let free = *cause == EndCause::NoAck && unacknowledged == Unacknowledged::Free;
            let answer = if free { None } else { answered_at.or(next.answered_at) };
            ended(&mut next, event.at, *by, *cause, answer)
        }
        CallEventKind::Failed { code, by } => failed(&mut next, event.at, *code, *by),
        CallEventKind::Abandoned { code } => abandoned(&mut next, event.at, *code),
        CallEventKind::Lost => lost(&mut next, event.at),
    };
    Transition { call: next, emitted }
}

fn ringing(call: &mut Call, at: DateTime<Utc>) -> Vec<Emitted> {
    if call.state == CallState::Refused || call.ringing_at.is_some() {
        return Vec::new();
    }
    call.ringing_at = Some(at);
    if call.state != CallState::Authorized {
        return Vec::new();
    }
    call.state = CallState::Ringing;
    vec![Emitted::Ringing { at }]
}

fn answered(call: &mut Call, at: DateTime<Utc>, unacknowledged: Unacknowledged) -> Vec<Emitted> {
    let free = call.cause == Some(EndCause::NoAck) && unacknowledged == Unacknowledged::Free;
    let open = call.estimated && call.answered_at.is_none() && !free;
    if call.state == CallState::Ended && open {
        return answered_after_its_end(call, at);
    }
    if !matches!(call.state, CallState::Authorized | CallState::Ringing) {
        return Vec::new();
    }
    call.state = CallState::Answered;
    call.answered_at = Some(at);
    vec![Emitted::Answered { at }]
}

/// The end came first and did not say when the call was answered.
fn answered_after_its_end(call: &mut Call, at: DateTime<Utc>) -> Vec<Emitted> {
    let (Some(end), Some(by), Some(cause)) = (call.ended_at, call.ended_by, call.cause) else {
        return Vec::new();
    };
    let emitted = ended(call, end.max(at + LEAST_TALK), by, cause, Some(at));
    call.estimated = at > end;
    emitted
}

fn ended(
    call: &mut Call,
    at: DateTime<Utc>,
    by: EndedBy,
    cause: EndCause,
    answer: Option<DateTime<Utc>>,
) -> Vec<Emitted> {
    let proves_talk = answer.is_some() && matches!(call.state, CallState::Failed | CallState::Abandoned);
    if !call.state.is_live() && !proves_talk && !call.estimated {
        return Vec::new();
    }
    let mut emitted = Vec::with_capacity(2);
    if let Some(at) = answer
        && call.answered_at.is_none()
    {
        emitted.push(Emitted::Answered { at });
    }
    emitted.push(Emitted::Ended { at });
    call.state = CallState::Ended;
    call.answered_at = answer;
    call.ended_at = Some(at);
    call.sip_code = None;
    call.ended_by = Some(by);
    call.cause = Some(cause);
    call.talk_seconds = call.measured_seconds().min(call.covered);
    call.estimated = false;
    emitted
}

fn lost(call: &mut Call, last_seen: DateTime<Utc>) -> Vec<Emitted> {
    if !call.state.is_live() {
        return Vec::new();
    }
    if let Some(answer) = call.answered_at {
        // nobody may have seen it after its answer
        let end = last_seen.max(answer + LEAST_TALK);
        let emitted = ended(call, end, EndedBy::Proxy, EndCause::Lost, call.answered_at);
        call.estimated = true;
        return emitted;
    }
    call.state = CallState::Failed;
    call.ended_at = Some(last_seen);
    call.ended_by = Some(EndedBy::Proxy);
    call.cause = Some(EndCause::Lost);
    call.estimated = true;
    vec![Emitted::Failed { at: last_seen }]
}

fn failed(call: &mut Call, at: DateTime<Utc>, code: u16, by: EndedBy) -> Vec<Emitted> {
    let told = call.state == CallState::Failed && call.estimated;
    if !told && !matches!(call.state, CallState::Authorized | CallState::Ringing) {
        return Vec::new();
    }
    call.state = CallState::Failed;
    call.ended_at = Some(at);
    call.sip_code = Some(code);
    call.ended_by = Some(by);
    call.cause = None;
    call.estimated = false;
    if told { Vec::new() } else { vec![Emitted::Failed { at }] }
}

fn abandoned(call: &mut Call, at: DateTime<Utc>, code: Option<u16>) -> Vec<Emitted> {
    match call.state {
        CallState::Authorized => {
            call.state = CallState::Abandoned;
            call.ended_at = Some(at);
            call.sip_code = code;
            call.ended_by = code.map(|code| if code == CANCELED { EndedBy::Caller } else { EndedBy::Proxy });
        }
        CallState::Refused if code.is_some() && call.sip_code != code => call.sip_code = code,
        _ => return Vec::new(),
    }
    vec![Emitted::Abandoned { at }]
}

/// What the times of a call's events are held against: the API's clock, and how far a proxy's may be from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When the event was received.
    pub received: DateTime<Utc>,
    /// How far the clocks may differ. An event happens at most so long before its call was allowed and after it was
    /// received.
    pub skew: TimeDelta,
}

/// What is wrong with the times of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// One lies outside the [`Window`].
    Time,
    /// `ended` of a call that nobody said was answered.
    NoAnswer,
    /// `ended` before the answer.
    EndBeforeAnswer,
}

/// An answered call lasts this long at least, so that its first increment is charged.
const LEAST_TALK: TimeDelta = TimeDelta::microseconds(1);

/// Applies one event whose times may be wrong; also says what is wrong with them.
pub fn apply_within(
    call: &Call,
    event: &CallEvent,
    window: Window,
    unacknowledged: Unacknowledged,
) -> (Transition, Option<Doubt>) {
    let (event, doubt) = plausible(call, event, window);
    let free = matches!(event.kind, CallEventKind::Ended { cause: EndCause::NoAck, .. })
        && unacknowledged == Unacknowledged::Free;
    let doubt = doubt.filter(|doubt| !(free && *doubt == Doubt::NoAnswer));
    if doubt.is_none() {
        return (apply(call, &event, unacknowledged), None);
    }
    if let CallEventKind::Ended { answered_at, .. } = event.kind
        && call.state == CallState::Ended
        && (answered_at.is_none() || call.answered_at.is_some())
    {
        return (Transition { call: call.clone(), emitted: Vec::new() }, doubt);
    }
    let mut transition = apply(call, &event, unacknowledged);
    if transition.emitted.iter().any(|emitted| matches!(emitted, Emitted::Ended { .. })) {
        transition.call.estimated = true;
    }
    (transition, doubt)
}

/// The event with times that can be true, and what was wrong with those it had.
///
/// A clock that is off by any constant still measures how long a call lasted: when `ended` carries both of its times and
/// they are as far apart as the call can have been long, their distance is kept.
pub fn plausible(call: &Call, event: &CallEvent, window: Window) -> (CallEvent, Option<Doubt>) {
    let bounds = Bounds::of(call, window);
    let CallEventKind::Ended { by, cause, answered_at } = event.kind else {
        let doubt = (!bounds.hold(event.at)).then_some(Doubt::Time);
        return (CallEvent { at: bounds.nearest(event.at), kind: event.kind.clone() }, doubt);
    };
    let (at, answered_at, doubt) = plausible_end(call, &bounds, event.at, answered_at);
    (CallEvent { at, kind: CallEventKind::Ended { by, cause, answered_at } }, doubt)
}

fn plausible_end(
    call: &Call,
    bounds: &Bounds,
    at: DateTime<Utc>,
    told: Option<DateTime<Utc>>,
) -> (DateTime<Utc>, Option<DateTime<Utc>>, Option<Doubt>) {
    let outside = !bounds.hold(at) || told.is_some_and(|told| !bounds.hold(told));
    let length = told.map(|told| at - told).filter(|length| bounds.may_last(*length));
    let believed = told.filter(|told| bounds.hold(*told)).or(call.answered_at);
    let (end, answer) = match (told, believed, length) {
        (None, None, _) => {
            let doubt = if outside { Doubt::Time } else { Doubt::NoAnswer };
            return (bounds.nearest(at), None, Some(doubt));
        }
        (_, Some(answer), Some(length)) if outside => (bounds.nearest(answer + length), answer),
        (_, Some(answer), _) => (bounds.nearest(at), answer),
        (_, None, Some(length)) => {
            // a clock that is behind leaves room for all of it after the call was allowed, one that is ahead before the event was received
            let end = bounds.nearest(at).max(bounds.allowed + length).min(bounds.received);
            (end, (end - length).max(bounds.allowed))
        }
        // not before it rang, at least
        (_, None, None) => {
            let end = bounds.nearest(at);
            (end, call.ringing_at.unwrap_or(bounds.allowed).min(end))
        }
    };
    let doubt = match () {
        () if outside => Some(Doubt::Time),
        () if end < answer => Some(Doubt::EndBeforeAnswer),
        () => None,
    };
    (end.max(answer + LEAST_TALK), Some(answer), doubt)
}

/// When the events of a call can have happened.
struct Bounds {
    allowed: DateTime<Utc>,
    received: DateTime<Utc>,
    skew: TimeDelta,
}

impl Bounds {
    fn of(call: &Call, window: Window) -> Bounds {
        // the clock of the node that allowed it may be ahead of this one's
        let received = window.received.max(call.authorized_at);
        Bounds { allowed: call.authorized_at, received, skew: window.skew }
    }

    fn hold(&self, at: DateTime<Utc>) -> bool {
        (self.allowed - self.skew..=self.received + self.skew).contains(&at)
    }

    /// A time outside becomes the nearest by our own clock.
    fn nearest(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        if self.hold(at) { at } else { at.clamp(self.allowed, self.received) }
    }

    fn may_last(&self, length: TimeDelta) -> bool {
        (TimeDelta::zero()..=self.received - self.allowed + self.skew).contains(&length)
    }
}
