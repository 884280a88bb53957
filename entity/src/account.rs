//! A node of the account tree: the platform, a distributor, a reseller or a callshop.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{AccountKind, Micros};

/// A node of the account tree: the platform, a distributor, a reseller or a callshop.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account that made it; only the platform has none.
    pub parent_id: Option<Uuid>,
    /// Ids from the root to this account, simple hex, each followed by `/`: a subtree is a range of paths.
    pub path: String,
    /// What it is.
    pub kind: AccountKind,
    /// Generated short name, the part behind `@` in logins.
    pub code: String,
    /// Display name.
    pub name: String,
    /// ISO 4217 code, one for a whole distributor's subtree.
    pub currency: String,
    /// IANA zone name.
    pub time_zone: String,
    /// BCP 47 tag.
    pub locale: String,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// What it pays its parent by; assigned by the parent.
    pub cost_tariff_id: Option<Uuid>,
    /// What a callshop's customers pay by; without one the cost tariff.
    pub retail_tariff_id: Option<Uuid>,
    /// How far its CREDIT may go below zero; none is unlimited.
    pub credit_limit: Option<Micros>,
    /// Its people are told when what it may still spend falls below this; none for never.
    pub low_credit: Option<Micros>,
    /// Since when no new calls are allowed below it.
    pub suspended_at: Option<DateTimeUtc>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
