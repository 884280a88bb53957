//! A node of the account tree: the platform, a distributor, a reseller or a callshop.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{AccountKind, Micros};

/// A node of the account tree: the platform, a distributor, a reseller or a callshop.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The parent, which created the account; null only for the platform.
    pub parent_id: Option<Uuid>,
    /// Ids of the accounts from the root to this account, in hex without hyphens, each followed by `/`. The paths of all accounts in a subtree
    /// therefore form a contiguous range.
    pub path: String,
    /// The kind of node.
    pub kind: AccountKind,
    /// Generated short code, the part after `@` in logins.
    pub code: String,
    /// Display name.
    pub name: String,
    /// ISO 4217 code of the account's currency, which is the same in the whole subtree of a distributor.
    pub currency: String,
    /// IANA zone name.
    pub time_zone: String,
    /// BCP 47 tag.
    pub locale: String,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// Tariff that determines what the account pays its parent. The parent assigns this tariff.
    pub cost_tariff_id: Option<Uuid>,
    /// Tariff that determines what a callshop's customers pay; null if the cost tariff determines it.
    pub retail_tariff_id: Option<Uuid>,
    /// How far the CREDIT balance may go below zero; null if unlimited.
    pub credit_limit: Option<Micros>,
    /// The account is notified when its balance plus its credit limit falls below this amount; null if the account is never notified.
    pub low_credit: Option<Micros>,
    /// Whether the balance plus the credit limit was below `low_credit` at the last check. When this becomes true, the account's feed gets an event.
    /// Always false for callshops, because a callshop is notified in the transaction of the call that lowers its credit.
    pub credit_low: bool,
    /// When the account was suspended; null if it is active. A suspension blocks new calls in the account's subtree.
    pub suspended_at: Option<DateTimeUtc>,
    /// When the account was created.
    pub created_at: DateTimeUtc,
}

/// The table's relations: one for each foreign key, and one for the settings of a callshop.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The parent account.
    #[sea_orm(belongs_to = "Entity", from = "Column::ParentId", to = "Column::Id")]
    Parent,
    /// The tariff that determines what the account pays its parent.
    #[sea_orm(
        belongs_to = "super::tariff::Entity",
        from = "Column::CostTariffId",
        to = "super::tariff::Column::Id"
    )]
    CostTariff,
    /// The tariff that determines what a callshop's customers pay.
    #[sea_orm(
        belongs_to = "super::tariff::Entity",
        from = "Column::RetailTariffId",
        to = "super::tariff::Column::Id"
    )]
    RetailTariff,
    /// A callshop's settings.
    #[sea_orm(has_one = "super::callshop::Entity")]
    Callshop,
}

impl Related<super::callshop::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Callshop.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
