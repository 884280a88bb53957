//! A tariff. The versions of a tariff contain everything that determines the price of a call.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::parents::parents;

/// A tariff. The versions of a tariff contain everything that determines the price of a call.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tariff")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account that owns the tariff.
    pub account_id: Uuid,
    /// Display name.
    pub name: String,
    /// ISO 4217 code.
    pub currency: String,
    /// E.164 prefixes to which calls are blocked: a sorted list of strings.
    pub blocked_prefixes: Json,
    /// Rounding, time zone, bands and holidays for a version that has no base version: `app::rates::Terms`. The tariff stores these values because it
    /// is created before its first version.
    pub first_terms: Json,
    /// When the tariff was created.
    pub created_at: DateTimeUtc,
    /// The highest number of a discarded version, so that no number is used again; null if no version was discarded.
    pub last_number: Option<i32>,
    /// When the tariff was archived; null for a tariff in use. An archived tariff gets no new versions and is assigned to no account.
    pub archived_at: Option<DateTimeUtc>,
}

parents! {
    /// The account that owns the tariff.
    Account: AccountId => account::Id,
}

impl Model {
    /// The row of a new tariff without blocked prefixes.
    pub fn new(
        id: Uuid,
        account_id: Uuid,
        name: String,
        currency: String,
        first_terms: Json,
        created_at: DateTimeUtc,
    ) -> Self {
        Self {
            id,
            account_id,
            name,
            currency,
            blocked_prefixes: Json::Array(Vec::new()),
            first_terms,
            created_at,
            last_number: None,
            archived_at: None,
        }
    }
}
