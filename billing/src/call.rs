//! The lifecycle of a call, as a pure function of its events.
//!
//! Events may arrive late, more than once, or out of order. With the following rules, every order of events leads to the same call:
//!
//! - States only move forward. An event that does not move the call's state forward has no effect, except that a late `ringing` still sets the
//!   ringing time.
//! - Missing events are not invented: a call that was answered or ended before its `ringing` arrived never emits ringing.
//! - An `ended` event is sufficient to charge a call. The answer time in an `ended` event overrides the time of an `answered` event. If `ended`
//!   arrives first, answered and ended are emitted in that order.
//! - If `ended` has no answer time and no answer is known, the call counts as unanswered.
//! - A call whose answer was never acknowledged is charged from its answer, because the carrier charges such a call too. An operator whose carrier
//!   does not charge unacknowledged calls may set [`Unacknowledged::Free`]. An unacknowledged call then counts as unanswered.
//! - `failed` ends a call that was not answered; after an answer it is ignored.
//! - `abandoned` (the proxy discarded the authorization) counts only before ringing. A refused call that is abandoned remains refused, with the
//!   SIP code that the phone got.
//! - An `ended` with an answer time proves that the call was in progress, so it overrides even `failed` and `abandoned`. The holds of a failed or
//!   abandoned call were already released; the code that applies the transition knows this from the old state. No other final state ever changes,
//!   except that of a call with an estimated end (see below).
//! - A call that its proxy no longer knows (`lost`) ends at the time when the proxy last listed the call. A lost call without an answer counts as
//!   failed. The end of a lost call is an estimate: a later true `ended` replaces the estimate. A true `failed` replaces the estimate of an
//!   unanswered call.
//! - A proxy's clock may be wrong, so impossible times are moved to the nearest possible times ([`apply_within`]). An `ended` with impossible times,
//!   or without any answer time, gives only an estimated end, which replaces no other end. Wrong times never make an answered call free.

mod times;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use times::{Doubt, Window, apply_within, plausible};

use crate::rating;

/// SIP 487, Request Terminated: the caller hung up before the answer.
const CANCELED: u16 = 487;
/// The shortest talk time of an answered call. This minimum ensures that the first increment is charged.
const LEAST_TALK: TimeDelta = TimeDelta::microseconds(1);

/// The lifecycle state of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallState {
    /// The call is allowed, its credit is reserved, and the phone does not ring yet.
    Authorized,
    /// The callee's phone is ringing.
    Ringing,
    /// The callee has answered.
    Answered,
    /// The call is over, whether or not it was answered.
    Ended,
    /// The far end or the network rejected the call with a SIP code.
    Failed,
    /// The proxy discarded the authorization before it placed the call.
    Abandoned,
    /// The authorization request was refused.
    Refused,
}

impl CallState {
    /// True while the call occupies its phone and keeps its credit reserved.
    pub fn is_live(self) -> bool {
        matches!(self, CallState::Authorized | CallState::Ringing | CallState::Answered)
    }

    /// True once the call is over.
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
    /// The SIP proxy itself.
    Proxy,
    /// This server.
    Api,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndCause {
    /// The caller or the callee hung up.
    Bye,
    /// The covered seconds were used up.
    MaxDuration,
    /// A phone stopped responding to the proxy's keepalive.
    KeepaliveLost,
    /// The phone never acknowledged the answer. [`Unacknowledged`] determines the charge.
    NoAck,
    /// This server ended the call.
    Api,
    /// An operator ended the call on the proxy.
    Rpc,
    /// The proxy no longer knows the call. The end is the time when the proxy last listed the call.
    Lost,
}

/// The charge for a call whose answer was never acknowledged ([`EndCause::NoAck`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unacknowledged {
    /// The call is charged from the answer, because audio can flow from that moment and the carrier charges for the call.
    Charged,
    /// The call is free, and counts as unanswered.
    Free,
}

/// The part of a call that its events determine. All times except `authorized_at` come from the proxy's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The lifecycle state.
    pub state: CallState,
    /// When the call was allowed or refused, by the server's clock.
    pub authorized_at: DateTime<Utc>,
    /// When the phone first rang; `None` if that time is not known.
    pub ringing_at: Option<DateTime<Utc>>,
    /// When the call was answered; `None` if it counts as unanswered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When the call ended, failed, was abandoned or was refused.
    pub ended_at: Option<DateTime<Utc>>,
    /// Granted talk time in seconds: the minimum over all levels and the deposit.
    pub covered: u32,
    /// The SIP code of a call that failed, was abandoned or was refused.
    pub sip_code: Option<u16>,
    /// Who ended the call.
    pub ended_by: Option<EndedBy>,
    /// Why the call ended.
    pub cause: Option<EndCause>,
    /// Whole seconds from answer to end, rounded up, at most `covered`; 0 until the call ends.
    pub talk_seconds: u32,
    /// Whether the end is an estimate.
    pub estimated: bool,
}

impl Call {
    /// A new call, allowed for `covered` seconds.
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

    /// A call attempt that was refused.
    pub fn refused(at: DateTime<Utc>) -> Call {
        Call { state: CallState::Refused, ended_at: Some(at), ..Call::authorized(at, 0) }
    }

    /// Seconds from answer to end, not limited to the covered seconds. If the measured seconds exceed [`Call::talk_seconds`], the call was ended
    /// late.
    pub fn measured_seconds(&self) -> u32 {
        match (self.answered_at, self.ended_at) {
            (Some(answered), Some(ended)) => rating::talk_seconds(answered, ended),
            _ => 0,
        }
    }
}

/// An event of a call, received from the proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEvent {
    /// Time of the event, by the proxy's clock.
    pub at: DateTime<Utc>,
    /// The kind of event and its data.
    pub kind: CallEventKind,
}

/// The kinds of call events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallEventKind {
    /// The proxy received the authorization and is placing the call.
    Authorized,
    /// The callee's phone is ringing.
    Ringing,
    /// The callee answered the call.
    Answered,
    /// The call is over.
    Ended {
        /// Who ended the call.
        by: EndedBy,
        /// Why the call ended.
        cause: EndCause,
        /// When the call was answered, by the proxy's clock; `None` if there was no answer or its time is not known.
        answered_at: Option<DateTime<Utc>>,
    },
    /// The call failed before it was answered.
    Failed {
        /// The final SIP code.
        code: u16,
        /// Who ended the call.
        by: EndedBy,
    },
    /// The proxy discarded the authorization.
    Abandoned {
        /// The SIP code that the phone received instead of the API's decision, if the proxy reports this code.
        code: Option<u16>,
    },
    /// The proxy no longer knows the call; the event's time is when the proxy last listed the call. Reconciliation creates this event; a proxy
    /// never sends it.
    Lost,
}

/// Activity events of a call, each emitted at most once and in the order of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Emitted {
    /// The callee's phone is ringing.
    Ringing {
        /// When the phone began to ring, by the proxy's clock.
        at: DateTime<Utc>,
    },
    /// The call was answered.
    Answered {
        /// Time of the answer, by the proxy's clock.
        at: DateTime<Utc>,
    },
    /// The call ended.
    Ended {
        /// Time of the end, by the proxy's clock.
        at: DateTime<Utc>,
    },
    /// The call failed.
    Failed {
        /// Time of the failure, by the proxy's clock.
        at: DateTime<Utc>,
    },
    /// The call was abandoned.
    Abandoned {
        /// When the authorization was discarded, by the proxy's clock.
        at: DateTime<Utc>,
    },
}

/// The result of applying an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The call after the event.
    pub call: Call,
    /// Activity events to publish; empty if the event changed nothing visible.
    pub emitted: Vec<Emitted>,
}

/// Applies one event and trusts its times.
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

/// Applies an `answered` event that arrives after an `ended` event without an answer time.
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
        // the proxy may never have listed the call after the answer
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
