//! The only parser of proxy events (docs/hook.md), for events over HTTP and from Redis.

use billing::call::{CallEventKind, EndCause, EndedBy};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

use app::auth::token;
use app::calls::authorize::AuthorizeRequest;
use app::calls::emergency::EmergencyCall;
use app::calls::events::{EventBody, ProxyEvent};

/// Maximum number of events in an `authorize` request, and of events in a batch that are applied together.
pub const MAX_EVENTS: usize = 50;
/// Maximum duration, in seconds, of an emergency call that a proxy puts through without asking the API.
const LONGEST_EMERGENCY: u32 = 86_400;
/// Maximum length of a text field in bytes. (The proxy truncates texts at 200 characters.)
const MAX_TEXT: usize = 255;

/// The NUL character, which PostgreSQL cannot store in a text. An event with a NUL would make its whole batch fail each time the proxy sends it.
const NUL: &str = "A text must not contain a NUL character.";

/// Body of `POST ha1`.
#[derive(Debug, Deserialize)]
pub struct Ha1Body {
    /// SIP user.
    pub user: String,
    /// Digest realm.
    pub realm: String,
    /// Digest algorithm; only MD5 hashes are stored.
    pub algorithm: String,
}

/// Body of `POST authorize`.
#[derive(Debug, Deserialize)]
pub struct AuthorizeBody {
    request_id: String,
    user: String,
    dialed: String,
    #[serde(default)]
    proxy: String,
    call_id: String,
    from_tag: String,
    #[serde(default)]
    events: Vec<Value>,
}

impl AuthorizeBody {
    /// Extracts copies of end events from the body. The copies are events of the phone's earlier calls. The copies are needed because the original
    /// events may still be in transit. A malformed copy is dropped, because the original event arrives as well.
    ///
    /// # Errors
    /// Fails if there are more than [`MAX_EVENTS`] events.
    pub fn take_ends(&mut self, now: DateTime<Utc>) -> Result<Vec<ProxyEvent>, String> {
        if self.events.len() > MAX_EVENTS {
            return Err(format!("There must be at most {MAX_EVENTS} events."));
        }
        let events = std::mem::take(&mut self.events).into_iter().map(|item| parse(item, now));
        Ok(events.filter(|event| event.body.is_end()).collect())
    }

    /// Converts the body to the request of the use case.
    ///
    /// # Errors
    /// Fails if a text is empty, is too long or contains a NUL character.
    pub fn into_request(self) -> Result<AuthorizeRequest, String> {
        bounded("request_id", &self.request_id)?;
        let texts = [&self.request_id, &self.user, &self.dialed, &self.proxy, &self.call_id, &self.from_tag];
        if texts.into_iter().any(|text| text.contains('\0')) {
            return Err(NUL.to_owned());
        }
        for (name, text) in [("user", &self.user), ("call_id", &self.call_id), ("from_tag", &self.from_tag)] {
            bounded(name, text)?;
        }
        if self.dialed.len() > MAX_TEXT || self.proxy.len() > MAX_TEXT {
            return Err("`dialed` or `proxy` is longer than 255 bytes.".to_owned());
        }
        Ok(AuthorizeRequest {
            request_id: self.request_id,
            user: self.user,
            dialed: self.dialed,
            proxy: self.proxy,
            call_id: self.call_id,
            from_tag: self.from_tag,
        })
    }
}

fn bounded(name: &str, text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > MAX_TEXT {
        Err(format!("`{name}` must have 1 to {MAX_TEXT} bytes."))
    } else {
        Ok(())
    }
}

#[derive(Deserialize)]
struct RawEvent {
    eid: String,
    kind: String,
    ts: ProxyTime,
    #[serde(default)]
    proxy: String,
    #[serde(rename = "ref")]
    reference: Option<Uuid>,
    request_id: Option<String>,
    to_tag: Option<String>,
    by: Option<String>,
    cause: Option<String>,
    answered_ts: Option<ProxyTime>,
    code: Option<u16>,
    call_id: Option<String>,
    from_tag: Option<String>,
    dialed: Option<String>,
    emergency_ts: Option<ProxyTime>,
    max_seconds: Option<u32>,
    user: Option<String>,
    contact: Option<String>,
    src: Option<String>,
    user_agent: Option<String>,
}

/// Microseconds since 1970, as a decimal string or an integer.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProxyTime(pub(super) DateTime<Utc>);

impl<'de> Deserialize<'de> for ProxyTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bad = || serde::de::Error::custom("A time must be microseconds since 1970, as a decimal string.");
        let micros = match Value::deserialize(deserializer)? {
            Value::String(text) => text.parse::<i64>().map_err(|_| bad())?,
            Value::Number(number) => number.as_i64().ok_or_else(bad)?,
            _ => return Err(bad()),
        };
        // the range covers the years 1970 to 2199; a time outside this range comes from a broken clock and would overflow the arithmetic
        if !(0..7_258_118_400_000_000).contains(&micros) {
            return Err(bad());
        }
        DateTime::from_timestamp_micros(micros).map(Self).ok_or_else(bad)
    }
}

/// Parses an event. An event that cannot be parsed becomes [`EventBody::Malformed`], with its own key if that key is usable.
pub fn parse(item: Value, now: DateTime<Utc>) -> ProxyEvent {
    match typed(&item) {
        Ok(event) => event,
        Err(error) => malformed(item, error, now),
    }
}

/// Creates a malformed event, with the reason, from an item that cannot be parsed. A malformed event is stored for inspection, with its own key if
/// that key is usable.
pub fn malformed(item: Value, error: String, now: DateTime<Utc>) -> ProxyEvent {
    let text = item.to_string();
    let eid = item.get("eid").and_then(Value::as_str);
    let eid = eid.filter(|eid| bounded("eid", eid).is_ok() && !eid.contains('\0'));
    // if unreadable items have no usable key, identical items count as one event
    let eid = eid.map_or_else(|| format!("malformed:{}", token::digest(&text)), str::to_owned);
    let proxy = item.get("proxy").and_then(Value::as_str).unwrap_or_default();
    let proxy = proxy.chars().filter(|character| *character != '\0').take(MAX_TEXT).collect();
    // the item is stored as text, in which the NUL is escaped
    let body = if has_nul(&item) { Value::String(text) } else { item };
    ProxyEvent { eid, at: now, proxy, body: EventBody::Malformed { error, body } }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn typed(item: &Value) -> Result<ProxyEvent, String> {
    if has_nul(item) {
        return Err(NUL.to_owned());
    }
    let raw = RawEvent::deserialize(item).map_err(|error| error.to_string())?;
    bounded("eid", &raw.eid)?;
    let texts = [&raw.request_id, &raw.to_tag, &raw.user, &raw.contact, &raw.src, &raw.user_agent];
    let texts = texts.into_iter().chain([&raw.call_id, &raw.from_tag, &raw.dialed]);
    if texts.flatten().any(|text| text.len() > MAX_TEXT) || raw.proxy.len() > MAX_TEXT {
        return Err(format!("A text is longer than {MAX_TEXT} bytes."));
    }
    let body = body(&raw)?;
    Ok(ProxyEvent { eid: raw.eid, at: raw.ts.0, proxy: raw.proxy, body })
}

fn body(raw: &RawEvent) -> Result<EventBody, String> {
    let kind = match raw.kind.as_str() {
        "authorized" | "emergency" => CallEventKind::Authorized,
        "ringing" => CallEventKind::Ringing,
        "answered" => CallEventKind::Answered,
        "ended" => CallEventKind::Ended {
            by: ended_by(raw)?,
            cause: cause(raw)?,
            answered_at: raw.answered_ts.as_ref().map(|micros| micros.0),
        },
        "failed" => CallEventKind::Failed {
            code: raw.code.ok_or("A `failed` event has no code.")?,
            by: ended_by(raw)?,
        },
        "abandoned" => {
            let request_id = raw.request_id.clone().ok_or("An `abandoned` event has no request_id.")?;
            return Ok(EventBody::Abandoned { request_id, code: raw.code });
        }
        "online" | "offline" => return phone(raw),
        "boot" => return Ok(EventBody::Boot),
        other => return Err(format!("The event has the unknown kind {other:?}.")),
    };
    let reference = raw.reference.ok_or("A call event has no ref.")?;
    if raw.kind == "emergency" || raw.emergency_ts.is_some() {
        return Ok(EventBody::Emergency {
            call: emergency(raw, reference)?,
            to_tag: raw.to_tag.clone(),
            kind,
        });
    }
    Ok(EventBody::Call { reference, to_tag: raw.to_tag.clone(), kind })
}

/// The fields of an emergency call that the proxy put through without asking the API.
fn emergency(raw: &RawEvent, reference: Uuid) -> Result<EmergencyCall, String> {
    let given = |name: &str, text: &Option<String>| {
        text.clone()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| format!("An emergency call has no {name}."))
    };
    let max_seconds = raw.max_seconds.filter(|seconds| (1..=LONGEST_EMERGENCY).contains(seconds));
    Ok(EmergencyCall {
        reference,
        user: given("user", &raw.user)?,
        dialed: given("dialed", &raw.dialed)?,
        since: raw.emergency_ts.as_ref().ok_or("An emergency call has no emergency_ts.")?.0,
        max_seconds: max_seconds
            .ok_or_else(|| format!("`max_seconds` of an emergency call must be 1 to {LONGEST_EMERGENCY}."))?,
        call_id: given("call_id", &raw.call_id)?,
        from_tag: given("from_tag", &raw.from_tag)?,
    })
}

fn phone(raw: &RawEvent) -> Result<EventBody, String> {
    Ok(EventBody::Phone {
        user: raw.user.clone().ok_or("A phone event has no user.")?,
        online: raw.kind == "online",
        contact: raw.contact.clone(),
        source: raw.src.clone(),
        user_agent: raw.user_agent.clone(),
    })
}

fn ended_by(raw: &RawEvent) -> Result<EndedBy, String> {
    if raw.cause.as_deref() == Some("api") {
        return Ok(EndedBy::Api);
    }
    match raw.by.as_deref() {
        Some("caller") => Ok(EndedBy::Caller),
        Some("callee") => Ok(EndedBy::Callee),
        Some("proxy") => Ok(EndedBy::Proxy),
        other => Err(format!("`by` must be caller, callee or proxy, not {other:?}.")),
    }
}

fn cause(raw: &RawEvent) -> Result<EndCause, String> {
    match raw.cause.as_deref() {
        Some("bye") => Ok(EndCause::Bye),
        Some("max_duration") => Ok(EndCause::MaxDuration),
        Some("keepalive_lost") => Ok(EndCause::KeepaliveLost),
        Some("no_ack") => Ok(EndCause::NoAck),
        Some("api") => Ok(EndCause::Api),
        Some("rpc") => Ok(EndCause::Rpc),
        other => Err(format!("The event has the unknown cause {other:?}.")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp_micros(1_795_388_618_747_375).expect("a time")
    }

    #[test]
    fn an_end_carries_its_answer_to_the_microsecond() {
        let event = parse(
            json!({"eid":"e1","kind":"ended","ts":"1795388618747375","proxy":"sip1","ref":"1472c42e-9d02-4bf4-969d-8cc8cdbd0658",
                "call_id":"c","from_tag":"f","to_tag":"t","handle":"1:2","by":"caller","cause":"bye","answered_ts":"1795388617239687"}),
            now(),
        );
        let EventBody::Call { kind: CallEventKind::Ended { by, cause, answered_at }, to_tag, .. } =
            event.body
        else {
            panic!("{event:?}")
        };
        assert_eq!((by, cause, to_tag.as_deref()), (EndedBy::Caller, EndCause::Bye, Some("t")));
        assert_eq!(answered_at.map(|at| at.timestamp_micros()), Some(1_795_388_617_239_687));
        assert_eq!(event.at, now());
    }

    #[test]
    fn what_is_not_understood_is_kept_under_its_own_key() {
        for (item, why) in [
            (json!({"eid":"x","kind":"dance","ts":"1"}), "unknown kind"),
            (
                json!({"eid":"x","kind":"ended","ts":"1","ref":"1472c42e-9d02-4bf4-969d-8cc8cdbd0658","by":"caller"}),
                "unknown cause",
            ),
            (json!({"eid":"x","kind":"answered","ts":"1"}), "has no ref"),
            (
                json!({"eid":"x","kind":"emergency","ts":"1","ref":"1472c42e-9d02-4bf4-969d-8cc8cdbd0658","user":"u"}),
                "has no dialed",
            ),
            (
                json!({"eid":"x","kind":"ended","ts":"1","ref":"1472c42e-9d02-4bf4-969d-8cc8cdbd0658","by":"caller","cause":"bye",
                    "emergency_ts":"1","user":"u","dialed":"190","call_id":"c","from_tag":"f","max_seconds":0}),
                "max_seconds",
            ),
            (json!({"eid":"x","kind":"answered","ts":"yesterday"}), "microseconds"),
            (json!({"eid":"x","kind":"answered","ts":"-5"}), "microseconds"),
            (json!({"eid":"x","kind":"online","ts":"1","user":"u".repeat(300)}), "longer"),
        ] {
            let event = parse(item.clone(), now());
            let EventBody::Malformed { error, body } = event.body else { panic!("{item} parsed") };
            assert!(error.contains(why), "{item}: {error}");
            assert_eq!((event.eid.as_str(), body), ("x", item));
        }
        let twice = [parse(json!("noise"), now()), parse(json!("noise"), now())];
        assert_eq!(twice[0].eid, twice[1].eid);
    }

    #[test]
    fn a_call_that_we_hung_up_was_ended_by_us() {
        let event = parse(
            json!({"eid":"e","kind":"failed","ts":"1","ref":"1472c42e-9d02-4bf4-969d-8cc8cdbd0658","code":487,"by":"proxy","cause":"api"}),
            now(),
        );
        let EventBody::Call { kind: CallEventKind::Failed { code, by }, .. } = event.body else {
            panic!("{event:?}")
        };
        assert_eq!((code, by), (487, EndedBy::Api));
    }
}
