//! A call as an activity keeps it: what its watchers are shown, and nothing else, for a row of them is written at each step of each call.

use chrono::{DateTime, Utc};
use entity::{ActivityKind, CallState, EndCause, EndedBy, Micros, call};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::NewActivity;

/// Named as the columns are. What is not there is read as none, zero or empty.
#[derive(Serialize)]
struct Kept<'a> {
    id: Uuid,
    callshop_id: Uuid,
    phone_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    cabin_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<Uuid>,
    dialed: &'a str,
    number: &'a str,
    destination: &'a str,
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
    refusal: Option<&'a str>,
    talk_seconds: i32,
    billed_seconds: i32,
    charge: Micros,
    currency: &'a str,
    /// The customer's level alone: what the levels above pay is not for everybody who watches.
    pricing: Vec<&'a Value>,
    estimated: bool,
    #[serde(skip_serializing_if = "is_zero")]
    written_off: Micros,
}

fn is_zero(amount: &Micros) -> bool {
    amount.0 == 0
}

impl<'a> From<&'a call::Model> for Kept<'a> {
    fn from(call: &'a call::Model) -> Self {
        Self {
            id: call.id,
            callshop_id: call.callshop_id,
            phone_id: call.phone_id,
            cabin_id: call.cabin_id,
            session_id: call.session_id,
            dialed: &call.dialed,
            number: &call.number,
            destination: &call.destination,
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
            refusal: call.refusal.as_deref(),
            talk_seconds: call.talk_seconds,
            billed_seconds: call.billed_seconds,
            charge: call.charge,
            currency: &call.currency,
            pricing: call.pricing.as_array().and_then(|levels| levels.first()).into_iter().collect(),
            estimated: call.estimated,
            written_off: call.written_off,
        }
    }
}

/// An activity about a call, with the call as it is now.
pub(super) fn activity(kind: ActivityKind, at: DateTime<Utc>, call: &call::Model) -> Result<NewActivity> {
    Ok(NewActivity {
        callshop_id: call.callshop_id,
        at,
        kind,
        cabin_id: call.cabin_id,
        session_id: call.session_id,
        call_id: Some(call.id),
        payload: json!({ "call": serde_json::to_value(Kept::from(call)).map_err(Error::fault)? }),
    })
}

/// The call that an activity's payload keeps, if it keeps one; columns that nobody is shown are empty.
///
/// # Errors
/// A fault when it keeps something else.
pub fn read(payload: &Value) -> Result<Option<call::Model>> {
    let Some(kept) = payload.get("call").and_then(Value::as_object) else { return Ok(None) };
    let mut row: Map<String, Value> = [
        ("request_id", json!("")),
        ("proxy", json!("")),
        ("sip_call_id", json!("")),
        ("from_tag", json!("")),
        ("holds", json!([])),
        ("confirmed", json!(0)),
        ("written_off", json!(0)),
        ("attempt_day", json!("")),
        ("estimated", json!(false)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    row.extend(kept.iter().map(|(name, value)| (name.clone(), value.clone())));
    serde_json::from_value(Value::Object(row)).map(Some).map_err(Error::fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every column, as the first edition kept them, which knew no holds.
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
        let row = read(&json!({ "call": whole() })).expect("a call").expect("one");
        assert_eq!((row.proxy.as_str(), row.charge, row.attempt_day.as_str()), ("sip1", Micros(359_900), ""));
        assert!(read(&json!({ "phone": {} })).expect("no call").is_none());
    }

    #[test]
    fn what_is_shown_comes_back_and_the_prices_above_do_not() {
        let row = read(&json!({ "call": whole() })).expect("a call").expect("one");
        let kept = activity(ActivityKind::CallEnded, row.authorized_at, &row).expect("an activity").payload;
        let back = read(&kept).expect("a call").expect("one");
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
