//! Options of the use cases. The server reads them from its configuration.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Everything that the use cases are configured by.
#[derive(Clone, Debug)]
pub struct Options {
    /// Logins and tokens.
    pub auth: AuthConfig,
    /// Limits of calls.
    pub calls: CallConfig,
    /// How long history is kept.
    pub retention: RetentionConfig,
    /// Digest realm of the SIP proxies.
    pub realm: String,
    /// Jobs that may wait for the call writer.
    pub queue: usize,
}

/// Logins and tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// Key that signs access tokens and derives refresh tokens, at least 32 characters; without one, a key is generated and kept in the database,
    /// for all nodes on it. A new key ends access tokens at once; logins go on by their refresh tokens.
    #[serde(serialize_with = "base::secret::hidden")]
    pub token_key: Option<SecretString>,
    /// Seconds that an access token is good for.
    pub access_seconds: i64,
    /// Seconds that a login lives without a refresh.
    pub refresh_seconds: i64,
}

/// What is true of calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallConfig {
    /// Seconds a phone may ring: over them the price of a call may change.
    pub ring_seconds: u32,
    /// Longest call of a callshop that sets no other, in seconds.
    pub max_seconds: u32,
    /// Longest slice of a call that is paid for in advance, in seconds: a call goes on for half of it while no server is up.
    pub slice_seconds: u32,
    /// Bytes of rate tables kept in memory.
    pub rate_cache_bytes: u64,
    /// Seconds between two comparisons of live calls and registered phones with what a proxy lists. A call is closed when two of them miss it.
    pub reconcile_seconds: u32,
    /// Charge a call whose phone never acknowledged the answer from the answer to the proxy's cut, as the carrier does; otherwise it is free.
    pub charge_unacknowledged: bool,
    /// Seconds by which the clock of a proxy may differ from that of the server. A time that is further off is not believed.
    pub clock_skew_seconds: u32,
}

/// How long history is kept, at least: on PostgreSQL whole months go. Ledger entries and used rates are kept for ever.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Days that activities are kept, 2 to 400: a subscriber that was away for longer begins with a snapshot.
    pub activity_days: u32,
    /// Months that calls and what they cost are kept, at least 2; 0 keeps them for ever.
    pub call_months: u32,
    /// Days that the keys of the proxy's events are kept, 32 to 3650: one that comes again after that would count again.
    pub hook_event_days: u32,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { token_key: None, access_seconds: 15 * 60, refresh_seconds: 30 * 86_400 }
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
    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// A sentence that names the first option out of its bounds.
    pub fn check(&self) -> Result<(), String> {
        use secrecy::ExposeSecret as _;
        let bad = |text: &str| Err(text.to_owned());
        if self.token_key.as_ref().is_some_and(|key| key.expose_secret().len() < 32) {
            return bad("auth.token_key must have at least 32 characters");
        }
        if self.access_seconds < 60 || self.refresh_seconds < self.access_seconds {
            return bad("auth.access_seconds must be at least 60, auth.refresh_seconds at least as long");
        }
        Ok(())
    }
}

impl CallConfig {
    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// A sentence that names the first option out of its bounds.
    pub fn check(&self) -> Result<(), String> {
        let bad = |text: &str| Err(text.to_owned());
        if self.max_seconds == 0 || self.max_seconds > 86_400 || self.ring_seconds > 600 {
            return bad("calls.max_seconds must be 1 to 86400, calls.ring_seconds at most 600");
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
    /// A sentence that names the first option out of its bounds.
    pub fn check(&self) -> Result<(), String> {
        let bad = |text: &str| Err(text.to_owned());
        let kept = self;
        if !(2..=400).contains(&kept.activity_days)
            || !(32..=3_650).contains(&kept.hook_event_days)
            || kept.call_months == 1
            || kept.call_months > 1_200
        {
            return bad(
                "retention.activity_days must be 2 to 400, retention.hook_event_days 32 to 3650, retention.call_months 2 to 1200, or 0",
            );
        }
        Ok(())
    }
}
