//! Tariffs whose prices follow another tariff.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::parents::parents;

/// How the prices of a tariff follow the prices of another tariff.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tariff_derivation")]
pub struct Model {
    /// The tariff that is derived.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tariff_id: Uuid,
    /// The source; null means the cost tariff of the tariff's owner.
    pub source_tariff_id: Option<Uuid>,
    /// A `billing::derived::DerivationRule`.
    pub rule: Json,
    /// Whether a derived version takes effect at the same time as its source version. If false, derived versions stay drafts.
    pub automatic: bool,
    /// Number of the current rule and source: 1 at first, and one more after each change to either.
    pub revision: i32,
    /// The source's versions that the tariff follows (the version in force and scheduled ones), as a list of ids and times; null before the first
    /// attempt.
    pub followed: Option<Json>,
    /// Why the tariff does not follow its source: a code and a message; null while it follows its source.
    pub problem: Option<Json>,
    /// The time until which a node works on the derivation; after a problem, the time of the next attempt.
    pub next_at: Option<DateTimeUtc>,
    /// When the derivation was created.
    pub created_at: DateTimeUtc,
    /// When the rule or the source last changed.
    pub updated_at: DateTimeUtc,
}

parents! {
    /// The tariff that is derived.
    Tariff: TariffId => tariff::Id,
    ;
    /// The source.
    Source: SourceTariffId => tariff::Id,
}
