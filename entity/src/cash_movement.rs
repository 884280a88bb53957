//! Cash added to or withdrawn from the drawer, other than sales.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, MovementKind};
use crate::parents::parents;

/// Cash added to or withdrawn from the drawer, other than sales.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "cash_movement")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The callshop.
    pub callshop_id: Uuid,
    /// The shift.
    pub shift_id: Uuid,
    /// Pay-in or pay-out.
    pub kind: MovementKind,
    /// Amount, always positive.
    pub amount: Micros,
    /// Reason that the user gave.
    pub reason: String,
    /// The user who made the movement.
    pub user_id: Uuid,
    /// When the movement was made, by the server's clock.
    pub at: DateTimeUtc,
}

parents! {
    /// The callshop.
    Callshop: CallshopId => callshop::AccountId,
    /// The shift in which the cash was added or withdrawn.
    Shift: ShiftId => register_shift::Id,
    /// The user who moved the cash.
    User: UserId => user::Id,
}
