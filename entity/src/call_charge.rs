//! The charge of a call at one level of its account chain.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;

/// The charge of a call at one level of its account chain.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call_charge")]
pub struct Model {
    /// The call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// Level of the payer: 0 is the customer, 1 is the callshop, 2 is the callshop's parent, and so on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub level: i32,
    /// The paying account. At level 0, the callshop is recorded as the payer, on behalf of the customer.
    pub account_id: Uuid,
    /// The tariff version that priced the call.
    pub version_id: Uuid,
    /// Seconds billed at this level.
    pub billed_seconds: i32,
    /// Amount charged at this level.
    pub amount: Micros,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
