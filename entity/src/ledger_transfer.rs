//! An immutable movement of money. The entries of a transfer sum to zero.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::TransferKind;

/// An immutable movement of money. The entries of a transfer sum to zero.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "ledger_transfer")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The reason for the transfer.
    pub kind: TransferKind,
    /// ISO 4217 code of all its entries.
    pub currency: String,
    /// When the transfer was posted, by the server's clock.
    pub at: DateTimeUtc,
    /// The user who caused the transfer; null if a proxy's event caused it.
    pub user_id: Option<Uuid>,
    /// The call to which the transfer belongs, if any.
    pub call_id: Option<Uuid>,
    /// Reason that the user gave; may be empty.
    pub note: String,
    /// The transfer that this transfer reverses.
    pub reverses: Option<Uuid>,
    /// The cabin session to which the transfer belongs, if any.
    pub session_id: Option<Uuid>,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
