//! Messages between nodes through Redis: a fixed header that needs no parsing, then the activity's row as JSON.
//!
//! | bytes | content |
//! | --- | --- |
//! | 0 | version of everything after the header |
//! | 1 | [`Kind`] |
//! | 2–17 | the sending node |
//! | 18–33 | the callshop |
//! | 34–41 | `seq` of the activity, big endian; in a heartbeat, the number of messages the node has failed to send so far |
//! | 42 | length of the trace context; 0 if there is none |
//! | … | the W3C `traceparent`, then the row |
//!
//! The format of the header never changes, so nodes of two versions can run side by side. If a message has another version, a node reads only the
//! message's header, and takes the row from the table.

use entity::activity;
use uuid::Uuid;

use super::event::ActivityEvent;
use telemetry::trace::TraceContext;

/// Version of the rows that this program writes and reads.
const VERSION: u8 = 1;
/// Length of the fixed header in bytes. The trace context begins after the header.
const HEAD: usize = 43;
/// Largest row sent, in bytes of JSON. Nodes read larger rows from the table.
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
}

/// The fixed header of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Kind of the message.
    pub kind: Kind,
    /// The sending node.
    pub node: Uuid,
    /// Callshop of the activity; nil in a heartbeat.
    pub callshop_id: Uuid,
    /// The activity's number, or in a heartbeat, the number of messages that the node has failed to send.
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
            // an unknown kind was added in a later version; such a message also concerns an activity, which can be read from the table
            _ => Kind::Activity,
        };
        let head = Head {
            kind,
            node: Uuid::from_slice(bytes.get(2..18)?).ok()?,
            callshop_id: Uuid::from_slice(bytes.get(18..34)?).ok()?,
            seq: i64::from_be_bytes(bytes.get(34..42)?.try_into().ok()?),
        };
        if bytes.first() != Some(&VERSION) || bytes.get(1) > Some(&2) {
            return Some(Self { head, trace: None, row: &[] });
        }
        let end = HEAD + usize::from(*bytes.get(42)?);
        let trace = std::str::from_utf8(bytes.get(HEAD..end)?).ok().filter(|trace| !trace.is_empty());
        Some(Self { head, trace, row: bytes.get(end..)? })
    }

    /// The row as sent, in JSON; empty if only the header was sent.
    pub fn text(&self) -> &[u8] {
        self.row
    }

    /// The activity event; `None` if the row was left out, or if this version cannot read the row.
    pub fn event(&self) -> Option<ActivityEvent> {
        let event = ActivityEvent::parse(self.row, self.trace.and_then(TraceContext::parse))?;
        // a publisher must not be able to put one shop's event into another shop's stream
        (event.callshop_id == self.head.callshop_id && event.seq == self.head.seq).then_some(event)
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
    if serde_json::to_writer(&mut bytes, row).is_err() || bytes.len() - begin > MAX_ROW {
        bytes.truncate(begin);
    }
    bytes
}

/// Encodes a heartbeat, with the number of messages that this node has failed to send since its start.
pub fn of_heartbeat(node: Uuid, kind: Kind, lost: i64) -> Vec<u8> {
    head(Head { kind, node, callshop_id: Uuid::nil(), seq: lost }, "")
}

#[cfg(test)]
mod tests {
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
            let (event, of_row) =
                (message.event().expect("a row"), ActivityEvent::of(&sent, None).expect("a row"));
            let shown = |event: &ActivityEvent| {
                (event.at, event.kind, event.cabin_id, event.session_id, event.call_id)
            };
            assert_eq!((shown(&event), event.call.is_none()), (shown(&of_row), true));
            assert_eq!(event.trace.is_some(), !trace.is_empty());
        }
        for kind in [Kind::Heartbeat, Kind::Leave] {
            let bytes = of_heartbeat(node, kind, 12);
            let head = Message::read(&bytes).expect("a message").head;
            assert_eq!(head, Head { kind, node, callshop_id: Uuid::nil(), seq: 12 });
        }
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
        let mut foreign = bytes;
        foreign[20] ^= 1;
        assert!(
            Message::read(&foreign).is_some_and(|message| message.event().is_none()),
            "a row of another shop"
        );
    }
}
