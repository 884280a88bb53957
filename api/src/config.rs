//! The typed configuration. The configuration has these sources, each of which overrides the previous source: defaults, a TOML file, the environment
//! (`CALLSHOP_…`), flags.
//!
//! Each section is in the crate that it configures, and checks its own bounds with plain conditions. An error names the option, both bounds and the
//! remedy. A validation library would not help: most checks compare two options or inspect a secret, and validation libraries leave such checks to
//! custom functions.

mod exports;
mod files;
mod imports;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use app::config::{AuthConfig, CallConfig, ImportConfig, Options, RetentionConfig, WebhookConfig};
use app::redis_client::RedisConfig;
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use sip::config::HookConfig;
use transport::Limits;

pub use exports::ExportsConfig;
pub use imports::ImportsConfig;

use crate::traces::TelemetryConfig;
use crate::web::WebConfig;

/// Environment variables that begin with `CALLSHOP_` but are not options: variables for command-line flags, for clients (`callshop listen` and the
/// programs in `examples/`), and for the tests.
const NOT_OPTIONS: [&str; 11] = [
    "api",
    "config",
    "language",
    "log",
    "log_json",
    "simulate_secret",
    "test_postgres",
    "test_server",
    "token",
    "token_file",
    "webhook_secret",
];

/// All options of a server. `callshop serve --print-config` prints the options without secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port of GraphQL.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`.
    #[serde(serialize_with = "base::secret::hidden_password")]
    pub database_url: String,
    /// Size of the database connection pool.
    pub database_connections: u32,
    /// HTTP worker threads.
    pub workers: usize,
    /// Browser origins whose pages may call the API, such as `https://shop.example`; if empty, only the server's own pages may.
    pub allowed_origins: Vec<String>,
    /// Addresses of load balancers whose `X-Forwarded-For` header is trusted.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whether pages of any loopback origin, such as `http://localhost:5173`, may call the API. For development only.
    pub allow_loopback_origins: bool,
    /// The web pages that the server shows.
    pub web: WebConfig,
    /// A JSON file of documents, keyed by their SHA-256 hashes. If set, clients may run only these documents, and introspection is off.
    pub trusted_documents: Option<PathBuf>,
    /// Limits on client requests.
    pub limits: Limits,
    /// Logins and tokens.
    pub auth: AuthConfig,
    /// The endpoints for SIP proxies.
    pub hook: HookConfig,
    /// Limits and billing rules of calls.
    pub calls: CallConfig,
    /// Redis, for notifications between nodes and for the proxies' event stream.
    pub redis: RedisConfig,
    /// Shutdown of a node.
    pub shutdown: ShutdownConfig,
    /// Retention of history.
    pub retention: RetentionConfig,
    /// Imports of uploaded rate decks.
    pub imports: ImportsConfig,
    /// Downloads of exports.
    pub exports: ExportsConfig,
    /// Webhooks.
    pub webhooks: WebhookConfig,
    /// Tracing.
    pub telemetry: TelemetryConfig,
}

/// Shutdown of a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShutdownConfig {
    /// The node continues to serve for this many seconds after `/readyz` starts to fail, so that load balancers notice.
    pub drain_seconds: u64,
    /// The process exits within this many seconds after the signal, even with unfinished work.
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
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            allow_loopback_origins: false,
            web: WebConfig::default(),
            trusted_documents: None,
            // this size is enough for a price list of about ten thousand rows in one mutation; larger lists need `callshop tariff import`
            limits: Limits { body_bytes: 2 << 20, ..Limits::default() },
            auth: AuthConfig::default(),
            hook: HookConfig::default(),
            calls: CallConfig::default(),
            redis: RedisConfig::default(),
            shutdown: ShutdownConfig::default(),
            retention: RetentionConfig::default(),
            imports: ImportsConfig::default(),
            exports: ExportsConfig::default(),
            webhooks: WebhookConfig::default(),
            telemetry: TelemetryConfig::default(),
        }
    }
}

/// The reason why a configuration is rejected; the text explains how to correct the configuration.
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
    /// Loads the defaults, then `file` if a file is given, then the environment variables `CALLSHOP_…`. In a variable's name, `__` separates levels
    /// (`CALLSHOP_HOOK__SECRETS='["…"]'`). A variable `CALLSHOP_…_FILE` names a file that contains the value.
    ///
    /// # Errors
    /// Fails if the file is missing or cannot be parsed, if a key is unknown, or if a value is out of bounds.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let defaults = serde_json::to_value(Self::default())
            .map_err(|error| ConfigError::Invalid(format!("cannot serialize the defaults: {error}")))?;
        let variables = variables()?;
        check_names(&variables, &defaults)?;
        let known = defaults.clone();
        let option = move |key: &figment::value::UncasedStr| {
            let in_file = || files::option_in_file(&format!("CALLSHOP_{key}"), &known).is_some();
            !NOT_OPTIONS.iter().any(|name| key == name) && !in_file()
        };
        figment = figment.merge(Env::prefixed("CALLSHOP_").filter(option).split("__"));
        for (path, value) in files::options(&variables, &defaults)? {
            figment = figment.merge(Serialized::default(&path, value));
        }
        let config: Self = figment.extract().map_err(|error| ConfigError::Parse(Box::new(error)))?;
        config.check()?;
        Ok(config)
    }

    /// The options that the use cases read.
    pub fn options(&self) -> Options {
        Options {
            auth: self.auth.clone(),
            calls: self.calls.clone(),
            retention: self.retention.clone(),
            webhooks: self.webhooks.clone(),
            realm: self.hook.realm.clone(),
            queue: self.hook.queue,
            imports: ImportConfig {
                folder: self.import_folder(),
                spool_bytes: self.imports.spool_bytes,
                upload_bytes: self.limits.upload_bytes,
                jobs: self.imports.jobs,
            },
        }
    }

    /// The folder of uploaded files. If no folder is configured, uploads go to `imports` beside the SQLite file. If there is no SQLite file, uploads
    /// go to `imports` in the folder that systemd names in `STATE_DIRECTORY`; if systemd names no folder, uploads go to `callshop-imports` in the
    /// folder of temporary files.
    fn import_folder(&self) -> PathBuf {
        if let Some(folder) = &self.imports.folder {
            return folder.clone();
        }
        let data = store::file::path(&self.database_url).map(|file| match file.parent() {
            Some(parent) => parent.to_owned(),
            None => PathBuf::new(),
        });
        let state = || std::env::var_os("STATE_DIRECTORY").map(PathBuf::from);
        match data.or_else(state) {
            Some(data) => data.join("imports"),
            None => std::env::temp_dir().join("callshop-imports"),
        }
    }

    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// The error describes the first value that is out of bounds.
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
            self.imports.check(self.limits.upload_bytes),
            self.exports.check(),
            self.webhooks.check(self.retention.activity_days),
        ];
        sections.into_iter().collect::<Result<(), String>>().map_err(ConfigError::Invalid)?;
        if self.shutdown.grace_seconds > 3_600
            || self.shutdown.grace_seconds < self.shutdown.drain_seconds.saturating_add(5)
        {
            return bad(
                "shutdown.grace_seconds must be at least shutdown.drain_seconds + 5, and at most 3600",
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

/// Checks that each environment variable is a known option. A mistyped option must not be ignored.
fn check_names(variables: &[(String, String)], options: &serde_json::Value) -> Result<(), ConfigError> {
    let unknown = variables.iter().map(|(name, _)| name).find(|name| {
        let lower = name.to_ascii_lowercase();
        let own = lower.strip_prefix("callshop_").unwrap_or(&lower);
        !NOT_OPTIONS.contains(&own) && !files::is_option(own, options)
    });
    let Some(name) = unknown else { return Ok(()) };
    Err(ConfigError::Invalid(format!(
        "the environment variable {name} is not an option: correct its name, or unset it (callshop.example.toml lists all options)"
    )))
}

/// The names of all environment variables that set server options or name the configuration file. Some commands accept none of these variables.
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

/// figment's error without the values, because the user may have put a secret into the wrong option
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
            // lines that contain a bar (`|`) quote the TOML source, and the source may contain a secret
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
