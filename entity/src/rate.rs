//! The price of one prefix in one tariff version.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;

/// The price of one prefix in one tariff version.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "rate")]
pub struct Model {
    /// The tariff version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version_id: Uuid,
    /// E.164 digits, no plus sign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub prefix: String,
    /// Name of the destination.
    pub destination: String,
    /// Price of sixty seconds, outside the time bands in `band_prices`.
    pub price_per_minute: Micros,
    /// Price of sixty seconds that applies to the initial increment, outside the time bands; if null, `price_per_minute` applies.
    pub initial_price: Option<Micros>,
    /// Fee charged once per answered call.
    pub connection_fee: Micros,
    /// Minimum billed seconds of an answered call.
    pub initial_increment: i32,
    /// Billing step in seconds after the initial increment.
    pub increment: i32,
    /// Minimum charge of an answered call.
    pub minimum_charge: Micros,
    /// Calls that are shorter than this number of seconds are free.
    pub free_seconds: i32,
    /// Prices within time bands: a map from band name to `billing::tariff::BandPrice`.
    pub band_prices: Json,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
