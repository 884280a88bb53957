//! A tariff. The versions of a tariff contain everything that determines the price of a call.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A tariff. The versions of a tariff contain everything that determines the price of a call.
///
/// The default is an empty row. Code that creates a row must set every field that may not be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
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
    /// E.164 prefixes that may not be called: a sorted list of strings.
    pub blocked_prefixes: Json,
    /// Rounding, time zone, bands and holidays of a version that has no base version: `app::rates::Terms`. The tariff stores these values because
    /// it is created before its first version.
    pub first_terms: Json,
    /// When the tariff was created.
    pub created_at: DateTimeUtc,
}

/// The table's relations, one for each foreign key.
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
