//! Events whose times may be wrong: an impossible time is moved to the nearest possible time.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Call, CallEvent, CallEventKind, CallState, Emitted, EndCause, LEAST_TALK, Transition, Unacknowledged,
    apply,
};

/// The bounds for event times: the server's clock, and how far a proxy's clock may differ from the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When the server received the event.
    pub received: DateTime<Utc>,
    /// The largest difference between the clocks. An event's time may be at most `skew` before the call was allowed, and at most `skew` after the
    /// server received the event.
    pub skew: TimeDelta,
}

/// Why the times of an event cannot be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A time lies outside the [`Window`].
    Time,
    /// The event is an `ended` without an answer time, and the call has no known answer.
    NoAnswer,
    /// The end is before the answer.
    EndBeforeAnswer,
}

/// Applies one event whose times may be wrong, and returns any doubt about the event's times.
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

/// Moves the event's times to plausible times, and returns any doubt about the original times.
///
/// A clock that is off by a constant still measures the length of a call correctly. Therefore, the length is kept if `ended` has the times of answer
/// and end, and if the call can have lasted that long.
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
            // move the end so that the whole call fits after the authorization (if the clock is slow) and before the event was received (if the clock
            // is fast)
            let end = bounds.nearest(at).max(bounds.allowed + length).min(bounds.received);
            (end, (end - length).max(bounds.allowed))
        }
        // the call cannot have been answered before it rang
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

/// Bounds on the times at which a call's events may have happened.
struct Bounds {
    allowed: DateTime<Utc>,
    received: DateTime<Utc>,
    skew: TimeDelta,
}

impl Bounds {
    fn of(call: &Call, window: Window) -> Bounds {
        // the clock of the node that allowed the call may be ahead of the clock of this node
        let received = window.received.max(call.authorized_at);
        Bounds { allowed: call.authorized_at, received, skew: window.skew }
    }

    fn hold(&self, at: DateTime<Utc>) -> bool {
        (self.allowed - self.skew..=self.received + self.skew).contains(&at)
    }

    /// Moves a time outside the range to the nearest allowed time. By the server's clock, the allowed times run from the authorization to the receipt
    /// of the event.
    fn nearest(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        if self.hold(at) { at } else { at.clamp(self.allowed, self.received) }
    }

    fn may_last(&self, length: TimeDelta) -> bool {
        (TimeDelta::zero()..=self.received - self.allowed + self.skew).contains(&length)
    }
}
