//! An entry of the stream, and the events in it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use redis::Value;

use crate::event::{self, MAX_EVENTS};
use app::calls::events::ProxyEvent;

/// Field that contains one event, as JSON.
const ONE: &[u8] = b"event";
/// Field that contains a list of events. After an outage, the proxy moves its events to Redis as lists.
const MANY: &[u8] = b"events";
/// Field with the W3C `traceparent` of the event's trace.
const TRACE: &[u8] = b"traceparent";
/// Maximum length of a value in bytes; the proxy's lists are shorter than 64 KiB.
const MAX_VALUE: usize = 64 * 1024;
/// Maximum number of characters stored from a value that cannot be parsed.
const KEPT: usize = 1_000;

/// The id of an entry: milliseconds since 1970 by Redis's clock, and a number within that millisecond. The order of the ids is the order of the
/// entries in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    millis: u64,
    number: u64,
}

impl EntryId {
    /// How long the entry has been in the stream.
    pub fn age(self, now: DateTime<Utc>) -> TimeDelta {
        now - self.since()
    }

    /// When the entry was added, by Redis's clock.
    pub fn since(self) -> DateTime<Utc> {
        let millis = i64::try_from(self.millis).ok();
        millis.and_then(DateTime::from_timestamp_millis).unwrap_or_default()
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.number)
    }
}

impl FromStr for EntryId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (millis, number) = text.split_once('-').unwrap_or((text, "0"));
        Ok(Self { millis: millis.parse()?, number: number.parse()? })
    }
}

/// One entry of the stream.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: EntryId,
    /// The entry's alternating field names and values; empty if the entry was deleted while it was pending.
    fields: Vec<Vec<u8>>,
}

impl Entry {
    /// The events in the entry. An entry without readable events becomes one malformed event.
    pub(super) fn events(&self, now: DateTime<Utc>) -> Vec<ProxyEvent> {
        let pair = self.fields.chunks_exact(2).find(|pair| pair[0] == ONE || pair[0] == MANY);
        let Some([name, value]) = pair else {
            return vec![event::parse(self.as_text(&self.fields.join(&b' ')), now)];
        };
        let parsed = match value.len() <= MAX_VALUE {
            true => serde_json::from_slice(value).ok(),
            false => None,
        };
        match parsed {
            Some(serde_json::Value::Array(items)) if name == MANY && items.len() <= MAX_EVENTS => {
                items.into_iter().map(|item| event::parse(item, now)).collect()
            }
            Some(item) if name == ONE => vec![event::parse(item, now)],
            _ => vec![event::parse(self.as_text(value), now)],
        }
    }

    /// The trace context set by the entry's writer.
    pub(super) fn trace(&self) -> Option<&[u8]> {
        self.fields.chunks_exact(2).find(|pair| pair[0] == TRACE).map(|pair| pair[1].as_slice())
    }

    /// The unreadable entry as a JSON text. The text includes the entry's id. Therefore, the same bytes in another entry are a different event.
    fn as_text(&self, bytes: &[u8]) -> serde_json::Value {
        let text: String = String::from_utf8_lossy(bytes).chars().take(KEPT).collect();
        format!("entry {} of the stream: {text}", self.id).into()
    }
}

/// The entries in a Redis reply: a list of ids and fields.
pub(super) fn entries(list: &Value) -> Vec<Entry> {
    let entry = |entry: &Value| {
        let Value::Array(parts) = entry else { return None };
        let id = parts.first().and_then(text)?.parse().ok()?;
        let fields = match parts.get(1) {
            Some(Value::Array(fields)) => fields.iter().map(bytes).collect(),
            _ => Vec::new(),
        };
        Some(Entry { id, fields })
    };
    items(list).iter().filter_map(entry).collect()
}

/// The items of a Redis list; empty if the value is not a list.
pub(super) fn items(list: &Value) -> &[Value] {
    match list {
        Value::Array(list) => list,
        _ => &[],
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::BulkString(bytes) => bytes.clone(),
        Value::SimpleString(text) => text.clone().into_bytes(),
        _ => Vec::new(),
    }
}

/// A UTF-8 text in a Redis value; `None` if the text is empty.
pub(super) fn text(value: &Value) -> Option<String> {
    String::from_utf8(bytes(value)).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use app::calls::events::EventBody;

    fn read(id: &str, fields: &[&[u8]]) -> Vec<ProxyEvent> {
        let fields = fields.iter().map(|field| field.to_vec()).collect();
        Entry { id: id.parse().expect("an id"), fields }.events(DateTime::UNIX_EPOCH)
    }

    fn boot(eid: &str) -> serde_json::Value {
        json!({ "eid": eid, "kind": "boot", "ts": "1", "proxy": "p" })
    }

    #[test]
    fn an_entry_has_one_event_or_a_list_of_them() {
        let keys = |events: Vec<ProxyEvent>| -> Vec<String> {
            assert!(events.iter().all(|event| event.body == EventBody::Boot), "{events:?}");
            events.into_iter().map(|event| event.eid).collect()
        };
        let one = boot("b").to_string();
        assert_eq!(keys(read("1-0", &[b"other", b"x", ONE, one.as_bytes()])), ["b"]);
        let many = json!([boot("b"), boot("c")]).to_string();
        assert_eq!(keys(read("1-0", &[MANY, many.as_bytes()])), ["b", "c"]);
        assert!(read("1-0", &[MANY, b"[]"]).is_empty());
    }

    #[test]
    fn what_is_no_event_is_kept_with_its_place() {
        let one = boot("b").to_string();
        let too_many = json!(vec![boot("b"); MAX_EVENTS + 1]).to_string();
        let long = vec![b'7'; MAX_VALUE + 1];
        let garbage: [&[&[u8]]; 8] = [
            &[ONE, b"{"],
            &[ONE, b"\xff\x00"],
            &[ONE],
            &[],
            &[b"j", one.as_bytes()],
            &[MANY, one.as_bytes()],
            &[MANY, too_many.as_bytes()],
            &[ONE, &long],
        ];
        for fields in garbage {
            let [first, second] = ["1-0", "1-1"].map(|id| read(id, fields));
            let EventBody::Malformed { body, .. } = &first[0].body else { panic!("{first:?}") };
            assert!(body.to_string().contains("entry 1-0") && body.to_string().len() < 4 * KEPT, "{body}");
            assert_eq!((first.len(), second.len()), (1, 1));
            assert_ne!(first[0].eid, second[0].eid);
        }
    }

    #[test]
    fn ids_are_in_the_order_of_the_stream_and_tell_their_age() {
        let id = |text: &str| text.parse::<EntryId>().expect("an id");
        assert!(id("9-2") < id("10-0") && id("10-2") < id("10-10"));
        assert_eq!((id("1795388290472-3").to_string().as_str(), id("7")), ("1795388290472-3", id("7-0")));
        assert!("x-1".parse::<EntryId>().is_err());
        let later = DateTime::from_timestamp_millis(1_795_388_290_472 + 90_000).expect("a time");
        assert_eq!(id("1795388290472-3").age(later), TimeDelta::seconds(90));
    }
}
