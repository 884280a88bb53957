//! One attempt to call, answered or not. The call's id is the `ref` that the proxy carries.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{CallState, EndCause, EndedBy, Micros};
use crate::view::view;

/// One attempt to call, answered or not. The call's id is the `ref` that the proxy carries.
///
/// The default is an empty row. Code that creates a row must set every field that may not be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call")]
pub struct Model {
    /// Primary key; the `ref` of the hook.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The callshop.
    pub callshop_id: Uuid,
    /// The phone's cabin, if any.
    pub cabin_id: Option<Uuid>,
    /// The session that is billed; null for a refused or emergency call from a closed cabin.
    pub session_id: Option<Uuid>,
    /// User who opened the session; null without a session.
    pub attendant_id: Option<Uuid>,
    /// The calling phone.
    pub phone_id: Uuid,
    /// Unique id of the proxy's authorization request.
    pub request_id: String,
    /// The digits as the customer dialed them.
    pub dialed: String,
    /// E.164 digits, or the short number.
    pub number: String,
    /// Name of the rated destination.
    pub destination: String,
    /// Whether the call is to an emergency number, and therefore free and always allowed.
    pub emergency: bool,
    /// Lifecycle state.
    pub state: CallState,
    /// When the authorization was requested, server time.
    pub authorized_at: DateTimeUtc,
    /// When the phone first rang, proxy time.
    pub ringing_at: Option<DateTimeUtc>,
    /// When the call was answered, proxy time.
    pub answered_at: Option<DateTimeUtc>,
    /// When the call ended, proxy time.
    pub ended_at: Option<DateTimeUtc>,
    /// Covered time: the maximum number of seconds that may be billed.
    pub covered: i32,
    /// Final SIP code of a call that was not answered.
    pub sip_code: Option<i32>,
    /// Who ended the call.
    pub ended_by: Option<EndedBy>,
    /// Why the call ended.
    pub cause: Option<EndCause>,
    /// Stable reason code of a refused call.
    pub refusal: Option<String>,
    /// Seconds from answer to end, rounded up to whole seconds, at most `covered`.
    pub talk_seconds: i32,
    /// Seconds billed to the customer.
    pub billed_seconds: i32,
    /// Amount charged to the customer.
    pub charge: Micros,
    /// ISO 4217 code.
    pub currency: String,
    /// The rates of every level, copied at authorization: a list of `{account_id, payee_id, version_id, pricing}`, the customer's level first.
    pub pricing: Json,
    /// Name of the proxy that carries the call.
    pub proxy: String,
    /// SIP Call-ID of the dialog.
    pub sip_call_id: String,
    /// SIP From tag of the dialog.
    pub from_tag: String,
    /// SIP To tag of the dialog; null before the answer.
    pub to_tag: Option<String>,
    /// User who requested hang-up.
    pub hang_up_by: Option<Uuid>,
    /// The micros that the live call reserves at each level, in the order of `pricing`: a list of integers, empty once the call is over.
    pub holds: Json,
    /// When to reserve money for more seconds; null before the answer and after the end.
    pub extend_at: Option<DateTimeUtc>,
    /// Seconds of talk after which to check whether the call ends soon; null if that need not be checked, or was announced.
    pub warn_after: Option<i32>,
    /// Whether it was announced that the call ends soon.
    pub ending_soon: bool,
    /// The limit in seconds that the proxy has confirmed.
    pub confirmed: i32,
    /// Whether the call's end is an estimate, by reconciliation or from an `ended` with impossible times. A true `ended` event corrects the end.
    pub estimated: bool,
    /// Price of the seconds beyond `covered`, which the customer does not pay.
    pub written_off: Micros,
    /// Day of the attempt in the callshop's time zone, `YYYY-MM-DD`.
    pub attempt_day: String,
    /// Day of the answer in the callshop's time zone, `YYYY-MM-DD`.
    pub answer_day: Option<String>,
    /// Whether the call was answered more than a day before or after the attempt. Reports use this flag to find calls that were answered
    /// long before or after their attempts. The flag is normally false, so that answering a call writes no index entry.
    pub answered_far: bool,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261129_000001_initial.sql`).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

view! {
    /// The columns of a call that readers may see. The view leaves out columns that only the proxy and this program use. Activities store the view
    /// of a call as JSON, so a column that a later release adds to the view needs a default.
    View {
        id: Uuid,
        callshop_id: Uuid,
        phone_id: Uuid,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cabin_id: Option<Uuid>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session_id: Option<Uuid>,
        dialed: String,
        number: String,
        destination: String,
        emergency: bool,
        state: CallState,
        authorized_at: DateTimeUtc,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ringing_at: Option<DateTimeUtc>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answered_at: Option<DateTimeUtc>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended_at: Option<DateTimeUtc>,
        covered: i32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sip_code: Option<i32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended_by: Option<EndedBy>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<EndCause>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refusal: Option<String>,
        talk_seconds: i32,
        billed_seconds: i32,
        charge: Micros,
        currency: String,
        #[serde(default)]
        estimated: bool,
        #[serde(default)]
        written_off: Micros,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ending_soon: bool,
        ;
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pricing: Json,
    }
}

impl View {
    /// The view of a whole row of `call`, prices included.
    pub fn whole(row: &Model) -> Self {
        Self::of(row, Some(row.pricing.clone()))
    }
}
