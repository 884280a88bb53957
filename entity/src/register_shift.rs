//! A shift of the cash register, from opening to closing.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;

/// A shift of the cash register, from opening to closing.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "register_shift")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The callshop.
    pub callshop_id: Uuid,
    /// Consecutive in the callshop; also the number of the Z report.
    pub number: i64,
    /// User who opened the shift.
    pub opened_by: Uuid,
    /// When the shift was opened.
    pub opened_at: DateTimeUtc,
    /// Cash counted at opening.
    pub float_amount: Micros,
    /// User who closed the shift.
    pub closed_by: Option<Uuid>,
    /// When the shift was closed; null while open.
    pub closed_at: Option<DateTimeUtc>,
    /// The final report; immutable.
    pub z_report: Option<Json>,
}

/// Relations are read by id, in the `store` crate.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
