//! The snapshot of a call in an activity. Each step of each call writes a row with a snapshot, so the snapshot contains only data that subscribers
//! see.

use chrono::{DateTime, Utc};
use entity::{ActivityKind, call};
use serde::Deserialize;
use serde_json::{Value, json};

use base::error::{OrFault as _, Result};
use store::NewActivity;

/// An activity about a call, with a snapshot of the call.
///
/// # Errors
/// Fails with a fault if the call cannot be serialized, which should never happen.
pub fn activity(kind: ActivityKind, at: DateTime<Utc>, call: &call::Model) -> Result<NewActivity> {
    // the snapshot has only the customer's prices, because not every subscriber may see the prices at the levels above
    let retail: Vec<&Value> = call.pricing.as_array().into_iter().flatten().take(1).collect();
    let mut snapshot = serde_json::to_value(call::View::of(call, None)).or_fault()?;
    snapshot["pricing"] = json!(retail);
    Ok(NewActivity {
        callshop_id: call.callshop_id,
        at,
        kind,
        cabin_id: call.cabin_id,
        session_id: call.session_id,
        call_id: Some(call.id),
        payload: json!({ "call": snapshot }),
    })
}

/// An activity's payload. Objects other than the call are ignored.
#[derive(Deserialize)]
pub struct Payload {
    /// The call snapshot, if there is one.
    #[serde(default)]
    pub call: Option<call::View>,
}

#[cfg(test)]
pub(super) mod tests {
    use entity::Micros;
    use uuid::Uuid;

    use super::*;

    fn read(payload: &Value) -> Option<call::View> {
        Payload::deserialize(payload).expect("a payload").call
    }

    /// A snapshot of a callshop's call, with more columns than this version stores.
    pub fn whole(id: Uuid) -> Value {
        let at = "2026-11-22T10:00:00.000001Z";
        json!({ "id": id, "callshop_id": id, "cabin_id": id, "session_id": null, "phone_id": id, "request_id": "r",
            "dialed": "00351912345678", "number": "351912345678", "destination": "Portugal", "emergency": false,
            "state": "ENDED", "authorized_at": at, "ringing_at": null, "answered_at": at, "ended_at": at, "covered": 3600,
            "sip_code": null, "ended_by": "CALLER", "cause": "BYE", "refusal": null, "talk_seconds": 90, "billed_seconds": 90,
            "charge": 359_900, "currency": "BRL", "pricing": [{ "rate": 1 }, { "rate": 2 }], "proxy": "sip1", "sip_call_id": "c",
            "from_tag": "f", "to_tag": "t", "hang_up_by": null })
    }

    fn row() -> call::Model {
        let mut row = whole(Uuid::from_u128(1));
        let added = json!({ "holds": [], "extend_at": null, "confirmed": 0, "warn_after": null, "ending_soon": true, "estimated": true, "written_off": 7,
            "attempt_day": "2026-11-22", "answer_day": null, "answered_far": false });
        let (Some(row_fields), Value::Object(added)) = (row.as_object_mut(), added) else {
            panic!("objects")
        };
        row_fields.extend(added);
        serde_json::from_value(row).expect("a row")
    }

    #[test]
    fn what_older_activities_keep_is_read() {
        let view = read(&json!({ "call": whole(Uuid::from_u128(1)) })).expect("a call");
        assert_eq!(
            (view.number.as_str(), view.charge, view.pricing),
            ("351912345678", Micros(359_900), Some(json!([{ "rate": 1 }, { "rate": 2 }])))
        );
        assert_eq!(read(&json!({ "phone": {} })), None);
    }

    #[test]
    fn what_is_shown_comes_back_and_the_prices_above_do_not() {
        let row = row();
        let snapshot =
            activity(ActivityKind::CallEnded, row.authorized_at, &row).expect("an activity").payload;
        let back = read(&snapshot).expect("a call");
        assert_eq!(back, call::View::of(&row, Some(json!([{ "rate": 1 }]))));
        for hidden in ["proxy", "sip_call_id", "from_tag", "to_tag", "hang_up_by", "holds"] {
            assert_eq!(snapshot["call"].get(hidden), None, "{hidden}");
        }
    }
}
