//! A SIP account of a callshop.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A SIP account of a callshop.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "phone")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub callshop_id: Uuid,
    /// Generated SIP user name, unique.
    pub sip_user: String,
    /// For people.
    pub label: String,
    /// Digest realm that `ha1` is for.
    pub realm: String,
    /// MD5(user:realm:secret), hex; the secret itself is not kept.
    pub ha1: String,
    /// Since when it may neither register nor call.
    pub blocked_at: Option<DateTimeUtc>,
    /// Registered at the proxy.
    pub online: bool,
    /// Proxy time of the last change of `online`.
    pub online_changed_at: Option<DateTimeUtc>,
    /// SIP contact.
    pub contact: Option<String>,
    /// Address it registered from.
    pub source: Option<String>,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// Name of the proxy that it is, or was last, registered at; none if that is not known.
    pub proxy: Option<String>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
