//! Index of live calls: a row exists from the authorization of a call to its end.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A live call. This table is separate from `call`, so that no index of `call` changes while a call is in progress.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "live_call")]
pub struct Model {
    /// The call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// The callshop.
    pub callshop_id: Uuid,
    /// The phone's cabin, if any.
    pub cabin_id: Option<Uuid>,
    /// The session that is billed.
    pub session_id: Option<Uuid>,
    /// The calling phone. A phone has at most one live call, not counting emergency calls.
    pub phone_id: Uuid,
    /// Whether the call is to an emergency number.
    pub emergency: bool,
    /// When to reserve money for more seconds, as in `call`.
    pub extend_at: Option<DateTimeUtc>,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&crate::call::Model> for Model {
    fn from(call: &crate::call::Model) -> Self {
        Self {
            call_id: call.id,
            callshop_id: call.callshop_id,
            cabin_id: call.cabin_id,
            session_id: call.session_id,
            phone_id: call.phone_id,
            emergency: call.emergency,
            extend_at: call.extend_at,
        }
    }
}
