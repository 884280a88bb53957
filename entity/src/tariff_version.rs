//! An immutable version of a tariff. A version without `active_from` is a draft. The active version is the one with the latest `active_from` that is
//! not in the future.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::RoundingMode;
use crate::parents::parents;

/// An immutable version of a tariff. A version without `active_from` is a draft. The active version is the one with the latest `active_from` that is
/// not in the future.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tariff_version")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The tariff.
    pub tariff_id: Uuid,
    /// Number in its tariff: 1, 2, 3 ….
    pub number: i32,
    /// When the version takes effect; null for a draft.
    pub active_from: Option<DateTimeUtc>,
    /// Whether the owner's feed must still report that this scheduled version took effect.
    pub starts_later: bool,
    /// Number of decimals to which a charge is rounded, 0 to 6.
    pub rounding_decimals: i32,
    /// Rounding direction.
    pub rounding_mode: RoundingMode,
    /// IANA time zone of the bands and holidays.
    pub time_zone: String,
    /// List of `billing::tariff::TimeBand`.
    pub bands: Json,
    /// List of dates, `YYYY-MM-DD`.
    pub holidays: Json,
    /// Number of rates in the version.
    pub rate_count: i32,
    /// Description for users.
    pub note: String,
    /// The version from which this version was made; null for the first version. A version can be activated only as the direct successor of its base
    /// version.
    pub base_version_id: Option<Uuid>,
    /// The version of another tariff from which this version was derived; null for other versions.
    pub source_version_id: Option<Uuid>,
    /// The revision of the tariff's derivation with which this version was derived; null for other versions.
    pub source_revision: Option<i32>,
    /// When the version was created.
    pub created_at: DateTimeUtc,
}

parents! {
    /// The tariff.
    Tariff: TariffId => tariff::Id,
    ;
    /// The version from which this version was made.
    BaseVersion: BaseVersionId => tariff_version::Id,
    /// The version from which this version was derived.
    SourceVersion: SourceVersionId => tariff_version::Id,
}
