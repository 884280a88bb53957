//! One entry of a ledger transfer. The charges of calls have a table of their own, `call_charge`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Book, Micros, PaymentMethod};

/// One entry of a ledger transfer. The charges of calls have a table of their own, `call_charge`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "ledger_posting")]
pub struct Model {
    /// The transfer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// Position in the transfer: 0, 1, 2 ….
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

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
