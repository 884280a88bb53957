//! The running balance of one book of an account in one currency.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Book, Micros};

/// The running balance of one book of an account in one currency. Only the platform has several currencies.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "ledger_balance")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The book.
    #[sea_orm(primary_key, auto_increment = false)]
    pub book: Book,
    /// ISO 4217 code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub currency: String,
    /// Sum of the ledger entries of this book in this currency.
    pub balance: Micros,
    /// Amount reserved by live calls; zero in every book other than CREDIT.
    pub held: Micros,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
