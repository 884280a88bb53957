//! Who changed what, from where, before and after. Rows are never changed.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Who changed what, from where, before and after. Rows are never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// Id, in the order of time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// The account whose object was changed.
    pub account_id: Uuid,
    /// Who; none for the operator at the command line.
    pub user_id: Option<Uuid>,
    /// Name of the mutation.
    pub action: String,
    /// What kind of object.
    pub object_kind: String,
    /// Which.
    pub object_id: Uuid,
    /// Address of the client, as the server saw it; empty for the command line.
    pub address: String,
    /// What changed, as it was before; null for something new. Never a secret.
    pub before: Json,
    /// What changed, as it is now. Never a secret.
    pub after: Json,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
