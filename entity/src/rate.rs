//! One prefix's price in one version.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;

/// One prefix's price in one version.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "rate")]
pub struct Model {
    /// Of which version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version_id: Uuid,
    /// E.164 digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub prefix: String,
    /// For people.
    pub destination: String,
    /// Price of a minute.
    pub price_per_minute: Micros,
    /// Charged once when answered.
    pub connection_fee: Micros,
    /// Seconds billed at least.
    pub initial_increment: i32,
    /// Seconds of each further step.
    pub increment: i32,
    /// An answered call costs at least this.
    pub minimum_charge: Micros,
    /// Calls shorter than this cost nothing.
    pub free_seconds: i32,
    /// Band name to `billing::BandPrice`.
    pub band_prices: Json,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
