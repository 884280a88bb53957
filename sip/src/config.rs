//! Options of the hook and of the SIP proxies.

use std::net::SocketAddr;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Bounds of `hook.queue`. Even the smallest allowed queue must have room for the largest submissions: 256 running calls, followed by 50 events.
const QUEUE: std::ops::RangeInclusive<usize> = 512..=1_000_000;

/// The HTTP endpoints for SIP proxies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HookConfig {
    /// Address and port of the hook, on loopback, or on a private network behind TLS.
    pub listen: SocketAddr,
    /// Secrets accepted from the proxy, at least 16 characters each. Two secrets are allowed, so that a secret can be replaced without downtime.
    #[serde(serialize_with = "base::secret::hidden_list")]
    pub secrets: Vec<SecretString>,
    /// SIP digest realm of the phones.
    pub realm: String,
    /// The SIP proxies, each with the URL and the secret of its private control listener.
    pub proxies: Vec<ProxyConfig>,
    /// Capacity of the writer's queue (events, authorizations and checks of running calls), 512 to 1000000. When the queue is full, the hook
    /// responds with 503.
    pub queue: usize,
}

/// One SIP proxy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfig {
    /// The name that the proxy sends in its events.
    pub name: String,
    /// Base URL of the proxy's control listener, such as `http://127.0.0.1:5080`.
    pub control_url: String,
    /// Secret for the control listener, sent in `X-Callshop-Token`.
    #[serde(serialize_with = "base::secret::hidden_one")]
    pub token: SecretString,
}

impl Default for HookConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            secrets: Vec::new(),
            realm: "callshop".to_owned(),
            proxies: Vec::new(),
            queue: 4096,
        }
    }
}

impl HookConfig {
    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// Returns a sentence that names the first option that is out of its bounds.
    pub fn check(&self) -> Result<(), String> {
        use secrecy::ExposeSecret as _;
        let bad = |text: &str| Err(text.to_owned());
        if !QUEUE.contains(&self.queue) {
            return bad(
                "hook.queue must be 512 to 1000000, enough for a full batch of events plus one batch of running calls",
            );
        }
        if self.secrets.len() > 2 || self.secrets.iter().any(|secret| secret.expose_secret().len() < 16) {
            return bad(
                "hook.secrets must have at most two secrets (two while one is being replaced), each of at least 16 characters",
            );
        }
        Ok(())
    }
}
