//! The rows that a batch may change besides its calls. These rows are locked before any event is applied.

use std::collections::{BTreeSet, HashSet};

use billing::call::CallEventKind;
use entity::{CallState, call};
use uuid::Uuid;

use super::event::{EventBody, ProxyEvent};

/// The sessions of calls that may end in this batch.
pub(super) fn may_be_over_in(rows: &[call::Model], events: &[&ProxyEvent]) -> Vec<Uuid> {
    let goes_on = |kind: &CallEventKind| {
        matches!(kind, CallEventKind::Authorized | CallEventKind::Ringing | CallEventKind::Answered)
    };
    let (mut ids, mut requests) = (HashSet::new(), HashSet::new());
    for event in events {
        match (&event.body, event.body.call()) {
            (_, Some((id, _, kind))) if !goes_on(kind) => drop(ids.insert(id)),
            (EventBody::Abandoned { request_id, .. }, _) => drop(requests.insert(request_id.as_str())),
            _ => {}
        }
    }
    let over = |row: &&call::Model| ids.contains(&row.id) || requests.contains(row.request_id.as_str());
    let sessions: BTreeSet<Uuid> = rows.iter().filter(over).filter_map(|row| row.session_id).collect();
    sessions.into_iter().collect()
}

/// Calls whose end this batch may correct. The batch has an end event for each of these calls, and the call has already ended or is ended by an
/// earlier event in the batch.
pub(super) fn may_be_corrected<'a>(rows: &'a [call::Model], events: &[&ProxyEvent]) -> Vec<&'a call::Model> {
    let about = |row: &call::Model, wanted: fn(&CallEventKind) -> bool| {
        events.iter().any(|event| match (&event.body, event.body.call()) {
            (_, Some((id, _, kind))) => id == row.id && wanted(kind),
            (EventBody::Abandoned { request_id, code }, _) => {
                *request_id == row.request_id && wanted(&CallEventKind::Abandoned { code: *code })
            }
            _ => false,
        })
    };
    let is_end = |kind: &CallEventKind| matches!(kind, CallEventKind::Ended { .. });
    let is_answer = |kind: &CallEventKind| matches!(kind, CallEventKind::Answered);
    let tells_no_answer =
        |kind: &CallEventKind| matches!(kind, CallEventKind::Ended { answered_at: None, .. });
    let ends = |row: &call::Model| {
        let of_row = |event: &&&ProxyEvent| {
            event.body.call().is_some_and(|(id, _, kind)| id == row.id && is_end(kind))
        };
        events.iter().filter(of_row).count()
    };
    let gives_up = |kind: &CallEventKind| {
        matches!(kind, CallEventKind::Failed { .. } | CallEventKind::Abandoned { .. } | CallEventKind::Lost)
    };
    let over = |row: &call::Model| {
        row.estimated || matches!(row.state, CallState::Failed | CallState::Abandoned) || about(row, gives_up)
    };
    let may_be = |row: &&call::Model| {
        // a later `answered` event corrects an end that has no answer time
        let open = (row.estimated && row.answered_at.is_none()) || about(row, tells_no_answer);
        let ends = ends(row);
        (over(row) && ends > 0) || ends > 1 || (open && about(row, is_answer))
    };
    rows.iter().filter(may_be).collect()
}
