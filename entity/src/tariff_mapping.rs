//! Mappings of carriers' decks that were saved under a name.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::parents::parents;

/// A saved mapping of a carrier's decks.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tariff_mapping")]
pub struct Model {
    /// Primary key, a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account that owns the mapping.
    pub account_id: Uuid,
    /// Name, usually the carrier's; unique in the account.
    pub name: String,
    /// A `billing::carrier_deck::Mapping`.
    pub mapping: Json,
    /// When the mapping was first saved.
    pub created_at: DateTimeUtc,
    /// When the mapping was last saved.
    pub updated_at: DateTimeUtc,
}

parents! {
    /// The account that owns the mapping.
    Account: AccountId => account::Id,
}
