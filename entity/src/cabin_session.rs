//! One customer's use of a cabin, from opening to settlement.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, SessionMode, SessionState};
use crate::parents::parents;
use crate::view::by_position;

by_position! {
    /// One customer's use of a cabin, from opening to settlement.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "cabin_session")]
    pub struct Model {
        /// Primary key.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The callshop.
        pub callshop_id: Uuid,
        /// The session's current cabin; a session can move to another cabin.
        pub cabin_id: Uuid,
        /// The shift in which the session was opened.
        pub shift_id: Uuid,
        /// Whether the customer pays before or after the calls.
        pub mode: SessionMode,
        /// Lifecycle state.
        pub state: SessionState,
        /// The customer's name; may be empty.
        pub customer: String,
        /// Maximum cost of the calls; null if there is no limit.
        pub spending_limit: Option<Micros>,
        /// Maximum talk time in seconds; null if there is no limit.
        pub time_limit: Option<i32>,
        /// Whether the session was carried over, unpaid, when a shift closed.
        pub carried_over: bool,
        /// User who opened the session.
        pub opened_by: Uuid,
        /// When the session was opened.
        pub opened_at: DateTimeUtc,
        /// User who closed the session.
        pub closed_by: Option<Uuid>,
        /// When closing was requested; the session is CLOSING until its calls end.
        pub closed_at: Option<DateTimeUtc>,
        /// Total of the final statement; null until the statement is final.
        pub total: Option<Micros>,
        /// The shift that received the payment.
        pub settled_shift_id: Option<Uuid>,
        /// User who settled the session.
        pub settled_by: Option<Uuid>,
        /// When the session was settled.
        pub settled_at: Option<DateTimeUtc>,
        /// Amount that cash rounding added to the total; may be negative.
        pub cash_rounding: Micros,
        /// Receipt number, consecutive in the callshop; null until settled.
        pub receipt_number: Option<i64>,
        /// Amount paid in advance for calls; only in a PREPAID session.
        pub deposit: Micros,
        /// Whether the warning about a nearly used-up deposit has been sent since the last deposit.
        pub deposit_low: bool,
        /// Sum of the calls on the final statement.
        pub calls_total: Option<Micros>,
        /// Sum of the items on the final statement.
        pub items_total: Option<Micros>,
        /// Sum of the discounts on the final statement, not negative.
        pub discounts_total: Option<Micros>,
        /// Amount that rounding added to the total of the final statement. `total = calls + items - discounts + rounding`.
        pub rounding: Option<Micros>,
        /// Amount refunded after settlement.
        pub refunded: Micros,
    }
}

parents! {
    /// The callshop.
    Callshop: CallshopId => callshop::AccountId,
    /// The session's current cabin.
    Cabin: CabinId => cabin::Id,
    ;
    /// The shift in which the session was opened.
    Shift: ShiftId => register_shift::Id,
    /// The user who opened the session.
    OpenedBy: OpenedBy => user::Id,
    /// The user who closed the session.
    ClosedBy: ClosedBy => user::Id,
    /// The shift that received the payment.
    SettledShift: SettledShiftId => register_shift::Id,
    /// The user who settled the session.
    SettledBy: SettledBy => user::Id,
}
