//! A price table. Everything here but the name and the blocked prefixes is fixed when it is made.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::RoundingMode;

/// A price table. Everything here but the name and the blocked prefixes is fixed when it is made.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tariff")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who owns it.
    pub account_id: Uuid,
    /// For people.
    pub name: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Decimals that a charge is rounded to, 0 to 6.
    pub rounding_decimals: i32,
    /// How.
    pub rounding_mode: RoundingMode,
    /// IANA zone of the bands.
    pub time_zone: String,
    /// List of `billing::TimeBand`.
    pub bands: Json,
    /// List of dates.
    pub holidays: Json,
    /// E.164 prefixes that may not be called, sorted list of strings.
    pub blocked_prefixes: Json,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
