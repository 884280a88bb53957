//! The command line, one file per group of commands.

mod admin;
mod audit;
mod check;
mod demo;
mod export;
mod healthcheck;
mod listen;
mod serve;
mod simulate;
mod tariff_import;
mod tariff_versions;
mod token;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use futures_util::future::LocalBoxFuture;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::Config;
use crate::log_filter;
use crate::server::Node;
use crate::traces::Exporter;
use app::auth::Actor;
use app::feed::Hub;
use app::{App, accounts};
use base::clock::Clock;
use base::error::Error;
use base::secret::without_password;
use graphql::scalars::{Kind, parse_any};
use store::Store;

/// Backend of a callshop: cabins, calls, tariffs, credit and the cash register behind one GraphQL API.
#[derive(Debug, Parser)]
#[command(
    name = "callshop",
    version,
    max_term_width = 110,
    after_help = "Start with `callshop demo`: it opens a shop with simulated calls and prints its address and logins."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Log JSON lines instead of text. Logs go to standard error; CALLSHOP_LOG sets the level, such as "debug".
    #[arg(long, global = true, env = "CALLSHOP_LOG_JSON")]
    log_json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    ///
    /// Options come from the defaults, then the TOML file, then the environment (CALLSHOP_…, with two underscores between levels:
    /// CALLSHOP_HOOK__LISTEN), then these flags. A later source overrides an earlier source. A server needs at least a secret for the SIP proxy:
    /// CALLSHOP_HOOK__SECRETS='["…"]'.
    Serve(serve::ServeArgs),
    /// Open a shop with simulated calls on this machine. Needs no database server, phone or configuration.
    Demo(demo::DemoArgs),
    /// Check the configuration (options, secrets, database, listeners, proxies, Redis, clocks) without changing anything.
    #[command(after_help = check::HELP)]
    CheckConfig(check::CheckArgs),
    /// Create or update the database's tables. `serve` also creates or updates the tables when it starts.
    Migrate(ConfigArgs),
    /// Print the GraphQL schema (SDL), in full or as one role sees it.
    Schema(admin::SchemaArgs),
    /// Manage users from the server's command line.
    #[command(subcommand)]
    User(admin::UserCommand),
    /// Manage the API tokens of programs.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Import and export tariffs.
    #[command(subcommand)]
    Tariff(admin::TariffCommand),
    /// Write rates, calls, the ledger, payments, shifts, a statement or a price list to a file, as CSV or JSON Lines. A statement or price list can
    /// also be a PDF document.
    #[command(after_help = export::HELP)]
    Export(export::ExportArgs),
    /// Check every invariant of the ledger and related records.
    ///
    /// Among other things, checks that transfers sum to zero, balances equal the sum of their entries, each call is charged once and at its stored
    /// price, and statements, drawers, Z reports and receipt numbers agree. The audit reads one snapshot of the database, so a server may keep
    /// running. The audit changes and repairs nothing; a person must investigate the findings.
    #[command(after_help = audit::HELP)]
    Audit(audit::AuditArgs),
    /// Probe the node that the configuration describes.
    ///
    /// The exit status is 0 if the node is ready for requests, and 1 if it is not ready or does not respond.
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Forward the messages of a webhook to a program on this machine, to develop a receiver.
    ///
    /// Subscribes to the server with a token, and posts each event as a webhook would: the body is the answer to the webhook's document, and the
    /// headers are those of Standard Webhooks. Prints each message with the status of its answer. If the connection is lost, reconnects and continues
    /// from the last message.
    #[command(after_help = listen::HELP)]
    Listen(listen::ListenArgs),
    /// Simulate phones and calls through a server's hook.
    Simulate(simulate::SimulateArgs),
}

/// Source of the configuration.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// TOML configuration file; callshop.example.toml describes every option.
    #[arg(long, env = "CALLSHOP_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database URL: sqlite:PATH or postgres://USER@HOST/NAME.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl ConfigArgs {
    fn load(&self) -> Result<Config, Failure> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(database) = &self.database {
            config.database_url.clone_from(database);
        }
        config.check()?;
        Ok(config)
    }

    /// The database's URL without its password.
    fn database(&self) -> Result<String, Failure> {
        Ok(without_password(&self.load()?.database_url))
    }
}

/// A command's error, shown to the user unchanged.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs a command and returns its exit status.
///
/// # Errors
/// If the command fails, the error's message names the user's next step, and the exit status is 1.
// The future is boxed because the code of an `async fn` is compiled in each crate that polls it: every program that calls an `async fn run` would
// compile the whole server once more, which takes minutes.
pub fn run(cli: Cli) -> LocalBoxFuture<'static, Result<u8, Failure>> {
    Box::pin(dispatch(cli))
}

async fn dispatch(cli: Cli) -> Result<u8, Failure> {
    if let Command::Serve(args) = cli.command {
        return serve::run(args, cli.log_json).await.map(|()| 0);
    }
    log(cli.log_json, None);
    let done = match cli.command {
        Command::Audit(args) => return audit::run(args).await,
        Command::Healthcheck(args) => return healthcheck::run(args).await,
        Command::CheckConfig(args) => return check::run(args).await,
        Command::Serve(_) => Ok(()),
        Command::Demo(args) => Box::pin(demo::run(args)).await,
        Command::Listen(args) => listen::run(args).await,
        Command::Migrate(args) => {
            open(&args.load()?).await?;
            out("the database is up to date\n")
        }
        Command::Schema(args) => admin::schema(&args),
        Command::User(command) => admin::user(command).await,
        Command::Token(command) => token::token(command).await,
        Command::Tariff(command) => admin::tariff(command).await,
        Command::Export(args) => Box::pin(export::run(args)).await,
        Command::Simulate(args) => simulate::run(args).await,
    };
    done.map(|()| 0)
}

/// Writes to standard output. If the program that reads the output (such as `head`) stops early, the command ends without an error.
fn out(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(Into::into),
    }
}

/// Log filter if `CALLSHOP_LOG` is not set.
const DEFAULT_LOG: &str = "warn,callshop=info";

/// Logs to standard error, and sends spans to the exporter if there is one.
fn log(json: bool, exporter: Option<&Exporter>) {
    let directives = std::env::var("CALLSHOP_LOG").unwrap_or_else(|_| DEFAULT_LOG.to_owned());
    let filter = log_filter(&directives).or_else(|error| {
        eprintln!("callshop: CALLSHOP_LOG is ignored: {error}");
        log_filter(DEFAULT_LOG)
    });
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("warn"));
    // logs go to standard error, because standard output is for the command's result
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match json {
        true => lines.json().boxed(),
        false => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    let registry = tracing_subscriber::registry().with(lines.with_filter(filter));
    let done = registry.with(exporter.map(Exporter::layer)).try_init();
    // in tests, a second call in one process keeps the first log subscriber
    drop(done);
}

/// Connects to the configured database, migrates it, and creates the node.
async fn open(config: &Config) -> Result<Node, Failure> {
    Ok(Node::new(connect(config).await?, Arc::new(config.clone()), Clock::system()).await?)
}

/// Opens an existing database for a command of the operator. A mistyped path must not create an empty database.
async fn operator(args: &ConfigArgs) -> Result<(Arc<App>, Actor), Failure> {
    let config = args.load()?;
    if let Some(path) = store::file::path(&config.database_url).filter(|path| !path.exists()) {
        let database = path.display();
        return Err(format!(
            "the database {database} does not exist: choose one with --database or --config"
        )
        .into());
    }
    let app = open(&config).await?.app;
    let operator = Actor::operator(&accounts::ensure_platform(&app).await?);
    Ok((app, operator))
}

/// The error of a command that found no object: names the object and the database. Other errors are returned unchanged.
fn not_found(error: Failure, what: &str, config: &ConfigArgs) -> Failure {
    if !matches!(error.downcast_ref(), Some(Error::NotFound)) {
        return error;
    }
    let database = config.database().unwrap_or_default();
    format!("the database {database} has no {what}: check the name, or choose another database with --database or --config")
        .into()
}

/// The global id of the account or callshop whose code, or whose global id, is `name`.
async fn account_id(app: &Arc<App>, operator: &Actor, name: &str) -> Result<String, Failure> {
    if parse_any(&name.into()).is_some() {
        return Ok(name.to_owned());
    }
    let found = accounts::by_code(app, operator, name).await?.ok_or(Error::NotFound)?;
    let kind = if found.kind == entity::AccountKind::Callshop { Kind::Callshop } else { Kind::Account };
    Ok(kind.id(found.id).to_string())
}

/// Opens the database and migrates it.
async fn connect(config: &Config) -> Result<(Store, Arc<Hub>), Failure> {
    let (store, hub) = Node::connect(config).await.map_err(|error| {
        format!("cannot open the database {}: {error}", without_password(&config.database_url))
    })?;
    store.migrate().await?;
    Ok((store, hub))
}

/// A token that SIGINT or SIGTERM cancels. A second signal ends the process immediately, with the status that shells use for a signal.
fn stop_on_signal() -> std::io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stopped = stop.clone();
    tokio::spawn(async move {
        loop {
            let signal = tokio::select! {
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = terminate.recv() => SignalKind::terminate(),
            };
            if stopped.is_cancelled() {
                eprintln!("callshop: second signal, exiting immediately");
                std::process::exit(128 + signal.as_raw_value());
            }
            stopped.cancel();
        }
    });
    Ok(stop)
}
