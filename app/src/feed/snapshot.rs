//! The snapshot of a call in an activity. Each step of each call writes a row with a snapshot, so the snapshot contains only data that subscribers
//! see.

use std::sync::Arc;

use billing::money::Micros;
use billing::rating::Pricing;
use chrono::{DateTime, Utc};
use entity::call::{self, Retail};
use entity::{ActivityKind, activity};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::calls::pricing;
use base::error::{OrFault as _, Result};
use store::NewActivity;

/// An activity about a call at the time `at`, with a snapshot of the call. `price` is the customer's price; the prices of the levels above are not
/// stored, because not every subscriber may see them.
///
/// # Errors
/// Fails with a fault if the call cannot be serialized, which should never happen.
pub fn activity(
    kind: ActivityKind,
    at: DateTime<Utc>,
    call: &call::Model,
    price: Option<&Arc<Pricing>>,
) -> Result<NewActivity> {
    let mut snapshot = call::View::of(call);
    if let Some(price) = price {
        snapshot.retail = Retail::Rate(price.clone());
        // the cost of a live call up to now; the cost of an ended call is its charge
        let cost = match call.ended_at {
            None => pricing::so_far(&snapshot, at)?.1,
            Some(_) => Micros::ZERO,
        };
        snapshot.retail = Retail::Shown(pricing::shown(price, cost));
    }
    let snapshot = serde_json::to_value(snapshot).or_fault()?;
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

/// The object that an activity is about, if it is neither a cabin nor a session nor a call. The object may have been deleted since the activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Subject {
    /// A tariff.
    Tariff(Uuid),
    /// An import of a rate deck.
    TariffImport(Uuid),
    /// A version of a tariff.
    TariffVersion(Uuid),
    /// A webhook.
    Webhook(Uuid),
}

/// An activity's payload. Fields other than `call` and `subject` are ignored.
#[derive(Deserialize)]
pub struct Payload {
    #[serde(default)]
    call: Option<call::View>,
    /// The object that the activity is about, if the object has no column in the activity table.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// Why the webhook was disabled, if the activity says so. A later version may know more reasons.
    #[serde(default)]
    pub disabled_reason: Option<String>,
}

impl Payload {
    /// The call snapshot of an activity with these ids, if there is one. The stored snapshot does not repeat the activity's ids.
    pub fn into_call(self, ids: &Ids) -> Option<call::View> {
        let Ids { callshop_id, cabin_id, session_id, call_id } = *ids;
        Some(call::View { id: call_id?, callshop_id, cabin_id, session_id, ..self.call? })
    }
}

/// The objects that an activity concerns.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    /// The callshop.
    pub callshop_id: Uuid,
    /// The cabin, if any.
    pub cabin_id: Option<Uuid>,
    /// The session, if any.
    pub session_id: Option<Uuid>,
    /// The call, if any.
    pub call_id: Option<Uuid>,
}

impl From<&activity::Model> for Ids {
    fn from(row: &activity::Model) -> Self {
        let activity::Model { callshop_id, cabin_id, session_id, call_id, .. } = *row;
        Self { callshop_id, cabin_id, session_id, call_id }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::TimeDelta;
    use entity::call::{NewCall, ShownPrice};
    use entity::{CallState, Levels};
    use serde_json::Value;

    use super::*;

    /// A call whose ids all differ, answered at 10:00 and live.
    fn row() -> call::Model {
        let id = |number: u128| Uuid::from_u128(0x1472_c42e_9d02_4bf4_969d_8cc8_cdbd_0650 + number);
        let at = DateTime::parse_from_rfc3339("2026-11-22T10:00:00.000001Z").expect("a time").to_utc();
        let new = NewCall {
            id: id(1),
            callshop_id: id(2),
            cabin_id: Some(id(3)),
            session: Some((id(4), id(5))),
            phone_id: id(6),
            request_id: "r".to_owned(),
            dialed: "00351912345678".to_owned(),
            number: "351912345678".to_owned(),
            destination: "Portugal".to_owned(),
            emergency: false,
            authorized_at: at,
            covered: 3_600,
            currency: "BRL".to_owned(),
            levels: Levels::default(),
            holds: json!([1]),
            proxy: "sip1".to_owned(),
            sip_call_id: "c".to_owned(),
            from_tag: "f".to_owned(),
            warn_after: None,
            attempt_day: "2026-11-22".to_owned(),
        };
        call::Model {
            state: CallState::Answered,
            answered_at: Some(at),
            to_tag: Some("t".to_owned()),
            extend_at: Some(at),
            ending_soon: true,
            ..call::Model::new(new)
        }
    }

    /// 0.06 a minute, in steps of 60 and 6 seconds, with a fee of 0.001; free below three seconds.
    fn price() -> Arc<Pricing> {
        let rate = json!({ "prefix": "351", "destination": "Portugal", "price_per_minute": 60_000, "connection_fee": 1_000,
            "initial_increment": 60, "increment": 6, "free_seconds": 3 });
        Arc::new(serde_json::from_value(json!({ "rate": rate, "time_zone": "UTC" })).expect("a price"))
    }

    /// The stored snapshot, and the call as a subscriber reads it.
    fn stored(row: &call::Model, after: i64, price: Option<&Arc<Pricing>>) -> (Value, call::View) {
        let at = row.authorized_at + TimeDelta::seconds(after);
        let new = activity(ActivityKind::CallExtended, at, row, price).expect("an activity");
        let NewActivity { callshop_id, cabin_id, session_id, call_id, payload, .. } = new;
        let ids = Ids { callshop_id, cabin_id, session_id, call_id };
        let read = Payload::deserialize(&payload).expect("a payload").into_call(&ids).expect("a call");
        (payload, read)
    }

    #[test]
    fn a_live_call_comes_back_with_its_cost_at_that_time() {
        let (row, price) = (row(), price());
        let (_, back) = stored(&row, 90, Some(&price));
        // 90 seconds are a whole number of steps
        let cost = entity::Micros(91_000);
        let retail = Retail::Shown(ShownPrice {
            price_per_minute: entity::Micros(60_000),
            connection_fee: entity::Micros(1_000),
            increments: (60, 6),
            free_seconds: 3,
            cost,
            ..ShownPrice::default()
        });
        assert_eq!(back, call::View { retail, levels: None, ..call::View::of(&row) });
        let at = row.authorized_at + TimeDelta::seconds(90);
        let view = call::View { retail: Retail::Rate(price), ..call::View::of(&row) };
        let so_far = |call: &call::View| pricing::so_far(call, at).expect("a cost");
        assert_eq!(so_far(&back), (90, cost.into()));
        assert_eq!(
            so_far(&back),
            so_far(&view),
            "a subscriber reads the cost that a query reads at the same time"
        );
        assert_eq!(
            pricing::retail(&back).expect("a price").map(|price| price.connection_fee),
            Some(entity::Micros(1_000))
        );
    }

    #[test]
    fn an_ended_call_comes_back_with_its_charge() {
        let row = call::Model {
            ended_at: Some(row().authorized_at + TimeDelta::seconds(60)),
            charge: entity::Micros(61_000),
            talk_seconds: 60,
            billed_seconds: 60,
            written_off: entity::Micros(7),
            estimated: true,
            emergency: true,
            ..row()
        };
        for price in [None, Some(price())] {
            let (_, back) = stored(&row, 90, price.as_ref());
            let retail =
                price.map_or(Retail::None, |price| Retail::Shown(pricing::shown(&price, Micros::ZERO)));
            assert_eq!(back, call::View { retail, levels: None, ..call::View::of(&row) });
        }
    }

    #[test]
    fn a_snapshot_has_only_what_is_shown_and_no_defaults() {
        let (payload, _) = stored(&row(), 0, Some(&price()));
        let keys: BTreeSet<&str> =
            payload["call"].as_object().expect("a call").keys().map(String::as_str).collect();
        let shown = [
            "answered_at",
            "authorized_at",
            "covered",
            "currency",
            "destination",
            "dialed",
            "ending_soon",
            "number",
            "retail",
            "state",
        ];
        assert_eq!(keys, BTreeSet::from(shown));
        let retail = json!({ "price_per_minute": 60_000, "connection_fee": 1_000, "increments": [60, 6], "free_seconds": 3 });
        assert_eq!(payload["call"]["retail"], retail);
    }

    #[test]
    fn other_payloads_have_no_call() {
        let ids =
            Ids { callshop_id: Uuid::nil(), cabin_id: None, session_id: None, call_id: Some(Uuid::nil()) };
        for payload in [json!({}), json!({ "phone": {} }), json!({ "call": null })] {
            assert_eq!(Payload::deserialize(&payload).expect("a payload").into_call(&ids), None);
        }
    }
}
