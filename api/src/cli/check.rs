//! `callshop check-config`.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::{ConfigArgs, Failure, out};
use crate::config::Config;
use app::redis_client;
use app::sip_proxies::ProxyError;
use base::secret::without_password;
use sip::control::Proxies;
use store::health::Migrations;
use store::{Store, file};

/// Last part of `callshop check-config --help`.
pub(super) const HELP: &str = "Exit status: 0 if a server would start and work with this configuration, 1 if not.\n\n\
    For a first start: start the database and Redis, run this check, start `callshop serve` and the SIP proxy, then run this check again. \
    A SIP proxy that does not answer causes a warning; one that rejects the token causes a failure.\n\n\
    While a server with the same addresses is running, the check of the listeners fails. That is expected.";

/// Timeout of each external check.
const PATIENCE: Duration = Duration::from_secs(5);
/// Limits, in milliseconds, on the difference between this machine's clock and the database's clock. The check warns above the first value, and fails
/// above the second.
const CLOCKS: [u64; 2] = [1_000, 5_000];
/// A secret with fewer distinct characters than this is considered a word or a pattern.
const CHARACTERS: usize = 8;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Address and port of GraphQL.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Address and port of the hook for the SIP proxy.
    #[arg(long, value_name = "ADDR")]
    hook_listen: Option<SocketAddr>,
}

/// The results, one line each.
#[derive(Default)]
struct Findings {
    text: String,
    failed: bool,
}

impl Findings {
    fn line(&mut self, word: &str, what: &str, how: impl fmt::Display) {
        self.text.push_str(&format!("{word:<5} {what}: {how}\n"));
    }

    fn ok(&mut self, what: &str, how: impl fmt::Display) {
        self.line("ok", what, how);
    }

    /// Reports something that works but deserves attention.
    fn warn(&mut self, what: &str, how: impl fmt::Display) {
        self.line("WARN", what, how);
    }

    /// Reports that a server would not start or work.
    fn fail(&mut self, what: &str, how: impl fmt::Display) {
        self.failed = true;
        self.line("FAIL", what, how);
    }
}

pub(super) async fn run(args: CheckArgs) -> Result<u8, Failure> {
    let mut found = Findings::default();
    match args.config.load() {
        Err(error) => found.fail("options", error),
        Ok(mut config) => {
            config.listen = args.listen.unwrap_or(config.listen);
            config.hook.listen = args.hook_listen.unwrap_or(config.hook.listen);
            found.ok("options", "known and within their bounds");
            secrets(&mut found, &config);
            listener(&mut found, "listen", config.listen);
            listener(&mut found, "hook.listen", config.hook.listen);
            database(&mut found, &config).await;
            proxies(&mut found, &config).await;
            redis(&mut found, &config).await;
        }
    }
    let end = if found.failed {
        "correct each FAIL and run this check again\n"
    } else {
        "the configuration works\n"
    };
    out(&format!("{}{end}", found.text))?;
    Ok(u8::from(found.failed))
}

fn secrets(found: &mut Findings, config: &Config) {
    if config.hook.secrets.is_empty() {
        found.fail("hook.secrets", "none: `serve` does not start without one, set CALLSHOP_HOOK__SECRETS");
    }
    for secret in &config.hook.secrets {
        strength(found, "hook.secrets", secret);
    }
    match &config.auth.token_key {
        Some(key) => strength(found, "auth.token_key", key),
        None => found.ok("auth.token_key", "none: one is generated and kept in the database"),
    }
    for proxy in &config.hook.proxies {
        strength(found, &format!("hook.proxies {} token", proxy.name), &proxy.token);
    }
}

fn strength(found: &mut Findings, what: &str, secret: &SecretString) {
    let text = secret.expose_secret();
    let different = text.chars().collect::<BTreeSet<_>>().len();
    if text.len() < 16 || different < CHARACTERS {
        let told = format!(
            "weak: {} characters, {different} of them different; generate one with `openssl rand -hex 24`",
            text.len()
        );
        found.warn(what, told);
    } else {
        found.ok(what, format!("{} characters", text.len()));
    }
}

/// Checks only that the address can be bound; does not serve requests.
fn listener(found: &mut Findings, what: &str, address: SocketAddr) {
    match TcpListener::bind(address) {
        Ok(_) => found.ok(what, format!("{address} can be bound")),
        Err(error) => found.fail(what, format!("{address} cannot be bound: {error}")),
    }
}

async fn database(found: &mut Findings, config: &Config) {
    let shown = without_password(&config.database_url);
    let url = &config.database_url;
    if let Some(path) = url.strip_prefix("sqlite:").map(|path| path.split('?').next().unwrap_or(path))
        && !Path::new(path).exists()
    {
        return new_file(found, Path::new(path));
    }
    if let Some(path) = file::path(url) {
        modes(found, &path);
    }
    let store = match tokio::time::timeout(PATIENCE, Store::inspect(url)).await {
        Ok(Ok(store)) => store,
        Ok(Err(error)) => return found.fail("database", format!("{shown}: {error}")),
        Err(_) => {
            return found
                .fail("database", format!("{shown} does not answer within {} s", PATIENCE.as_secs()));
        }
    };
    match store.server().await {
        Ok(server) => {
            found.ok("database", format!("{shown} answers, {}", server.version));
            clocks(found, server.micros);
            if let Some(most) = server.connections {
                pool(found, config.database_connections, most);
            }
        }
        Err(error) => return found.fail("database", format!("{shown}: {error}")),
    }
    match store.migrations().await {
        Ok(state) if state.pending == 0 => {
            found.ok("tables", format!("up to date, {} migrations", state.known))
        }
        Ok(Migrations { refusal: Some(reason), .. }) => found.fail("tables", reason),
        Ok(state) => found.warn(
            "tables",
            format!("{} of {} migrations are pending: `serve` applies them", state.pending, state.known),
        ),
        Err(_) => found.warn("tables", "none yet: `serve` and `callshop migrate` create them"),
    }
}

/// Warns about database files that other users may read; `serve` restricts their modes.
fn modes(found: &mut Findings, path: &Path) {
    for (file, mode) in file::open_to_others(path) {
        let file = file.display();
        found.warn(
            "database",
            format!("{file} contains secrets and has mode {mode:o}: `serve` restricts it, or run: chmod 600 {file}"),
        );
    }
}

fn new_file(found: &mut Findings, path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        found.warn("database", format!("{} does not exist yet: `serve` creates it", path.display()));
    } else {
        found.fail("database", format!("the folder {} does not exist: create it", folder.display()));
    }
}

fn pool(found: &mut Findings, ours: u32, most: u32) {
    let told = format!("each node opens up to {ours}, and the database allows {most} in total");
    match ours {
        _ if ours > most => found.fail("database_connections", told),
        _ if ours.saturating_mul(2) > most => found.warn("database_connections", told),
        _ => found.ok("database_connections", told),
    }
}

fn clocks(found: &mut Findings, theirs: i64) {
    let apart = chrono::Utc::now().timestamp_micros().abs_diff(theirs) / 1_000;
    let told = format!("the clocks of the database and of this machine differ by {apart} ms");
    match apart {
        _ if apart > CLOCKS[1] => found.fail("clock", format!("{told}: is NTP running on both?")),
        _ if apart > CLOCKS[0] => found.warn("clock", told),
        _ => found.ok("clock", told),
    }
}

async fn proxies(found: &mut Findings, config: &Config) {
    if config.hook.proxies.is_empty() {
        return found.warn("hook.proxies", "none: calls cannot be hung up or extended from here");
    }
    let proxies = match Proxies::new(&config.hook.proxies) {
        Ok(proxies) => proxies,
        Err(error) => return found.fail("hook.proxies", error),
    };
    for proxy in &config.hook.proxies {
        let what = format!("hook.proxies {}", proxy.name);
        match proxies.version(&proxy.name).await {
            Ok(version) => found.ok(&what, format!("{} answers: {version}", proxy.control_url)),
            // a missing proxy is only a warning: the proxy needs the API as soon as the first phone registers, so the proxy starts after the API
            Err(ProxyError::Unreachable(_)) => found.warn(
                &what,
                format!(
                    "{} does not answer: start the SIP proxy after the API, then run this again. Until it answers, no call is hung up or extended from here",
                    proxy.control_url
                ),
            ),
            Err(error) => found.fail(&what, format!("{}: {error}", proxy.control_url)),
        }
    }
}

async fn redis(found: &mut Findings, config: &Config) {
    let client = match redis_client::client(&config.redis) {
        Ok(Some(client)) => client,
        Ok(None) if config.database_url.starts_with("postgres") => {
            return found.ok("redis", "not configured: if there are several nodes, each polls the database for the events of the others");
        }
        Ok(None) => return found.ok("redis", "not configured, and a single node does not need it"),
        Err(error) => return found.fail("redis", error),
    };
    match tokio::time::timeout(PATIENCE, redis_client::check(&client, &config.redis)).await {
        Ok(Ok(())) => found.ok("redis", "answers, and its user may subscribe and publish"),
        // a missing Redis is a failure, not a warning: the operator configured Redis, and a server without Redis would start but deliver activities
        // slowly
        Ok(Err(error)) => found.fail("redis", error),
        Err(_) => found.fail("redis", format!("does not answer within {} s", PATIENCE.as_secs())),
    }
}
