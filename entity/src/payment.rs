//! Money that a customer paid or got back: a deposit, part of a settlement, or a refund.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, PaymentKind, PaymentMethod};

/// Money that a customer paid or got back: a deposit, part of a settlement, or a refund.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The callshop.
    pub callshop_id: Uuid,
    /// The session that was paid or refunded.
    pub session_id: Uuid,
    /// The shift in whose register the money moved.
    pub shift_id: Uuid,
    /// The payment method.
    pub method: PaymentMethod,
    /// Amount received, net of change; for a refund, the amount returned. Never negative.
    pub amount: Micros,
    /// The user who handled the payment.
    pub user_id: Uuid,
    /// When the payment was made, server time.
    pub at: DateTimeUtc,
    /// The purpose of the payment. It also says whether the customer paid or got money back.
    pub kind: PaymentKind,
    /// Reason for a refund; null otherwise.
    pub reason: Option<String>,
    /// The payment's number in another system, such as a card terminal's NSU or a Pix transaction id; null if none was given.
    pub reference: Option<String>,
}

/// The table's relations, one for each foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The callshop.
    #[sea_orm(
        belongs_to = "super::callshop::Entity",
        from = "Column::CallshopId",
        to = "super::callshop::Column::AccountId"
    )]
    Callshop,
    /// The session that was paid or refunded.
    #[sea_orm(
        belongs_to = "super::cabin_session::Entity",
        from = "Column::SessionId",
        to = "super::cabin_session::Column::Id"
    )]
    Session,
    /// The shift in whose register the money moved.
    #[sea_orm(
        belongs_to = "super::register_shift::Entity",
        from = "Column::ShiftId",
        to = "super::register_shift::Column::Id"
    )]
    Shift,
    /// The user who handled the payment.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
}

impl Related<super::callshop::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Callshop.def()
    }
}

impl Related<super::cabin_session::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Session.def()
    }
}

impl Related<super::register_shift::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Shift.def()
    }
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
