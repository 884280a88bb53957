//! What a call cost one payer of its chain.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;

/// What a call cost one payer of its chain.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call_charge")]
pub struct Model {
    /// Which call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// 0 the customer, 1 the callshop, 2 its parent, and so on up.
    #[sea_orm(primary_key, auto_increment = false)]
    pub level: i32,
    /// Who pays (the callshop itself at level 0, on behalf of the customer).
    pub account_id: Uuid,
    /// The tariff version.
    pub version_id: Uuid,
    /// Seconds billed at this level.
    pub billed_seconds: i32,
    /// Amount.
    pub amount: Micros,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
