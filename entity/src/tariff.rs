//! A tariff. All fields except the name and the blocked prefixes are fixed at creation.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::RoundingMode;

/// A tariff. All fields except the name and the blocked prefixes are fixed at creation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tariff")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account that owns the tariff.
    pub account_id: Uuid,
    /// Display name.
    pub name: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Decimals that a charge is rounded to, 0 to 6.
    pub rounding_decimals: i32,
    /// Rounding direction.
    pub rounding_mode: RoundingMode,
    /// IANA time zone of the bands and holidays.
    pub time_zone: String,
    /// List of `billing::tariff::TimeBand`.
    pub bands: Json,
    /// List of dates, `YYYY-MM-DD`.
    pub holidays: Json,
    /// E.164 prefixes that may not be called: a sorted list of strings.
    pub blocked_prefixes: Json,
    /// When the tariff was created.
    pub created_at: DateTimeUtc,
}

/// The rows that this row refers to, one for each foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The account that owns the tariff.
    #[sea_orm(
        belongs_to = "super::account::Entity",
        from = "Column::AccountId",
        to = "super::account::Column::Id"
    )]
    Account,
}

impl Related<super::account::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Account.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
