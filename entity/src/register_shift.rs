//! A shift of the cash register, from opening to closing.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;
use crate::parents::parents;

/// A shift of the cash register, from opening to closing.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "register_shift")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The callshop.
    pub callshop_id: Uuid,
    /// Number of the shift, consecutive in the callshop; also the number of its Z report.
    pub number: i64,
    /// User who opened the shift.
    pub opened_by: Uuid,
    /// When the shift was opened.
    pub opened_at: DateTimeUtc,
    /// Cash counted at opening.
    pub float_amount: Micros,
    /// User who closed the shift.
    pub closed_by: Option<Uuid>,
    /// When the shift was closed; null while the shift is open.
    pub closed_at: Option<DateTimeUtc>,
    /// The shift's final report, which never changes; null while the shift is open.
    pub z_report: Option<Json>,
}

parents! {
    /// The callshop.
    Callshop: CallshopId => callshop::AccountId,
    ;
    /// The user who opened the shift.
    OpenedBy: OpenedBy => user::Id,
    /// The user who closed the shift.
    ClosedBy: ClosedBy => user::Id,
}
