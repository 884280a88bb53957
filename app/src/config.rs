//! Options of the use cases. The server reads these options from its configuration.

use std::path::PathBuf;

use entity::{Role, user};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use crate::webhooks::config::WebhookConfig;

/// The configuration of the use cases.
#[derive(Clone, Debug)]
pub struct Options {
    /// Logins and tokens.
    pub auth: AuthConfig,
    /// Limits of calls.
    pub calls: CallConfig,
    /// Retention of history.
    pub retention: RetentionConfig,
    /// Webhooks.
    pub webhooks: WebhookConfig,
    /// Digest realm of the SIP proxies.
    pub realm: String,
    /// Maximum number of jobs that may wait for the call writer.
    pub queue: usize,
    /// Imports of rate decks.
    pub imports: ImportConfig,
}

/// Imports of uploaded rate decks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportConfig {
    /// The folder of uploaded files. The folder is created when it is first needed.
    pub folder: PathBuf,
    /// Maximum total size, in bytes, of the files uploaded to this node.
    pub spool_bytes: u64,
    /// Maximum size of one file, in bytes.
    pub upload_bytes: u64,
    /// Maximum number of files that this node reads at the same time.
    pub jobs: usize,
}

/// Logins and tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// Key of at least 32 characters that signs access tokens and derives refresh tokens. If no key is set, a key is generated and stored in the
    /// database for all nodes. Changing the key invalidates access tokens immediately; logins continue with their refresh tokens.
    #[serde(serialize_with = "base::secret::hidden")]
    pub token_key: Option<SecretString>,
    /// Lifetime of an access token, in seconds.
    pub access_seconds: i64,
    /// Number of seconds after which a login ends unless it is refreshed.
    pub refresh_seconds: i64,
    /// Roles whose users need a second factor. A user with one of these roles but without a second factor can log in, but can do nothing except set
    /// up the second factor.
    pub require_totp: Vec<Role>,
}

/// Limits and billing rules of calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallConfig {
    /// Maximum ringing time in seconds. The price of a call may change while the phone rings.
    pub ring_seconds: u32,
    /// Maximum call duration in seconds, unless the callshop sets its own.
    pub max_seconds: u32,
    /// Maximum number of seconds for which a call reserves credit at a time (a slice). If no server is running, a call continues for at least half
    /// of a slice.
    pub slice_seconds: u32,
    /// Memory for rate tables, in bytes.
    pub rate_cache_bytes: u64,
    /// Interval in seconds at which live calls and registered phones are compared with each proxy's list. A call missing from two consecutive lists
    /// is closed.
    pub reconcile_seconds: u32,
    /// How to charge a call whose answer the phone never acknowledged. If true, the call is charged from its answer until the proxy ends it, just as
    /// the carrier charges it; if false, the call is free.
    pub charge_unacknowledged: bool,
    /// Maximum difference in seconds between a proxy's clock and the server's. The server does not trust a time that differs by more than this
    /// maximum.
    pub clock_skew_seconds: u32,
}

/// The minimum time for which history is kept. On PostgreSQL, history is deleted in whole months. Ledger entries and used rates are kept forever.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Days to keep activity events, 2 to 400. A subscriber that was disconnected for more days than this starts with a snapshot.
    pub activity_days: u32,
    /// Months to keep calls and their costs, at least 2; 0 keeps them forever.
    pub call_months: u32,
    /// Days to keep the keys of proxy events, 32 to 3650. If an event is repeated after its key was deleted, the event is applied again.
    pub hook_event_days: u32,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            token_key: None,
            access_seconds: 15 * 60,
            refresh_seconds: 30 * 86_400,
            require_totp: Vec::new(),
        }
    }
}

impl Default for CallConfig {
    fn default() -> Self {
        Self {
            ring_seconds: 120,
            max_seconds: 4 * 3600,
            slice_seconds: 600,
            rate_cache_bytes: 256 << 20,
            reconcile_seconds: 30,
            charge_unacknowledged: true,
            clock_skew_seconds: 300,
        }
    }
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { activity_days: 90, call_months: 0, hook_event_days: 90 }
    }
}

impl AuthConfig {
    /// Whether the user lacks a second factor that the user's role requires.
    pub fn needs_totp(&self, user: &user::Model) -> bool {
        user.totp_since.is_none() && self.require_totp.contains(&user.role)
    }

    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// Returns a sentence that names the first option that is out of its bounds.
    pub fn check(&self) -> Result<(), String> {
        use secrecy::ExposeSecret as _;
        let bad = |text: &str| Err(text.to_owned());
        if self.token_key.as_ref().is_some_and(|key| key.expose_secret().len() < 32) {
            return bad("auth.token_key must have at least 32 characters");
        }
        if self.access_seconds < 60 || self.refresh_seconds < self.access_seconds {
            return bad(
                "auth.access_seconds must be at least 60, and auth.refresh_seconds at least auth.access_seconds",
            );
        }
        Ok(())
    }
}

impl CallConfig {
    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// Returns a sentence that names the first option that is out of its bounds.
    pub fn check(&self) -> Result<(), String> {
        let bad = |text: &str| Err(text.to_owned());
        if self.max_seconds == 0 || self.max_seconds > 86_400 || self.ring_seconds > 600 {
            return bad("calls.max_seconds must be 1 to 86400, and calls.ring_seconds at most 600");
        }
        if !(1..=86_400).contains(&self.slice_seconds) {
            return bad("calls.slice_seconds must be 1 to 86400");
        }
        if !(1..=3_600).contains(&self.reconcile_seconds) {
            return bad("calls.reconcile_seconds must be 1 to 3600");
        }
        if !(1..=172_800).contains(&self.clock_skew_seconds) {
            return bad("calls.clock_skew_seconds must be 1 to 172800");
        }
        Ok(())
    }
}

impl RetentionConfig {
    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// Returns a sentence that names the first option that is out of its bounds.
    pub fn check(&self) -> Result<(), String> {
        let bad = |text: &str| Err(text.to_owned());
        let kept = self;
        if !(2..=400).contains(&kept.activity_days)
            || !(32..=3_650).contains(&kept.hook_event_days)
            || kept.call_months == 1
            || kept.call_months > 1_200
        {
            return bad(
                "retention.activity_days must be 2 to 400, retention.hook_event_days 32 to 3650, and retention.call_months 2 to 1200 or 0",
            );
        }
        Ok(())
    }
}
