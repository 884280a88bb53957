//! Messages between nodes through Redis: a fixed header and the row's fixed columns, which need no parsing, then the activity's payload as JSON. The
//! payload is passed on unchanged, and parsed only for documents that need it ([`super::event::Contents`]).
//!
//! | bytes | content |
//! | --- | --- |
//! | 0 | version of everything after the header |
//! | 1 | [`Kind`] |
//! | 2–17 | the sending node |
//! | 18–33 | the callshop, or the account whose feed has the activity; the object that changed |
//! | 34–41 | `seq` of the activity, big endian; in a heartbeat, the number of messages the node has failed to send so far |
//! | 42 | length of the trace context; 0 if there is none |
//! | … | the W3C `traceparent`, then the row, unless the row is too large |
//!
//! | bytes of the row | content |
//! | --- | --- |
//! | 0–7 | the time in microseconds since 1970, big endian |
//! | 8–55 | the cabin, the session and the call; nil if the activity concerns none |
//! | 56 | length of the kind |
//! | … | the kind, then the payload in JSON |
//!
//! The format of the header never changes, so nodes of two versions can run side by side. If a message has another version, a node reads only the
//! message's header, and takes the row from the table.

use std::time::Instant;

use chrono::DateTime;
use entity::activity;
use uuid::Uuid;

use super::event::{ActivityEvent, Contents};
use super::snapshot::Ids;
use super::texts::Texts;
use telemetry::trace::TraceContext;

/// Version of the rows that this program writes and reads.
const VERSION: u8 = 2;
/// Length of the fixed header in bytes. The trace context begins after the header.
const HEAD: usize = 43;
/// Length of a row's fixed columns in bytes. The kind begins after these columns.
const COLUMNS: usize = 57;
/// Largest row sent, in bytes. Nodes read larger rows from the table.
const MAX_ROW: usize = 16 * 1024;

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An activity was committed. The activity's row follows the header, unless the row is too large.
    Activity,
    /// Heartbeat, sent every second.
    Heartbeat,
    /// The node is stopping.
    Leave,
    /// An object changed. An older version of the program mistakes this message for an activity of a callshop that nobody watches, and ignores the
    /// message.
    Changed,
}

/// The fixed header of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Kind of the message.
    pub kind: Kind,
    /// The sending node.
    pub node: Uuid,
    /// The callshop of the activity, the account whose feed has the activity, or the object that changed; nil in a heartbeat.
    pub callshop_id: Uuid,
    /// The activity's number or, in a heartbeat, the number of messages that the node has failed to send.
    pub seq: i64,
}

/// A received message.
pub struct Message<'a> {
    /// The fixed header.
    pub head: Head,
    /// The trace of the activity, as a W3C `traceparent`.
    pub trace: Option<&'a str>,
    row: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the header; `None` if the bytes are not a message.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let kind = match bytes.get(1)? {
            1 => Kind::Heartbeat,
            2 => Kind::Leave,
            3 => Kind::Changed,
            // an unknown kind was added in a later version; such a message also concerns an activity, which can be read from the table
            _ => Kind::Activity,
        };
        let head = Head {
            kind,
            node: Uuid::from_slice(bytes.get(2..18)?).ok()?,
            callshop_id: Uuid::from_slice(bytes.get(18..34)?).ok()?,
            seq: i64::from_be_bytes(bytes.get(34..42)?.try_into().ok()?),
        };
        if bytes.first() != Some(&VERSION) || bytes.get(1) > Some(&3) {
            return Some(Self { head, trace: None, row: &[] });
        }
        let end = HEAD + usize::from(*bytes.get(42)?);
        let trace = std::str::from_utf8(bytes.get(HEAD..end)?).ok().filter(|trace| !trace.is_empty());
        Some(Self { head, trace, row: bytes.get(end..)? })
    }

    /// The kind and the payload; `None` if the row was left out.
    fn rest(&self) -> Option<(&'a [u8], &'a [u8])> {
        let length = usize::from(*self.row.get(COLUMNS - 1)?);
        self.row.get(COLUMNS..)?.split_at_checked(length)
    }

    /// The payload as sent, in JSON; empty if only the header was sent.
    pub fn text(&self) -> &'a [u8] {
        self.rest().map(|(_, payload)| payload).unwrap_or_default()
    }

    /// The activity event, whose payload is not parsed yet; `None` if the row was left out, or if this version does not know the kind.
    pub fn event(&self) -> Option<ActivityEvent> {
        let (kind, payload) = self.rest()?;
        let at = i64::from_be_bytes(self.row.get(..8)?.try_into().ok()?);
        let id = |place: usize| {
            let id = Uuid::from_slice(self.row.get(place..place + 16)?).ok()?;
            Some(Some(id).filter(|id| !id.is_nil()))
        };
        let (cabin_id, session_id, call_id) = (id(8)?, id(24)?, id(40)?);
        let ids = Ids { callshop_id: self.head.callshop_id, cabin_id, session_id, call_id };
        Some(ActivityEvent {
            callshop_id: ids.callshop_id,
            seq: self.head.seq,
            at: DateTime::from_timestamp_micros(at)?,
            kind: std::str::from_utf8(kind).ok()?.parse().ok()?,
            cabin_id,
            session_id,
            call_id,
            contents: Contents::sent(ids, payload),
            trace: self.trace.and_then(TraceContext::parse),
            since: Instant::now(),
            texts: Texts::default(),
        })
    }
}

fn head(head: Head, trace: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    bytes.extend([
        VERSION,
        match head.kind {
            Kind::Activity => 0,
            Kind::Heartbeat => 1,
            Kind::Leave => 2,
            Kind::Changed => 3,
        },
    ]);
    bytes.extend(head.node.as_bytes());
    bytes.extend(head.callshop_id.as_bytes());
    bytes.extend(head.seq.to_be_bytes());
    // a trace context has 55 bytes; a context whose length does not fit into a byte is omitted
    let trace = u8::try_from(trace.len()).map(|length| (length, trace)).unwrap_or_default();
    bytes.push(trace.0);
    bytes.extend(trace.1.as_bytes());
    bytes
}

/// Encodes an activity as a message.
pub fn of_activity(node: Uuid, row: &activity::Model, trace: &str) -> Vec<u8> {
    let of = Head { kind: Kind::Activity, node, callshop_id: row.callshop_id, seq: row.seq };
    let mut bytes = head(of, trace);
    let begin = bytes.len();
    bytes.extend(row.at.timestamp_micros().to_be_bytes());
    for id in [row.cabin_id, row.session_id, row.call_id] {
        bytes.extend(id.unwrap_or_default().as_bytes());
    }
    // the longest kind has fewer than 32 bytes; a kind whose length does not fit into a byte is sent as a kind that no version knows
    let kind =
        u8::try_from(row.kind.as_str().len()).map(|length| (length, row.kind.as_str())).unwrap_or_default();
    bytes.push(kind.0);
    bytes.extend(kind.1.as_bytes());
    if serde_json::to_writer(&mut bytes, &row.payload).is_err() || bytes.len() - begin > MAX_ROW {
        bytes.truncate(begin);
    }
    bytes
}

/// Encodes the message that an object changed.
pub fn of_changed(node: Uuid, id: Uuid) -> Vec<u8> {
    head(Head { kind: Kind::Changed, node, callshop_id: id, seq: 0 }, "")
}

/// Encodes a heartbeat, with the number of messages that this node has failed to send since its start.
pub fn of_heartbeat(node: Uuid, kind: Kind, lost: i64) -> Vec<u8> {
    head(Head { kind, node, callshop_id: Uuid::nil(), seq: lost }, "")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use entity::ActivityKind;
    use serde_json::json;

    use super::*;

    fn row(payload: serde_json::Value) -> activity::Model {
        activity::Model {
            callshop_id: Uuid::now_v7(),
            seq: 7_000_000_000,
            at: chrono::DateTime::from_timestamp_micros(1_795_388_618_747_375).expect("a time"),
            kind: ActivityKind::CallEnded,
            cabin_id: None,
            session_id: Some(Uuid::now_v7()),
            call_id: Some(Uuid::now_v7()),
            payload,
        }
    }

    #[test]
    fn what_is_sent_is_read() {
        let (node, sent) = (Uuid::now_v7(), row(json!({ "number": "+13055550123", "micros": 61_700 })));
        for trace in ["", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"] {
            let bytes = of_activity(node, &sent, trace);
            let message = Message::read(&bytes).expect("a message");
            let head = Head { kind: Kind::Activity, node, callshop_id: sent.callshop_id, seq: sent.seq };
            assert_eq!((message.head, message.trace.unwrap_or_default()), (head, trace));
            assert_eq!(
                serde_json::from_slice::<serde_json::Value>(message.text()).expect("JSON"),
                sent.payload
            );
            let (event, of_row) =
                (message.event().expect("a row"), ActivityEvent::of(Arc::new(sent.clone()), None));
            let shown = |event: &ActivityEvent| {
                let shop = (event.callshop_id, event.seq);
                (shop, event.at, event.kind, event.cabin_id, event.session_id, event.call_id)
            };
            assert_eq!(shown(&event), shown(&of_row));
            assert_eq!(event.contents.call().expect("a payload"), None);
            assert_eq!(event.trace.is_some(), !trace.is_empty());
        }
        for kind in [Kind::Heartbeat, Kind::Leave] {
            let bytes = of_heartbeat(node, kind, 12);
            let head = Message::read(&bytes).expect("a message").head;
            assert_eq!(head, Head { kind, node, callshop_id: Uuid::nil(), seq: 12 });
        }
        let id = Uuid::now_v7();
        let head = Message::read(&of_changed(node, id)).expect("a message").head;
        assert_eq!(head, Head { kind: Kind::Changed, node, callshop_id: id, seq: 0 });
    }

    #[test]
    fn a_large_row_is_left_to_the_table() {
        let sent = row(json!({ "text": "x".repeat(MAX_ROW) }));
        let bytes = of_activity(Uuid::now_v7(), &sent, "");
        let message = Message::read(&bytes).expect("a message");
        assert_eq!((bytes.len(), message.head.seq, message.event().is_none()), (HEAD, sent.seq, true));
    }

    #[test]
    fn of_other_versions_the_head_is_read_and_of_garbage_nothing() {
        let sent = row(json!({}));
        let bytes = of_activity(Uuid::now_v7(), &sent, "");
        for (place, value) in [(0, 9), (1, 9)] {
            let mut later = bytes.clone();
            later[place] = value;
            let message = Message::read(&later).expect("a message");
            assert_eq!((message.head.callshop_id, message.head.seq), (sent.callshop_id, sent.seq));
            assert_eq!((message.head.kind, message.event().is_none()), (Kind::Activity, true));
        }
        for length in 0..HEAD {
            assert!(Message::read(&bytes[..length]).is_none(), "{length} bytes");
        }
        let mut trace_beyond_the_end = bytes[..HEAD].to_vec();
        trace_beyond_the_end[HEAD - 1] = 200;
        assert!(Message::read(&trace_beyond_the_end).is_none());
        // a row that is cut off, and a kind that a later version added
        let kind = HEAD + COLUMNS;
        for length in HEAD..kind + sent.kind.as_str().len() {
            let message = Message::read(&bytes[..length]).expect("a message");
            assert!(message.event().is_none() && message.text().is_empty(), "{length} bytes");
        }
        let mut later = bytes;
        later[kind] = b'x';
        assert!(Message::read(&later).is_some_and(|message| message.event().is_none()));
    }
}
