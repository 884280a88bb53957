//! A SIP account of a callshop.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::parents::parents;
use crate::view::by_position;

by_position! {
    /// A SIP account of a callshop.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "phone")]
    pub struct Model {
        /// Primary key.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The phone's callshop.
        pub callshop_id: Uuid,
        /// Generated SIP user name, unique.
        pub sip_user: String,
        /// Display name.
        pub label: String,
        /// Digest realm of `ha1`.
        pub realm: String,
        /// MD5(user:realm:secret), hex; the secret itself is not stored.
        pub ha1: String,
        /// When the phone was blocked; null if the phone is not blocked. A blocked phone can call only emergency numbers.
        pub blocked_at: Option<DateTimeUtc>,
        /// Whether the phone is registered at a proxy.
        pub online: bool,
        /// When `online` last changed, by the proxy's clock.
        pub online_changed_at: Option<DateTimeUtc>,
        /// SIP contact of the registration.
        pub contact: Option<String>,
        /// Network address from which the phone registered.
        pub source: Option<String>,
        /// User-Agent that the phone sent.
        pub user_agent: Option<String>,
        /// Name of the proxy where the phone is or was last registered; null if not known.
        pub proxy: Option<String>,
        /// When the phone was created.
        pub created_at: DateTimeUtc,
    }
}

parents! {
    /// The phone's callshop.
    Callshop: CallshopId => callshop::AccountId,
}
