//! One side of a transfer.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Book, Micros, PaymentMethod};

/// One side of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "ledger_entry")]
pub struct Model {
    /// Of which transfer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// 0, 1, 2 … in it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// Whose book.
    pub account_id: Uuid,
    /// Which.
    pub book: Book,
    /// Signed.
    pub amount: Micros,
    /// Of DRAWER: in which shift.
    pub shift_id: Option<Uuid>,
    /// Of DRAWER: money of which kind.
    pub method: Option<PaymentMethod>,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
