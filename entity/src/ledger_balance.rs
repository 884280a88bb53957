//! The running sum of the entries of one book in one currency.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Book, Micros};

/// The running sum of the entries of one book in one currency: several only of the platform.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "ledger_balance")]
pub struct Model {
    /// Whose book.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub book: Book,
    /// ISO 4217 code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub currency: String,
    /// Sum of its entries.
    pub balance: Micros,
    /// Of CREDIT: what live calls hold of it.
    pub held: Micros,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
