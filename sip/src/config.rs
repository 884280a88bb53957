//! Options of the SIP side.

use std::net::SocketAddr;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Bounds of `hook.queue`: the largest thing that is handed in at once is 256 running calls, then 50 events.
const QUEUE: std::ops::RangeInclusive<usize> = 512..=1_000_000;

/// The door for the SIP proxy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HookConfig {
    /// Where the hook is served: loopback, or a private network behind TLS.
    pub listen: SocketAddr,
    /// Secrets that the proxy may present, at least 16 characters each: two while one is being replaced.
    #[serde(serialize_with = "base::secret::hidden_list")]
    pub secrets: Vec<SecretString>,
    /// Digest realm of the proxy.
    pub realm: String,
    /// The proxies' private control listeners: `http://127.0.0.1:5080`, by the name each gives itself in `proxy`.
    pub proxies: Vec<ProxyConfig>,
    /// Events, authorisations and looks at running calls that wait for the writer, 512 to 1000000, before the hook answers 503.
    pub queue: usize,
}

/// One SIP proxy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfig {
    /// What it calls itself in events.
    pub name: String,
    /// Its control listener.
    pub control_url: String,
    /// Secret for it.
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
    /// A sentence that names the first option out of its bounds.
    pub fn check(&self) -> Result<(), String> {
        use secrecy::ExposeSecret as _;
        let bad = |text: &str| Err(text.to_owned());
        if !QUEUE.contains(&self.queue) {
            return bad(
                "hook.queue must be 512 to 1000000: a full batch of events and the running calls of one look have to fit into it at once",
            );
        }
        if self.secrets.len() > 2 || self.secrets.iter().any(|secret| secret.expose_secret().len() < 16) {
            return bad(
                "hook.secrets takes one secret, or two while one is being replaced, each of at least 16 characters",
            );
        }
        Ok(())
    }
}
