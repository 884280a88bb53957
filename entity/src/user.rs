//! A user.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Role;
use crate::parents::parents;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "user_account")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account whose subtree the user acts on.
    pub account_id: Uuid,
    /// The part of the login before `@`, lower case.
    pub name: String,
    /// Name on screens and receipts.
    pub display_name: String,
    /// BCP 47 tag of the language of messages to the user; null for the account's locale.
    pub locale: Option<String>,
    /// Permissions of the user.
    pub role: Role,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// When the user was disabled and lost the right to log in; null if the user is enabled.
    pub disabled_at: Option<DateTimeUtc>,
    /// Number of failed logins since the last successful login.
    pub failed_logins: i32,
    /// When the last login failed.
    pub last_failed_at: Option<DateTimeUtc>,
    /// Random text; the secret of the authenticator app is derived from this text and the token key. Null if the user never set up a second factor.
    pub totp_seed: Option<String>,
    /// When the second factor was turned on; null if it is off.
    pub totp_since: Option<DateTimeUtc>,
    /// Number, counted from 1970, of the 30-second step whose code was used last. Codes of this step and of earlier steps are no longer accepted.
    pub totp_step: Option<i64>,
    /// SHA-256 of the unused recovery codes, hex, separated by spaces; null if there are none.
    pub recovery_hashes: Option<String>,
    /// When the user was created.
    pub created_at: DateTimeUtc,
}

parents! {
    /// The user's account.
    Account: AccountId => account::Id,
}
