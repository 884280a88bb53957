//! One typed configuration: defaults, then a TOML file, then the environment (`CALLSHOP_…`), then flags.

mod files;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use app::config::{AuthConfig, CallConfig, Options, RetentionConfig};
use app::redis_client::RedisConfig;
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use sip::config::HookConfig;
use transport::Limits;

use crate::traces::TelemetryConfig;

/// Variables of the environment that begin with `CALLSHOP_` and are no options: flags of the command line, and where the tests run.
const NOT_OPTIONS: [&str; 6] =
    ["config", "log", "log_json", "simulate_secret", "test_postgres", "test_server"];

/// Everything a server can be told. `callshop serve --print-config` prints it with the secrets left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where GraphQL is served.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`.
    #[serde(serialize_with = "base::secret::hidden_password")]
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

    /// The part that the use cases read.
    pub fn options(&self) -> Options {
        Options {
            auth: self.auth.clone(),
            calls: self.calls.clone(),
            retention: self.retention.clone(),
            realm: self.hook.realm.clone(),
            queue: self.hook.queue,
        }
    }

    /// Checks what types cannot say.
    ///
    /// # Errors
    /// The first value out of its bounds.
    pub fn check(&self) -> Result<(), ConfigError> {
        let bad = |text: &str| Err(ConfigError::Invalid(text.to_owned()));
        if !self.database_url.starts_with("sqlite:") && !self.database_url.starts_with("postgres") {
            return bad("database_url must start with sqlite: or postgres://");
        }
        if self.database_connections == 0 || self.workers == 0 {
            return bad("database_connections and workers must be at least 1");
        }
        let sections = [
            self.hook.check(),
            self.auth.check(),
            self.calls.check(),
            self.redis.check(),
            self.telemetry.check(),
            self.retention.check(),
        ];
        sections.into_iter().collect::<Result<(), String>>().map_err(ConfigError::Invalid)?;
        if self.shutdown.grace_seconds > 3_600
            || self.shutdown.grace_seconds < self.shutdown.drain_seconds.saturating_add(5)
        {
            return bad(
                "shutdown.grace_seconds must be at most 3600, and 5 more than shutdown.drain_seconds at least",
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
