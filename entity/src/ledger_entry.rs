//! One entry of a ledger transfer, from a view of the tables `ledger_posting` and `call_charge`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Book, Micros, PaymentMethod};

/// One entry of a ledger transfer. This is a row of a view: entries are written as postings or as charges of calls.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "ledger_entry")]
pub struct Model {
    /// The transfer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// Position in the transfer. Positions are in order, but may have gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The account.
    pub account_id: Uuid,
    /// The book.
    pub book: Book,
    /// Signed change to the balance.
    pub amount: Micros,
    /// The register shift; only in DRAWER.
    pub shift_id: Option<Uuid>,
    /// The payment method; only in DRAWER.
    pub method: Option<PaymentMethod>,
}

/// This enum is empty, because a view has no foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
