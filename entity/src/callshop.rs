//! Settings that only a callshop has; its account has the same id.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;

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
    /// Cash is paid in multiples of this; none for the minor unit.
    pub cash_step: Option<Micros>,
    /// Name on receipts; empty for the account's.
    pub legal_name: String,
    /// Tax id on receipts.
    pub tax_id: String,
    /// Address on receipts, lines apart; may be empty.
    pub address: String,
    /// Last lines of receipts.
    pub receipt_footer: String,
    /// Receipts show dialled numbers without their last digits but two.
    pub mask_numbers: bool,
    /// What an attendant may take off one session's bill at most.
    pub attendant_max_discount: Micros,
    /// What an attendant may give back of one session at most.
    pub attendant_max_refund: Micros,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
