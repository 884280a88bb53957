//! Settings that only a callshop has; its account has the same id.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings that only a callshop has; its account has the same id.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "callshop")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// `billing::DialPlan`.
    pub dial_plan: Json,
    /// Longest call, whatever the credit.
    pub max_call_seconds: i32,
    /// E.164 prefixes that may not be called, sorted list of strings.
    pub blocked_prefixes: Json,
    /// What called parties are shown: digits with an optional `+`; empty makes calls anonymous.
    pub caller_id: String,
    /// Number of the next register shift.
    pub next_shift_number: i64,
    /// Number of the next receipt.
    pub next_receipt_number: i64,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
