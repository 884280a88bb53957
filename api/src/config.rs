//! One typed configuration: defaults, then a TOML file, then the environment (`CALLSHOP_…`), then flags.

mod files;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use crate::http::Limits;

/// Variables of the environment that begin with `CALLSHOP_` and are no options: flags of the command line, and where the tests run.
const NOT_OPTIONS: [&str; 6] =
    ["config", "log", "log_json", "simulate_secret", "test_postgres", "test_server"];

/// Bounds of `hook.queue`: the largest thing that is handed in at once is 256 running calls, then 50 events.
const HOOK_QUEUE: std::ops::RangeInclusive<usize> = 512..=1_000_000;

/// Everything a server can be told. `callshop serve --print-config` prints it with the secrets left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where GraphQL is served.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`.
    #[serde(serialize_with = "hidden_password")]
    pub database_url: String,
    /// Connections of the database pool.
    pub database_connections: u32,
    /// Worker threads of the HTTP server.
    pub workers: usize,
    /// Serve the explorer page at `/`.
    pub explorer: bool,
    /// Origins of browsers that may call: `https://shop.example`; empty allows none but our own page.
    pub allowed_origins: Vec<String>,
    /// Addresses of balancers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Bounds on what clients may ask.
    pub limits: Limits,
    /// Logins and tokens.
    pub auth: AuthConfig,
    /// The door for the SIP proxy.
    pub hook: HookConfig,
    /// What is true of calls.
    pub calls: CallConfig,
    /// Redis, between several nodes.
    pub redis: RedisConfig,
    /// How a node ends.
    pub shutdown: ShutdownConfig,
    /// How long history is kept.
    pub retention: RetentionConfig,
    /// Traces.
    pub telemetry: TelemetryConfig,
}

/// Logins and tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// Key that signs access tokens and derives refresh tokens, at least 32 characters; without one, a key is generated and kept in the database,
    /// for all nodes on it. A new key ends access tokens at once; logins go on by their refresh tokens.
    #[serde(serialize_with = "hidden")]
    pub token_key: Option<SecretString>,
    /// Seconds that an access token is good for.
    pub access_seconds: i64,
    /// Seconds that a login lives without a refresh.
    pub refresh_seconds: i64,
}

/// The door for the SIP proxy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HookConfig {
    /// Where the hook is served: loopback, or a private network behind TLS.
    pub listen: SocketAddr,
    /// Secrets that the proxy may present, at least 16 characters each: two while one is being replaced.
    #[serde(serialize_with = "hidden_list")]
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
    #[serde(serialize_with = "hidden_one")]
    pub token: SecretString,
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

/// Redis: the doorbell between nodes on one PostgreSQL, and the stream of the SIP proxies' events.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `redis://USER:PASSWORD@HOST:PORT/DB`, `rediss://…` with TLS; none: nodes look for each other's activities in the database, each second.
    #[serde(serialize_with = "hidden_password_of")]
    pub url: Option<SecretString>,
    /// Certificates (PEM) of who may have signed that of Redis; none: those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// What the names of channels begin with: two installations on one Redis need two.
    pub channel: String,
    /// Activities waiting for Redis; those past it are dropped, and other nodes find them in the database.
    pub queue: usize,
    /// Stream that the SIP proxies write their events to, such as `callshop:events`; none: they post them.
    pub events_stream: Option<String>,
    /// Name of the consumer group that the nodes read it as.
    pub events_group: String,
    /// Seconds after which what a node has read and not acknowledged is taken over by another.
    pub claim_seconds: u32,
}

/// Traces, from the hook's request to the subscriber.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// Collector that takes them by OTLP over HTTP: `http://127.0.0.1:4318`; none: nothing is traced.
    pub otlp_endpoint: Option<String>,
    /// Part of the requests that is traced, 0 to 1; one whose client says in `traceparent` that it is traced always is.
    pub sample_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample_ratio: 0.01 }
    }
}

/// How a node ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShutdownConfig {
    /// Seconds for which everything is still served after `/readyz` began to say no: as long as a balancer takes to notice.
    pub drain_seconds: u64,
    /// Seconds after the signal within which the process is gone, whatever is still under way.
    pub grace_seconds: u64,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self { drain_seconds: 0, grace_seconds: 20 }
    }
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
            // room for a price list of some ten thousand rows in one mutation; larger ones go by `callshop tariff import`
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

/// Why a configuration is refused; the text says the next step.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file, the environment or a flag does not parse.
    #[error("configuration: {}", told(.0))]
    Parse(Box<figment::Error>),
    /// A value is out of its bounds.
    #[error("configuration: {0}")]
    Invalid(String),
}

impl Config {
    /// Defaults, then `file` if given, then `CALLSHOP_…` (`__` between levels: `CALLSHOP_HOOK__SECRETS='["…"]'`), or `CALLSHOP_…_FILE`, the file
    /// that has the value.
    ///
    /// # Errors
    /// A file that is missing or does not parse, an unknown key, a value out of bounds.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let defaults = serde_json::to_value(Self::default())
            .map_err(|error| ConfigError::Invalid(format!("the defaults: {error}")))?;
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

    /// Checks what types cannot say.
    ///
    /// # Errors
    /// The first value out of its bounds.
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
                "hook.queue must be 512 to 1000000: a full batch of events and the running calls of one look have to fit into it at once",
            );
        }
        if self.auth.token_key.as_ref().is_some_and(|key| key.expose_secret().len() < 32) {
            return bad("auth.token_key must have at least 32 characters");
        }
        if self.auth.access_seconds < 60 || self.auth.refresh_seconds < self.auth.access_seconds {
            return bad("auth.access_seconds must be at least 60, auth.refresh_seconds at least as long");
        }
        if self.hook.secrets.len() > 2
            || self.hook.secrets.iter().any(|secret| secret.expose_secret().len() < 16)
        {
            return bad(
                "hook.secrets takes one secret, or two while one is being replaced, each of at least 16 characters",
            );
        }
        if self.calls.max_seconds == 0 || self.calls.max_seconds > 86_400 || self.calls.ring_seconds > 600 {
            return bad("calls.max_seconds must be 1 to 86400, calls.ring_seconds at most 600");
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
                "telemetry.otlp_endpoint is an address such as http://127.0.0.1:4318, telemetry.sample_ratio 0 to 1",
            );
        }
        if self.shutdown.grace_seconds > 3_600
            || self.shutdown.grace_seconds < self.shutdown.drain_seconds.saturating_add(5)
        {
            return bad(
                "shutdown.grace_seconds must be at most 3600, and 5 more than shutdown.drain_seconds at least",
            );
        }
        let kept = &self.retention;
        if !(2..=400).contains(&kept.activity_days)
            || !(32..=3_650).contains(&kept.hook_event_days)
            || kept.call_months == 1
            || kept.call_months > 1_200
        {
            return bad(
                "retention.activity_days must be 2 to 400, retention.hook_event_days 32 to 3650, retention.call_months 2 to 1200, or 0",
            );
        }
        if self
            .allowed_origins
            .iter()
            .any(|origin| !origin.starts_with("http://") && !origin.starts_with("https://"))
        {
            return bad("allowed_origins are origins such as https://shop.example");
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
            return bad("redis.url is no address: redis://USER:PASSWORD@HOST:PORT/DB");
        }
        if self.ca_file.is_some() && url.is_some_and(|url| !url.starts_with("rediss://")) {
            return bad("redis.ca_file is for an address that starts with rediss://");
        }
        if self.channel.is_empty() || self.channel.len() > 100 {
            return bad("redis.channel has 1 to 100 bytes");
        }
        if self.events_stream.is_some() && url.is_none() {
            return bad("redis.events_stream needs redis.url");
        }
        let names = self.events_stream.iter().chain([&self.events_group]);
        if names.into_iter().any(|name| name.is_empty() || name.len() > 100) {
            return bad("redis.events_stream and redis.events_group have 1 to 100 bytes");
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

/// The variables of the environment that are ours.
fn variables() -> Result<Vec<(String, String)>, ConfigError> {
    let ours = std::env::vars_os()
        .filter(|(name, _)| name.to_string_lossy().to_ascii_uppercase().starts_with("CALLSHOP_"));
    ours.map(|(name, value)| match (name.into_string(), value.into_string()) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        (name, _) => Err(ConfigError::Invalid(format!("{} is not UTF-8", name.unwrap_or_default()))),
    })
    .collect()
}

/// Names of the environment's variables that are options of a server, or name its file: for commands that take none.
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

/// What figment found, without the values: one of them may be a secret that was put into the wrong place.
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
                format!("{key} takes {expected}, which the value given is not")
            }
            Kind::Unsupported(_) | Kind::UnsupportedKey(..) => format!("{key} has a value of a wrong kind"),
            // a TOML error draws the line it is about behind bars
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

/// A database's address without its password, for logs and people.
pub(crate) fn without_password(url: &str) -> String {
    // what is behind `?` may hold one, too
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
