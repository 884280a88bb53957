//! A login with its rotating refresh tokens.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::parents::parents;

/// A login with its rotating refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "auth_session")]
pub struct Model {
    /// Primary key; the `sid` claim of the login's access tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The user who logged in.
    pub user_id: Uuid,
    /// SHA-256 of the only valid refresh token, hex.
    pub refresh_hash: String,
    /// Number of the valid refresh token, which equals the number of times the login was refreshed.
    pub generation: i64,
    /// User-Agent that the client sent.
    pub user_agent: String,
    /// IP address from which the user logged in.
    pub address: String,
    /// When the user logged in.
    pub created_at: DateTimeUtc,
    /// When the login was last refreshed.
    pub last_used_at: DateTimeUtc,
    /// When the login expires if the client does not refresh it.
    pub expires_at: DateTimeUtc,
    /// When the login was revoked, because the user logged out or was disabled, or because an old refresh token was used again; null if the login is
    /// valid.
    pub revoked_at: Option<DateTimeUtc>,
    /// The only cabin that the login may see, if the login belongs to a customer's screen; otherwise null.
    pub cabin_id: Option<Uuid>,
}

parents! {
    /// The user who logged in.
    User: UserId => user::Id,
    ;
    /// The cabin to which a customer's screen belongs.
    Cabin: CabinId => cabin::Id,
}
