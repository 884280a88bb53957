//! A booth of a callshop.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::parents::parents;
use crate::view::by_position;

by_position! {
    /// A booth of a callshop.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "cabin")]
    pub struct Model {
        /// Primary key.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The cabin's callshop.
        pub callshop_id: Uuid,
        /// Number on the door, unique in the callshop.
        pub number: i32,
        /// Display name.
        pub label: String,
        /// The cabin's phone, if any; a phone is in at most one cabin.
        pub phone_id: Option<Uuid>,
        /// Whether a user has taken the cabin out of use.
        pub out_of_service: bool,
        /// When the cabin was retired; null if it was not retired. A retired cabin's history is kept.
        pub retired_at: Option<DateTimeUtc>,
        /// When the cabin was created.
        pub created_at: DateTimeUtc,
    }
}

parents! {
    /// The cabin's callshop.
    Callshop: CallshopId => callshop::AccountId,
    /// The cabin's phone, if any.
    Phone: PhoneId => phone::Id,
}

impl Model {
    /// The row of a new cabin, in service.
    pub fn new(
        id: Uuid,
        callshop_id: Uuid,
        number: i32,
        label: String,
        phone_id: Option<Uuid>,
        created_at: DateTimeUtc,
    ) -> Self {
        Self { id, callshop_id, number, label, phone_id, out_of_service: false, retired_at: None, created_at }
    }
}
