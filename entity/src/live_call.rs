//! A call that is up or on its way, as far as it is looked for: its row is there from its authorisation to its end.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A call that is up or on its way. Apart from `call`, so that no index of that table changes while a call goes on.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "live_call")]
pub struct Model {
    /// The call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// Where.
    pub callshop_id: Uuid,
    /// From which cabin.
    pub cabin_id: Option<Uuid>,
    /// On whose bill.
    pub session_id: Option<Uuid>,
    /// From which phone: one live call each, emergency calls aside.
    pub phone_id: Uuid,
    /// An emergency number.
    pub emergency: bool,
    /// When its covered seconds are to be looked at again, as in `call`.
    pub extend_at: Option<DateTimeUtc>,
}

/// Relations are read by id, in `api::store`.
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
