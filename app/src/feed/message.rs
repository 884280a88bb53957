//! What nodes tell each other through Redis: a head of fixed form that is read without parsing anything, then the activity's row as JSON.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 | version of what follows the head |
//! | 1 | [`Kind`] |
//! | 2–17 | the node that tells it |
//! | 18–33 | the callshop |
//! | 34–41 | `seq` of the activity, big endian; of a beat, how many messages the node could not send so far |
//! | 42 | length of the trace context, 0 for none |
//! | … | the W3C `traceparent`, then the row |
//!
//! The head never changes, so that nodes of two versions run side by side: of another version's message only the head is read, and the
//! row comes from the table.

use entity::activity;
use uuid::Uuid;

use super::told::Told;
use telemetry::trace::TraceContext;

/// Version of the rows that this program writes and reads.
const VERSION: u8 = 1;
/// Where the trace context begins.
const HEAD: usize = 43;
/// Rows above this many bytes of JSON are not sent: who wants one reads it from the table.
const MAX_ROW: usize = 16 * 1024;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An activity was committed. Its row follows, unless it is too large.
    Activity,
    /// The node lives; each second.
    Beat,
    /// The node stops.
    Bye,
}

/// The head of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it is about.
    pub kind: Kind,
    /// Who tells it.
    pub node: Uuid,
    /// Where something happened; nil in a beat.
    pub callshop_id: Uuid,
    /// As the table above says.
    pub seq: i64,
}

/// A message as it came.
pub struct Message<'a> {
    /// Its head.
    pub head: Head,
    /// The trace that the activity belongs to.
    pub trace: Option<&'a str>,
    row: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the head; none for what is no message.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let kind = match bytes.get(1)? {
            1 => Kind::Beat,
            2 => Kind::Bye,
            // what a later version calls otherwise is about an activity, too: the table has it
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

    /// The row as it was sent, JSON; empty when only the head was.
    pub fn text(&self) -> &[u8] {
        self.row
    }

    /// What it tells; none when that was left out or is nothing that this version knows.
    pub fn told(&self) -> Option<Told> {
        let told = Told::parse(self.row, self.trace.and_then(TraceContext::parse))?;
        // whoever may publish must not place an event of one shop into another
        (told.callshop_id == self.head.callshop_id && told.seq == self.head.seq).then_some(told)
    }
}

fn head(head: Head, trace: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    bytes.extend([
        VERSION,
        match head.kind {
            Kind::Activity => 0,
            Kind::Beat => 1,
            Kind::Bye => 2,
        },
    ]);
    bytes.extend(head.node.as_bytes());
    bytes.extend(head.callshop_id.as_bytes());
    bytes.extend(head.seq.to_be_bytes());
    // a trace context has 55 bytes; what does not fit is none
    let trace = u8::try_from(trace.len()).map(|length| (length, trace)).unwrap_or_default();
    bytes.push(trace.0);
    bytes.extend(trace.1.as_bytes());
    bytes
}

/// An activity as a message.
pub fn of_activity(node: Uuid, row: &activity::Model, trace: &str) -> Vec<u8> {
    let of = Head { kind: Kind::Activity, node, callshop_id: row.callshop_id, seq: row.seq };
    let mut bytes = head(of, trace);
    let begin = bytes.len();
    if serde_json::to_writer(&mut bytes, row).is_err() || bytes.len() - begin > MAX_ROW {
        bytes.truncate(begin);
    }
    bytes
}

/// A sign of life, with how many messages could not be sent so far.
pub fn of_beat(node: Uuid, kind: Kind, lost: i64) -> Vec<u8> {
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
            let (told, of_row) = (message.told().expect("a row"), Told::of(&sent, None).expect("a row"));
            let shown = |told: &Told| (told.at, told.kind, told.cabin_id, told.session_id, told.call_id);
            assert_eq!((shown(&told), told.call.is_none()), (shown(&of_row), true));
            assert_eq!(told.trace.is_some(), !trace.is_empty());
        }
        for kind in [Kind::Beat, Kind::Bye] {
            let bytes = of_beat(node, kind, 12);
            let head = Message::read(&bytes).expect("a message").head;
            assert_eq!(head, Head { kind, node, callshop_id: Uuid::nil(), seq: 12 });
        }
    }

    #[test]
    fn a_large_row_is_left_to_the_table() {
        let sent = row(json!({ "text": "x".repeat(MAX_ROW) }));
        let bytes = of_activity(Uuid::now_v7(), &sent, "");
        let message = Message::read(&bytes).expect("a message");
        assert_eq!((bytes.len(), message.head.seq, message.told().is_none()), (HEAD, sent.seq, true));
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
            assert_eq!((message.head.kind, message.told().is_none()), (Kind::Activity, true));
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
            Message::read(&foreign).is_some_and(|message| message.told().is_none()),
            "a row of another shop"
        );
    }
}
