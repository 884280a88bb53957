//! The changes that dry runs of imports found.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::RateChangeKind;
use crate::parents::parents;

/// A prefix whose rate an import would change. Only the first changes of an import are stored.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tariff_import_change")]
pub struct Model {
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    /// E.164 digits, no plus sign.
    #[sea_orm(primary_key, auto_increment = false)]
    pub prefix: String,
    /// How the prefix differs from the base version; never `UNCHANGED`.
    pub kind: RateChangeKind,
    /// The rate before and after the change. The crate `app` defines the format.
    pub rates: Json,
}

parents! {
    /// The import.
    Import: ImportId => tariff_import::Id,
}
