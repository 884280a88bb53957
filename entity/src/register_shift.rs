//! The cash register from opening to closing.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;

/// The cash register from opening to closing.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "register_shift")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which callshop.
    pub callshop_id: Uuid,
    /// Consecutive in the callshop; the Z report has the same.
    pub number: i64,
    /// User.
    pub opened_by: Uuid,
    /// When.
    pub opened_at: DateTimeUtc,
    /// Cash counted at opening.
    pub float_amount: Micros,
    /// User.
    pub closed_by: Option<Uuid>,
    /// When; none while it is open.
    pub closed_at: Option<DateTimeUtc>,
    /// The final report, never changed.
    pub z_report: Option<Json>,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
