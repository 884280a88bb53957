//! The typed configuration: defaults, then a TOML file, then the environment (`CALLSHOP_…`), then flags.

mod files;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use crate::http::Limits;

/// Environment variables that begin with `CALLSHOP_` but are not options: command-line flags, and settings of the tests.
const NOT_OPTIONS: [&str; 6] =
    ["config", "log", "log_json", "simulate_secret", "test_postgres", "test_server"];

/// Bounds of `hook.queue`: the largest submissions are 256 running calls, then 50 events.
const HOOK_QUEUE: std::ops::RangeInclusive<usize> = 512..=1_000_000;

/// All options of a server. `callshop serve --print-config` prints them without secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port of GraphQL.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`.
    #[serde(serialize_with = "hidden_password")]
    pub database_url: String,
    /// Size of the database connection pool.
    pub database_connections: u32,
    /// HTTP worker threads.
    pub workers: usize,
    /// Whether to serve the GraphQL explorer at `/`.
    pub explorer: bool,
    /// Browser origins allowed to call, such as `https://shop.example`; if empty, only the server's own page.
    pub allowed_origins: Vec<String>,
    /// Addresses of load balancers whose `X-Forwarded-For` header is trusted.
    pub trusted_proxies: Vec<IpAddr>,
    /// Limits on client requests.
    pub limits: Limits,
    /// Logins and tokens.
    pub auth: AuthConfig,
    /// The endpoints for SIP proxies.
    pub hook: HookConfig,
    /// Limits and billing rules of calls.
    pub calls: CallConfig,
    /// Redis: notifications between nodes, and the proxies' event stream.
    pub redis: RedisConfig,
    /// Shutdown of a node.
    pub shutdown: ShutdownConfig,
    /// Retention of history.
    pub retention: RetentionConfig,
    /// Tracing.
    pub telemetry: TelemetryConfig,
}

/// Logins and tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// Key that signs access tokens and derives refresh tokens, at least 32 characters. Without one, a key is generated and stored in the
    /// database for all its nodes. Changing the key invalidates access tokens at once; logins continue with their refresh tokens.
    #[serde(serialize_with = "hidden")]
    pub token_key: Option<SecretString>,
    /// Lifetime of an access token, in seconds.
    pub access_seconds: i64,
    /// Lifetime of a login without a refresh, in seconds.
    pub refresh_seconds: i64,
}

/// The HTTP endpoints for SIP proxies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HookConfig {
    /// Address and port of the hook: loopback, or a private network behind TLS.
    pub listen: SocketAddr,
    /// Secrets accepted from the proxy, at least 16 characters each. Two are allowed, for replacing one.
    #[serde(serialize_with = "hidden_list")]
    pub secrets: Vec<SecretString>,
    /// SIP digest realm of the phones.
    pub realm: String,
    /// The proxies' private control listeners, such as `http://127.0.0.1:5080`, by the name that each proxy sends in `proxy`.
    pub proxies: Vec<ProxyConfig>,
    /// Capacity of the writer's queue (events, authorizations and checks of running calls), 512 to 1000000. When it is full, the hook responds
    /// 503.
    pub queue: usize,
}

/// One SIP proxy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfig {
    /// The name that the proxy sends in its events.
    pub name: String,
    /// Base URL of its control listener.
    pub control_url: String,
    /// Secret for the control listener, sent in `X-Callshop-Token`.
    #[serde(serialize_with = "hidden_one")]
    pub token: SecretString,
}

/// Limits and billing rules of calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallConfig {
    /// Maximum ringing time in seconds. A call's price may change while it rings.
    pub ring_seconds: u32,
    /// Maximum duration in seconds of a call, unless the callshop sets its own.
    pub max_seconds: u32,
    /// Longest slice, in seconds, for which a call reserves credit at a time. With no server up, a call continues for half of it.
    pub slice_seconds: u32,
    /// Memory for rate tables, in bytes.
    pub rate_cache_bytes: u64,
    /// Seconds between comparisons of live calls and registered phones with each proxy's list. A call missing from two consecutive lists is
    /// closed.
    pub reconcile_seconds: u32,
    /// If a phone never acknowledged the answer: charge the call from the answer to the proxy's cut, as the carrier does (true), or nothing
    /// (false).
    pub charge_unacknowledged: bool,
    /// Maximum difference in seconds between a proxy's clock and the server's. Times further off are not trusted.
    pub clock_skew_seconds: u32,
}

/// Redis: notifications between nodes on one PostgreSQL, and the stream of the SIP proxies' events.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `redis://USER:PASSWORD@HOST:PORT/DB`, or `rediss://…` with TLS. If none, each node polls the database for other nodes' activity events
    /// every second.
    #[serde(serialize_with = "hidden_password_of")]
    pub url: Option<SecretString>,
    /// CA certificates (PEM) for Redis; if none, the system's.
    pub ca_file: Option<PathBuf>,
    /// Prefix of channel names. Two installations on one Redis need different prefixes.
    pub channel: String,
    /// Maximum number of activity events waiting for Redis. Further ones are dropped; other nodes find them in the database.
    pub queue: usize,
    /// Stream that the SIP proxies write their events to, such as `callshop:events`. If none, the proxies post them over HTTP.
    pub events_stream: Option<String>,
    /// Consumer group in which the nodes read the stream.
    pub events_group: String,
    /// Seconds after which another node takes over entries that were read but not acknowledged.
    pub claim_seconds: u32,
}

/// Tracing, from the hook's request to the subscriber.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// OTLP/HTTP collector, such as `http://127.0.0.1:4318`; if none, tracing is off.
    pub otlp_endpoint: Option<String>,
    /// Fraction of requests that are traced, 0 to 1. A request whose `traceparent` header says it is sampled is always traced.
    pub sample_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample_ratio: 0.01 }
    }
}

/// Shutdown of a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShutdownConfig {
    /// Seconds to continue serving after `/readyz` starts failing, so that load balancers notice.
    pub drain_seconds: u64,
    /// Seconds after the signal within which the process exits, even with unfinished work.
    pub grace_seconds: u64,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self { drain_seconds: 0, grace_seconds: 20 }
    }
}

/// Minimum retention of history. PostgreSQL deletes whole months. Ledger entries and used rates are kept forever.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Days to keep activity events, 2 to 400. A subscriber that was away for longer starts with a snapshot.
    pub activity_days: u32,
    /// Months to keep calls and their costs, at least 2; 0 keeps them forever.
    pub call_months: u32,
    /// Days to keep the keys of proxy events, 32 to 3650. An event repeated after that would count again.
    pub hook_event_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database_url: "sqlite:callshop.db".to_owned(),
            database_connections: 16,
            workers: 2,
            explorer: false,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            // enough for a price list of about ten thousand rows in one mutation; larger ones need `callshop tariff import`
            limits: Limits { body_bytes: 2 << 20, ..Limits::default() },
            auth: AuthConfig::default(),
            hook: HookConfig::default(),
            calls: CallConfig::default(),
            redis: RedisConfig::default(),
            shutdown: ShutdownConfig::default(),
            retention: RetentionConfig::default(),
            telemetry: TelemetryConfig::default(),
        }
    }
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { token_key: None, access_seconds: 15 * 60, refresh_seconds: 30 * 86_400 }
    }
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

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: None,
            ca_file: None,
            channel: "callshop:".to_owned(),
            queue: 4096,
            events_stream: None,
            events_group: "callshop".to_owned(),
            claim_seconds: 5,
        }
    }
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { activity_days: 90, call_months: 0, hook_event_days: 90 }
    }
}

/// Reason that a configuration is rejected; the text says how to correct it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file, the environment or a flag cannot be parsed.
    #[error("configuration: {}", told(.0))]
    Parse(Box<figment::Error>),
    /// A value is out of bounds.
    #[error("configuration: {0}")]
    Invalid(String),
}

impl Config {
    /// Loads defaults, then `file` if given, then `CALLSHOP_…` (`__` between levels: `CALLSHOP_HOOK__SECRETS='["…"]'`) or `CALLSHOP_…_FILE`,
    /// which names a file with the value.
    ///
    /// # Errors
    /// A file that is missing or cannot be parsed, an unknown key, a value out of bounds.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let defaults = serde_json::to_value(Self::default())
            .map_err(|error| ConfigError::Invalid(format!("cannot serialize the defaults: {error}")))?;
        let known = defaults.clone();
        let option = move |key: &figment::value::UncasedStr| {
            let in_file = || files::option_in_file(&format!("CALLSHOP_{key}"), &known).is_some();
            !NOT_OPTIONS.iter().any(|name| key == name) && !in_file()
        };
        figment = figment.merge(Env::prefixed("CALLSHOP_").filter(option).split("__"));
        for (path, value) in files::options(&variables()?, &defaults)? {
            figment = figment.merge(Serialized::default(&path, value));
        }
        let config: Self = figment.extract().map_err(|error| ConfigError::Parse(Box::new(error)))?;
        config.check()?;
        Ok(config)
    }

    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// The first value out of bounds.
    pub fn check(&self) -> Result<(), ConfigError> {
        use secrecy::ExposeSecret as _;
        let bad = |text: &str| Err(ConfigError::Invalid(text.to_owned()));
        if !self.database_url.starts_with("sqlite:") && !self.database_url.starts_with("postgres") {
            return bad("database_url must start with sqlite: or postgres://");
        }
        if self.database_connections == 0 || self.workers == 0 {
            return bad("database_connections and workers must be at least 1");
        }
        if !HOOK_QUEUE.contains(&self.hook.queue) {
            return bad(
                "hook.queue must be 512 to 1000000, enough for a full batch of events plus one batch of running calls",
            );
        }
        if self.auth.token_key.as_ref().is_some_and(|key| key.expose_secret().len() < 32) {
            return bad("auth.token_key must have at least 32 characters");
        }
        if self.auth.access_seconds < 60 || self.auth.refresh_seconds < self.auth.access_seconds {
            return bad(
                "auth.access_seconds must be at least 60, and auth.refresh_seconds at least auth.access_seconds",
            );
        }
        if self.hook.secrets.len() > 2
            || self.hook.secrets.iter().any(|secret| secret.expose_secret().len() < 16)
        {
            return bad(
                "hook.secrets must have at most two secrets (two while one is being replaced), each of at least 16 characters",
            );
        }
        if self.calls.max_seconds == 0 || self.calls.max_seconds > 86_400 || self.calls.ring_seconds > 600 {
            return bad("calls.max_seconds must be 1 to 86400, and calls.ring_seconds at most 600");
        }
        if !(1..=86_400).contains(&self.calls.slice_seconds) {
            return bad("calls.slice_seconds must be 1 to 86400");
        }
        if !(1..=3_600).contains(&self.calls.reconcile_seconds) {
            return bad("calls.reconcile_seconds must be 1 to 3600");
        }
        if !(1..=172_800).contains(&self.calls.clock_skew_seconds) {
            return bad("calls.clock_skew_seconds must be 1 to 172800");
        }
        self.redis.check()?;
        let http = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.telemetry.otlp_endpoint.as_ref().is_some_and(|url| !http(url))
            || !(0.0..=1.0).contains(&self.telemetry.sample_ratio)
        {
            return bad(
                "telemetry.otlp_endpoint must be a URL such as http://127.0.0.1:4318, and telemetry.sample_ratio 0 to 1",
            );
        }
        if self.shutdown.grace_seconds > 3_600
            || self.shutdown.grace_seconds < self.shutdown.drain_seconds.saturating_add(5)
        {
            return bad(
                "shutdown.grace_seconds must be at least shutdown.drain_seconds + 5, and at most 3600",
            );
        }
        let kept = &self.retention;
        if !(2..=400).contains(&kept.activity_days)
            || !(32..=3_650).contains(&kept.hook_event_days)
            || kept.call_months == 1
            || kept.call_months > 1_200
        {
            return bad(
                "retention.activity_days must be 2 to 400, retention.hook_event_days 32 to 3650, and retention.call_months 2 to 1200 or 0",
            );
        }
        if self
            .allowed_origins
            .iter()
            .any(|origin| !origin.starts_with("http://") && !origin.starts_with("https://"))
        {
            return bad("allowed_origins must be origins such as https://shop.example");
        }
        Ok(())
    }
}

impl RedisConfig {
    fn check(&self) -> Result<(), ConfigError> {
        use secrecy::ExposeSecret as _;
        let bad = |text: &str| Err(ConfigError::Invalid(text.to_owned()));
        let url = self.url.as_ref().map(|url| url.expose_secret());
        if url.is_some_and(|url| !url.starts_with("redis://") && !url.starts_with("rediss://")) {
            return bad("redis.url must start with redis:// or rediss://");
        }
        if url.is_some_and(|url| crate::redis_client::address(url).is_err()) {
            return bad("redis.url must have the form redis://USER:PASSWORD@HOST:PORT/DB");
        }
        if self.ca_file.is_some() && url.is_some_and(|url| !url.starts_with("rediss://")) {
            return bad("redis.ca_file requires a redis.url that starts with rediss://");
        }
        if self.channel.is_empty() || self.channel.len() > 100 {
            return bad("redis.channel must be 1 to 100 bytes long");
        }
        if self.events_stream.is_some() && url.is_none() {
            return bad("redis.events_stream requires redis.url");
        }
        let names = self.events_stream.iter().chain([&self.events_group]);
        if names.into_iter().any(|name| name.is_empty() || name.len() > 100) {
            return bad("redis.events_stream and redis.events_group must be 1 to 100 bytes long");
        }
        if !(1..=3_600).contains(&self.claim_seconds) {
            return bad("redis.claim_seconds must be 1 to 3600");
        }
        if !(1..=1_000_000).contains(&self.queue) {
            return bad("redis.queue must be 1 to 1000000");
        }
        Ok(())
    }
}

/// The environment variables that begin with `CALLSHOP_`.
fn variables() -> Result<Vec<(String, String)>, ConfigError> {
    let ours = std::env::vars_os()
        .filter(|(name, _)| name.to_string_lossy().to_ascii_uppercase().starts_with("CALLSHOP_"));
    ours.map(|(name, value)| match (name.into_string(), value.into_string()) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        (name, _) => Err(ConfigError::Invalid(format!("{} is not UTF-8", name.unwrap_or_default()))),
    })
    .collect()
}

/// Names of environment variables that set server options or name the configuration file, for commands that accept neither.
pub(crate) fn options_in_environment() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let is_option = |name: &String| {
        let lower = name.to_ascii_lowercase();
        let own = lower.strip_prefix("callshop_");
        own.is_some_and(|own| own == "config" || !NOT_OPTIONS.contains(&own))
    };
    let mut found: Vec<String> = names.filter(is_option).collect();
    found.sort();
    found
}

/// figment's error without the values: one may be a secret in the wrong place.
fn told(error: &figment::Error) -> String {
    let one = |error: figment::Error| {
        let key = error.path.join(".");
        let place = match error.metadata.as_ref().map(|data| (&data.source, &data.name)) {
            Some((Some(source), name)) => format!(" (in {source}: {name})"),
            Some((None, name)) => format!(" (in {name})"),
            None => String::new(),
        };
        let told = match error.kind {
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                format!("{key} takes {expected}, but has another type of value")
            }
            Kind::Unsupported(_) | Kind::UnsupportedKey(..) => format!("{key} has the wrong type of value"),
            // lines with a bar quote the TOML source, which may hold a secret
            Kind::Message(text) => {
                let plain: Vec<&str> = text.lines().filter(|line| !line.contains('|')).collect();
                if key.is_empty() { plain.join(": ") } else { format!("{key}: {}", plain.join(": ")) }
            }
            kind => kind.to_string(),
        };
        format!("{told}{place}")
    };
    error.clone().into_iter().map(one).collect::<Vec<_>>().join("; ")
}

/// A database URL without its password, for logs and people.
pub(crate) fn without_password(url: &str) -> String {
    // the query part may contain a password, too
    let url = if url.starts_with("sqlite:") { url } else { url.split('?').next().unwrap_or_default() };
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}")
        }
        None => url.to_owned(),
    }
}

fn hidden_password<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_password(url))
}

fn hidden_password_of<S: Serializer>(url: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    use secrecy::ExposeSecret as _;
    url.as_ref().map(|url| without_password(url.expose_secret())).serialize(serializer)
}

fn hidden<S: Serializer>(value: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(_) => serializer.serialize_some("<hidden>"),
        None => serializer.serialize_none(),
    }
}

fn hidden_one<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("<hidden>")
}

fn hidden_list<S: Serializer>(values: &[SecretString], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|_| "<hidden>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_in_its_own_bounds() {
        Config::default().check().expect("the default configuration");
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut config = Config::default();
        config.auth.token_key = Some("a-token-key-of-more-than-32-characters".to_owned().into());
        config.hook.secrets = vec!["a-secret-for-the-hook".to_owned().into()];
        config.redis.url = Some("redis://callshop:a-password@127.0.0.1:6379/1".to_owned().into());
        let text = format!("{}{config:?}", serde_json::to_string(&config).expect("JSON"));
        assert!(!text.contains("a-token-key") && !text.contains("a-secret"), "{text}");
        assert!(!text.contains("a-password") && text.contains("redis://callshop@127.0.0.1:6379/1"), "{text}");
    }
}
