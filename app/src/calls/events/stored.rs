//! The rows in which events are stored. Each event is stored once, with a reason if a person should look at the event.

use std::collections::BTreeMap;

use billing::call::Doubt;
use chrono::{DateTime, Utc};
use entity::{HookStatus, hook_event};

use super::event::{EventBody, ProxyEvent};

/// The rows for a batch's events, one row per key, sorted by key. If several events have the same key, the earliest event is stored.
pub(super) fn received(events: &[&ProxyEvent], now: DateTime<Utc>) -> Vec<hook_event::Model> {
    let mut first: BTreeMap<&str, &ProxyEvent> = BTreeMap::new();
    for event in events {
        let kept = first.entry(&event.eid).or_insert(event);
        if event.at < kept.at {
            *kept = event;
        }
    }
    let row = |event: &ProxyEvent| match &event.body {
        EventBody::Malformed { error, body } => hook_event::Model {
            body: Some(body.clone()),
            ..noted(event, HookStatus::Rejected, Some(error), now)
        },
        _ => noted(event, HookStatus::Applied, None, now),
    };
    first.into_values().map(row).collect()
}

/// The row of an event that could not be applied.
pub(in crate::calls) fn rejected(event: &ProxyEvent, reason: &str, now: DateTime<Utc>) -> hook_event::Model {
    noted(event, HookStatus::Rejected, Some(reason), now)
}

/// The row of an event, without its body.
pub(super) fn noted(
    event: &ProxyEvent,
    status: HookStatus,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> hook_event::Model {
    hook_event::Model {
        eid: event.eid.clone(),
        kind: event.body.name().to_owned(),
        reference: event.body.reference(),
        proxy: event.proxy.clone(),
        at: event.at,
        received_at: now,
        status,
        error: error.map(str::to_owned),
        body: None,
    }
}

/// The reason stored with an `ended` event that changed nothing.
pub(super) const LATE_END: &str =
    "the end of the call is already known, and this event changed nothing; compare it with the call";
/// The reason stored with an `ended` event for an unknown call.
pub(super) const STRANGE_END: &str =
    "no call has the event's ref; check whether the proxy belongs to this server";

/// The reason stored with a doubtful event.
pub(super) fn reason(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Time => {
            "it cannot have happened at that time, and a known time was used instead; check whether the clocks of the proxy and the server agree"
        }
        Doubt::NoAnswer => {
            "it does not say when the call was answered, and no other event did; the call is free until an event says so"
        }
        Doubt::EndBeforeAnswer => {
            "the call ended before its answer, and the first increment was charged; check whether the proxy's clock was set back"
        }
    }
}
