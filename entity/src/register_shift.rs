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

/// The table's relations, one for each foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The callshop.
    #[sea_orm(
        belongs_to = "super::callshop::Entity",
        from = "Column::CallshopId",
        to = "super::callshop::Column::AccountId"
    )]
    Callshop,
    /// The user who opened the shift.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::OpenedBy", to = "super::user::Column::Id")]
    OpenedBy,
    /// The user who closed the shift.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::ClosedBy", to = "super::user::Column::Id")]
    ClosedBy,
}

impl Related<super::callshop::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Callshop.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
