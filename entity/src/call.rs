//! One attempt to call, answered or not. Its id is the `ref` that the proxy carries.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{CallState, EndCause, EndedBy, Micros};

/// One attempt to call, answered or not. Its id is the `ref` that the proxy carries.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call")]
pub struct Model {
    /// Id, the hook's `ref`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where.
    pub callshop_id: Uuid,
    /// From which cabin.
    pub cabin_id: Option<Uuid>,
    /// On whose bill; none for a refused or emergency call of a closed cabin.
    pub session_id: Option<Uuid>,
    /// From which phone.
    pub phone_id: Uuid,
    /// The proxy's authorisation request, unique.
    pub request_id: String,
    /// As the customer dialled it.
    pub dialed: String,
    /// E.164 digits, or the short number.
    pub number: String,
    /// Name of the rated destination.
    pub destination: String,
    /// An emergency number: free, always allowed.
    pub emergency: bool,
    /// Where it is.
    pub state: CallState,
    /// When it was asked for.
    pub authorized_at: DateTimeUtc,
    /// Proxy time.
    pub ringing_at: Option<DateTimeUtc>,
    /// Proxy time.
    pub answered_at: Option<DateTimeUtc>,
    /// Proxy time.
    pub ended_at: Option<DateTimeUtc>,
    /// Seconds that may be billed at most.
    pub covered: i32,
    /// Final SIP code of a call that did not come about.
    pub sip_code: Option<i32>,
    /// Who.
    pub ended_by: Option<EndedBy>,
    /// Why.
    pub cause: Option<EndCause>,
    /// Stable code of the reason, of a refused call.
    pub refusal: Option<String>,
    /// Answer to end, whole seconds rounded up, at most `covered`.
    pub talk_seconds: i32,
    /// What the customer pays for.
    pub billed_seconds: i32,
    /// What the customer pays.
    pub charge: Micros,
    /// ISO 4217 code.
    pub currency: String,
    /// The rates of every level, frozen at authorisation: list of `{account_id, payee_id, version_id, pricing}`, the customer's first.
    pub pricing: Json,
    /// Which proxy carries it.
    pub proxy: String,
    /// Dialog identifier.
    pub sip_call_id: String,
    /// Dialog identifier.
    pub from_tag: String,
    /// Dialog identifier.
    pub to_tag: Option<String>,
    /// User who asked to hang up.
    pub hang_up_by: Option<Uuid>,
    /// Micros held at each level while it is live, in the order of `pricing`: a list of integers; empty once it is over.
    pub holds: Json,
    /// When its covered seconds are to be looked at again; none before it is answered and after it is over.
    pub extend_at: Option<DateTimeUtc>,
    /// Seconds that its proxy knows to be covered.
    pub confirmed: i32,
    /// Its end was estimated, by reconciliation or from an `ended` whose times could not be true: a true `ended` corrects it.
    pub estimated: bool,
    /// What the customer would have paid for the seconds beyond `covered`.
    pub written_off: Micros,
    /// Day of the attempt in the callshop's time zone, `YYYY-MM-DD`.
    pub attempt_day: String,
    /// Day of the answer in the callshop's time zone.
    pub answer_day: Option<String>,
    /// It was answered more than a day from its attempt: reports look for those by this. Always false otherwise, so that no index is
    /// written when a call is answered.
    pub answered_far: bool,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
