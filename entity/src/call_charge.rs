//! What an account pays for a call to the account above it. Part of the ledger.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;

/// What an account pays for a call to the account above it. The row stands for two ledger entries: the payer's CREDIT and the payee's REVENUE.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call_charge")]
pub struct Model {
    /// The transfer, which names the call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// Level of the payer: 1 is the callshop, 2 is the callshop's parent, and so on. The customer's charge is stored only in `call`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub level: i32,
    /// The paying account.
    pub payer_id: Uuid,
    /// The account that is paid.
    pub payee_id: Uuid,
    /// The tariff version that priced the call.
    pub version_id: Uuid,
    /// Amount charged; positive.
    pub amount: Micros,
    /// Seconds billed at this level.
    pub billed_seconds: i32,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
