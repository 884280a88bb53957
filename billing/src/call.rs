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

use chrono::{DateTime, Utc};
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
        CallEventKind::Answered => answered(&mut next, event.at),
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

fn answered(call: &mut Call, at: DateTime<Utc>) -> Vec<Emitted> {
    if !matches!(call.state, CallState::Authorized | CallState::Ringing) {
        return Vec::new();
    }
    call.state = CallState::Answered;
    call.answered_at = Some(at);
    vec![Emitted::Answered { at }]
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
    if call.answered_at.is_some() {
        let emitted = ended(call, last_seen, EndedBy::Proxy, EndCause::Lost, call.answered_at);
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
