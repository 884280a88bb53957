//! The call snapshot in an activity. It contains only data shown to subscribers, because such a row is written at each step of each call.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use entity::{ActivityKind, CallState, EndCause, EndedBy, Micros, call};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use base::error::{OrFault as _, Result};
use store::NewActivity;

/// Fields are named like the columns. A missing field reads as `None`, zero or empty; extra fields of earlier releases are ignored.
#[derive(Serialize, Deserialize)]
struct CallSnapshot<'a> {
    id: Uuid,
    callshop_id: Uuid,
    phone_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    cabin_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<Uuid>,
    dialed: Cow<'a, str>,
    number: Cow<'a, str>,
    destination: Cow<'a, str>,
    emergency: bool,
    state: CallState,
    authorized_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ringing_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<DateTime<Utc>>,
    covered: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sip_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<EndedBy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<EndCause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Cow<'a, str>>,
    talk_seconds: i32,
    billed_seconds: i32,
    charge: Micros,
    currency: Cow<'a, str>,
    /// Only the customer's level, because not every subscriber may see the prices at the levels above.
    pricing: Vec<Cow<'a, Value>>,
    #[serde(default)]
    estimated: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    written_off: Micros,
}

fn is_zero(amount: &Micros) -> bool {
    amount.0 == 0
}

impl<'a> From<&'a call::Model> for CallSnapshot<'a> {
    fn from(call: &'a call::Model) -> Self {
        Self {
            id: call.id,
            callshop_id: call.callshop_id,
            phone_id: call.phone_id,
            cabin_id: call.cabin_id,
            session_id: call.session_id,
            dialed: Cow::Borrowed(&call.dialed),
            number: Cow::Borrowed(&call.number),
            destination: Cow::Borrowed(&call.destination),
            emergency: call.emergency,
            state: call.state,
            authorized_at: call.authorized_at,
            ringing_at: call.ringing_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            covered: call.covered,
            sip_code: call.sip_code,
            ended_by: call.ended_by,
            cause: call.cause,
            refusal: call.refusal.as_deref().map(Cow::Borrowed),
            talk_seconds: call.talk_seconds,
            billed_seconds: call.billed_seconds,
            charge: call.charge,
            currency: Cow::Borrowed(&call.currency),
            pricing: call
                .pricing
                .as_array()
                .and_then(|levels| levels.first())
                .map(Cow::Borrowed)
                .into_iter()
                .collect(),
            estimated: call.estimated,
            written_off: call.written_off,
        }
    }
}

/// An activity about a call, with a snapshot of the call.
///
/// # Errors
/// A fault if the call cannot be serialized, which does not happen.
pub fn activity(kind: ActivityKind, at: DateTime<Utc>, call: &call::Model) -> Result<NewActivity> {
    Ok(NewActivity {
        callshop_id: call.callshop_id,
        at,
        kind,
        cabin_id: call.cabin_id,
        session_id: call.session_id,
        call_id: Some(call.id),
        payload: json!({ "call": serde_json::to_value(CallSnapshot::from(call)).or_fault()? }),
    })
}

/// An activity's payload. Objects other than the call are ignored.
#[derive(Deserialize)]
pub struct Payload {
    /// The call snapshot, if there is one. Columns not shown to subscribers are empty.
    #[serde(default)]
    pub call: Option<StoredCall>,
}

/// A call snapshot read back from an activity.
#[derive(Deserialize)]
#[serde(from = "CallSnapshot<'static>")]
pub struct StoredCall(pub call::Model);

impl From<CallSnapshot<'_>> for StoredCall {
    fn from(snapshot: CallSnapshot<'_>) -> Self {
        Self(call::Model {
            id: snapshot.id,
            callshop_id: snapshot.callshop_id,
            cabin_id: snapshot.cabin_id,
            session_id: snapshot.session_id,
            phone_id: snapshot.phone_id,
            request_id: String::new(),
            dialed: snapshot.dialed.into_owned(),
            number: snapshot.number.into_owned(),
            destination: snapshot.destination.into_owned(),
            emergency: snapshot.emergency,
            state: snapshot.state,
            authorized_at: snapshot.authorized_at,
            ringing_at: snapshot.ringing_at,
            answered_at: snapshot.answered_at,
            ended_at: snapshot.ended_at,
            covered: snapshot.covered,
            sip_code: snapshot.sip_code,
            ended_by: snapshot.ended_by,
            cause: snapshot.cause,
            refusal: snapshot.refusal.map(Cow::into_owned),
            talk_seconds: snapshot.talk_seconds,
            billed_seconds: snapshot.billed_seconds,
            charge: snapshot.charge,
            currency: snapshot.currency.into_owned(),
            pricing: snapshot.pricing.into_iter().map(Cow::into_owned).collect(),
            proxy: String::new(),
            sip_call_id: String::new(),
            from_tag: String::new(),
            to_tag: None,
            hang_up_by: None,
            holds: json!([]),
            extend_at: None,
            confirmed: 0,
            estimated: snapshot.estimated,
            written_off: snapshot.written_off,
            attempt_day: String::new(),
            answer_day: None,
            answered_far: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &Value) -> Option<call::Model> {
        Payload::deserialize(payload).expect("a payload").call.map(|read| read.0)
    }

    /// Every column as stored by the first release, which had no holds.
    fn whole() -> Value {
        let (id, at) = ("1472c42e-9d02-4bf4-969d-8cc8cdbd0658", "2026-11-22T10:00:00.000001Z");
        json!({ "id": id, "callshop_id": id, "cabin_id": id, "session_id": null, "phone_id": id, "request_id": "r",
            "dialed": "00351912345678", "number": "351912345678", "destination": "Portugal", "emergency": false,
            "state": "ENDED", "authorized_at": at, "ringing_at": null, "answered_at": at, "ended_at": at, "covered": 3600,
            "sip_code": null, "ended_by": "CALLER", "cause": "BYE", "refusal": null, "talk_seconds": 90, "billed_seconds": 90,
            "charge": 359_900, "currency": "BRL", "pricing": [{ "rate": 1 }, { "rate": 2 }], "proxy": "sip1", "sip_call_id": "c",
            "from_tag": "f", "to_tag": "t", "hang_up_by": null })
    }

    #[test]
    fn what_older_activities_keep_is_read() {
        let row = read(&json!({ "call": whole() })).expect("a call");
        assert_eq!(
            (row.number.as_str(), row.charge, row.pricing),
            ("351912345678", Micros(359_900), json!([{ "rate": 1 }, { "rate": 2 }]))
        );
        assert_eq!(read(&json!({ "phone": {} })), None);
    }

    #[test]
    fn what_is_shown_comes_back_and_the_prices_above_do_not() {
        let row = read(&json!({ "call": whole() })).expect("a call");
        let snapshot =
            activity(ActivityKind::CallEnded, row.authorized_at, &row).expect("an activity").payload;
        let back = read(&snapshot).expect("a call");
        let hidden = call::Model {
            request_id: String::new(),
            proxy: String::new(),
            sip_call_id: String::new(),
            from_tag: String::new(),
            to_tag: None,
            pricing: json!([{ "rate": 1 }]),
            ..row
        };
        assert_eq!(back, hidden);
    }
}
