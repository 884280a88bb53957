//! An immutable movement of money: its entries sum to zero.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::TransferKind;

/// An immutable movement of money: its entries sum to zero.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "ledger_transfer")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Why.
    pub kind: TransferKind,
    /// ISO 4217 code of all its entries.
    pub currency: String,
    /// When.
    pub at: DateTimeUtc,
    /// Who; none for what the proxy caused.
    pub user_id: Option<Uuid>,
    /// For which call.
    pub call_id: Option<Uuid>,
    /// Reason given.
    pub note: String,
    /// The transfer that this one takes back.
    pub reverses: Option<Uuid>,
    /// For which cabin session.
    pub session_id: Option<Uuid>,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
