//! One attempt to call, answered or not. The call's id is the `ref` that the proxy carries.

use std::sync::Arc;

use billing::rating::Pricing;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::charges::Charges;
use crate::columns::{CallState, EndCause, EndedBy, Micros};
use crate::levels::Levels;
use crate::view::view;

/// One attempt to call, answered or not. The call's id is the `ref` that the proxy carries.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
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
    /// User who opened the session; null if there is no session.
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
    /// When the authorization was requested, by the server's clock.
    pub authorized_at: DateTimeUtc,
    /// When the phone first rang, by the proxy's clock.
    pub ringing_at: Option<DateTimeUtc>,
    /// When the call was answered, by the proxy's clock.
    pub answered_at: Option<DateTimeUtc>,
    /// When the call ended, by the proxy's clock.
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
    /// The charge at every level, in the order of `levels`; empty until an answered call ends. All charges are zero if the call was later corrected to
    /// unanswered.
    pub charges: Charges,
    /// ISO 4217 code.
    pub currency: String,
    /// The rate of the call at each level, beginning with the customer's level: the rates that were in force at authorization.
    pub levels: Levels,
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
    /// The amounts that the live call reserves at each level, in micros and in the order of `levels`: a list of integers, empty once the call is
    /// over.
    pub holds: Json,
    /// When to reserve money for more seconds; null before the answer and after the end.
    pub extend_at: Option<DateTimeUtc>,
    /// Seconds of talk after which to check whether the call ends soon; null if no check is needed or the end was already announced.
    pub warn_after: Option<i32>,
    /// Whether the approaching end of the call was announced.
    pub ending_soon: bool,
    /// The limit in seconds that the proxy has confirmed.
    pub confirmed: i32,
    /// Whether the call's end is an estimate, made by reconciliation or because an `ended` event had impossible times. An `ended` event with the true
    /// end replaces the estimate.
    pub estimated: bool,
    /// Price of the seconds beyond `covered`, which the customer does not pay.
    pub written_off: Micros,
    /// Day of the attempt in the callshop's time zone, `YYYY-MM-DD`.
    pub attempt_day: String,
    /// Day of the answer in the callshop's time zone, `YYYY-MM-DD`.
    pub answer_day: Option<String>,
    /// Whether the call was answered more than a day before or after the time of the attempt. Reports use this flag to find calls that were answered
    /// long before or after their attempts. The flag is normally false, so answering a call normally adds no entry to the flag's partial index.
    pub answered_far: bool,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The facts of a new attempt to call.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// See [`Model::id`].
    pub id: Uuid,
    /// See [`Model::callshop_id`].
    pub callshop_id: Uuid,
    /// See [`Model::cabin_id`].
    pub cabin_id: Option<Uuid>,
    /// The session that is billed for the call, and the user who opened the session.
    pub session: Option<(Uuid, Uuid)>,
    /// See [`Model::phone_id`].
    pub phone_id: Uuid,
    /// See [`Model::request_id`].
    pub request_id: String,
    /// See [`Model::dialed`].
    pub dialed: String,
    /// See [`Model::number`].
    pub number: String,
    /// See [`Model::destination`].
    pub destination: String,
    /// See [`Model::emergency`].
    pub emergency: bool,
    /// See [`Model::authorized_at`].
    pub authorized_at: DateTimeUtc,
    /// See [`Model::covered`]. The proxy gets this limit together with the decision, so the limit counts as confirmed.
    pub covered: i32,
    /// See [`Model::currency`].
    pub currency: String,
    /// See [`Model::levels`].
    pub levels: Levels,
    /// See [`Model::holds`].
    pub holds: Json,
    /// See [`Model::proxy`].
    pub proxy: String,
    /// See [`Model::sip_call_id`].
    pub sip_call_id: String,
    /// See [`Model::from_tag`].
    pub from_tag: String,
    /// See [`Model::warn_after`].
    pub warn_after: Option<i32>,
    /// See [`Model::attempt_day`].
    pub attempt_day: String,
}

impl Model {
    /// The row of an attempt that is allowed. No other code creates rows of `call`.
    pub fn new(new: NewCall) -> Self {
        Self {
            id: new.id,
            callshop_id: new.callshop_id,
            cabin_id: new.cabin_id,
            session_id: new.session.map(|(session, _)| session),
            attendant_id: new.session.map(|(_, attendant)| attendant),
            phone_id: new.phone_id,
            request_id: new.request_id,
            dialed: new.dialed,
            number: new.number,
            destination: new.destination,
            emergency: new.emergency,
            state: CallState::Authorized,
            authorized_at: new.authorized_at,
            ringing_at: None,
            answered_at: None,
            ended_at: None,
            covered: new.covered,
            sip_code: None,
            ended_by: None,
            cause: None,
            refusal: None,
            talk_seconds: 0,
            billed_seconds: 0,
            charge: Micros(0),
            charges: Charges::default(),
            currency: new.currency,
            levels: new.levels,
            proxy: new.proxy,
            sip_call_id: new.sip_call_id,
            from_tag: new.from_tag,
            to_tag: None,
            hang_up_by: None,
            holds: new.holds,
            extend_at: None,
            confirmed: new.covered,
            estimated: false,
            written_off: Micros(0),
            warn_after: new.warn_after,
            ending_soon: false,
            attempt_day: new.attempt_day,
            answer_day: None,
            answered_far: false,
        }
    }

    /// The row of the same attempt, refused for the reason `refusal`. The phone gets `sip_code`.
    #[must_use]
    pub fn refused(self, refusal: &str, sip_code: u16) -> Self {
        Self {
            state: CallState::Refused,
            ended_at: Some(self.authorized_at),
            sip_code: Some(sip_code.into()),
            refusal: Some(refusal.to_owned()),
            ..self
        }
    }
}

view! {
    /// The columns of a call that readers may see. The view leaves out columns that only the proxy and this program use. Activities store the view
    /// of a call as JSON, so a column that a later release adds to the view needs a default. The JSON omits ids that are columns of the activity, and
    /// values that are zero, false or null.
    View {
        #[serde(default, skip_serializing)]
        id: Uuid,
        #[serde(default, skip_serializing)]
        callshop_id: Uuid,
        #[serde(default, skip_serializing)]
        cabin_id: Option<Uuid>,
        #[serde(default, skip_serializing)]
        session_id: Option<Uuid>,
        dialed: String,
        number: String,
        destination: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
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
        #[serde(default, skip_serializing_if = "is_zero")]
        talk_seconds: i32,
        #[serde(default, skip_serializing_if = "is_zero")]
        billed_seconds: i32,
        #[serde(default, skip_serializing_if = "is_zero")]
        charge: Micros,
        currency: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        estimated: bool,
        #[serde(default, skip_serializing_if = "is_zero")]
        written_off: Micros,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ending_soon: bool,
        ;
        #[serde(skip)]
        levels: Levels,
        ;
        /// The customer's price.
        #[serde(default = "Retail::none", skip_serializing_if = "Retail::is_not_shown")]
        retail: Retail = Retail::Unread,
    }
    details:
        dialed,
        authorized_at,
        ringing_at,
        sip_code,
        ended_by,
        cause,
        refusal,
        billed_seconds,
        written_off,
        ending_soon,
}

/// The customer's price of a call in a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<ShownPrice>", into = "Option<ShownPrice>")]
pub enum Retail {
    /// The price was not looked up.
    Unread,
    /// The call has no rate.
    None,
    /// The rate, from which the cost up to any time can be computed.
    Rate(Arc<Pricing>),
    /// The price in an activity.
    Shown(ShownPrice),
}

/// The customer's price of a call as stored in an activity. Amounts in micros of the call's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPrice {
    /// Price of sixty seconds, outside time bands.
    pub price_per_minute: Micros,
    /// Fee charged once per answered call.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub connection_fee: Micros,
    /// Price of sixty seconds of the initial increment, outside time bands; `None` if `price_per_minute` applies from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_price: Option<Micros>,
    /// The initial increment, and the size of each step after it, in seconds.
    #[serde(default = "by_second", skip_serializing_if = "is_by_second")]
    pub increments: (u32, u32),
    /// Minimum charge of an answered call.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minimum_charge: Micros,
    /// A call that is shorter than this many seconds is free.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub free_seconds: u32,
    /// Cost of a live call up to the time of the activity; zero for a call that is over.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost: Micros,
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn by_second() -> (u32, u32) {
    (1, 1)
}

fn is_by_second(increments: &(u32, u32)) -> bool {
    *increments == by_second()
}

impl Retail {
    fn none() -> Self {
        Self::None
    }

    fn is_not_shown(&self) -> bool {
        !matches!(self, Self::Shown(_))
    }
}

impl From<Option<ShownPrice>> for Retail {
    fn from(price: Option<ShownPrice>) -> Self {
        price.map_or(Self::None, Self::Shown)
    }
}

impl From<Retail> for Option<ShownPrice> {
    fn from(price: Retail) -> Self {
        match price {
            Retail::Shown(price) => Some(price),
            Retail::Unread | Retail::None | Retail::Rate(_) => None,
        }
    }
}
