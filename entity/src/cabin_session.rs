//! One customer's use of a cabin, from opening to settlement.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, SessionMode, SessionState};

/// One customer's use of a cabin, from opening to settlement.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "cabin_session")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where.
    pub callshop_id: Uuid,
    /// In which cabin now.
    pub cabin_id: Uuid,
    /// The shift it was opened in.
    pub shift_id: Uuid,
    /// Pays after or before.
    pub mode: SessionMode,
    /// Where it is.
    pub state: SessionState,
    /// Name, if given.
    pub customer: String,
    /// Calls may cost this at most.
    pub spending_limit: Option<Micros>,
    /// Talk seconds allowed at most.
    pub time_limit: Option<i32>,
    /// Unpaid when its shift closed, and named there.
    pub carried_over: bool,
    /// User.
    pub opened_by: Uuid,
    /// When.
    pub opened_at: DateTimeUtc,
    /// User.
    pub closed_by: Option<Uuid>,
    /// When closing was asked for.
    pub closed_at: Option<DateTimeUtc>,
    /// Amount of the final statement.
    pub total: Option<Micros>,
    /// The shift that took the money.
    pub settled_shift_id: Option<Uuid>,
    /// User.
    pub settled_by: Option<Uuid>,
    /// When.
    pub settled_at: Option<DateTimeUtc>,
    /// What cash rounding added to the total.
    pub cash_rounding: Micros,
    /// Consecutive in the callshop.
    pub receipt_number: Option<i64>,
    /// Paid in advance, for calls; only of a PREPAID session.
    pub deposit: Micros,
    /// Of the final statement: what the calls came to.
    pub calls_total: Option<Micros>,
    /// Of the final statement: what the items came to.
    pub items_total: Option<Micros>,
    /// Of the final statement: what was taken off, not negative.
    pub discounts_total: Option<Micros>,
    /// Of the final statement: what rounding it once added. `total = calls + items - discounts + rounding`.
    pub rounding: Option<Micros>,
    /// Given back after it was settled.
    pub refunded: Micros,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
