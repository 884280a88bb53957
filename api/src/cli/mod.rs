//! The command line: one file a group of commands.

mod admin;
mod audit;
mod check;
mod demo;
mod healthcheck;
mod serve;
mod simulate;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::Config;
use crate::server::Node;
use crate::traces::Exporter;
use base::clock::Clock;
use base::secret::without_password;

/// Runs a callshop: cabins, calls, tariffs, credit and the cash register, behind one GraphQL API.
#[derive(Debug, Parser)]
#[command(
    name = "callshop",
    version,
    max_term_width = 110,
    after_help = "Start with `callshop demo`: a shop that is open, with simulated calls."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Log as JSON lines.
    #[arg(long, global = true, env = "CALLSHOP_LOG_JSON")]
    log_json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    ///
    /// Configured by defaults, then the file, then the environment (CALLSHOP_…, two underscores between levels), then the flags here.
    Serve(serve::ServeArgs),
    /// Open a shop with simulated calls on this machine: no server, no phone, no configuration needed.
    Demo(demo::DemoArgs),
    /// Say whether the configuration holds, without changing anything: options, secrets, database, listeners, proxies, Redis, clocks.
    #[command(after_help = check::HELP)]
    CheckConfig(check::CheckArgs),
    /// Bring the database's tables up to date.
    Migrate(ConfigArgs),
    /// Print the GraphQL schema: all of it, or what one role sees.
    Schema(admin::SchemaArgs),
    /// Work on users from the server itself.
    #[command(subcommand)]
    User(admin::UserCommand),
    /// Import and export tariffs.
    #[command(subcommand)]
    Tariff(admin::TariffCommand),
    /// Check that the ledger and everything beside it holds together.
    ///
    /// Looks at every invariant of the money (transfers sum to zero, balances equal their entries, each call is charged once and as it was
    /// priced, statements, drawers, Z reports, receipt numbers …) on one state of the database, which a running server may go on changing
    /// meanwhile. Nothing is changed and nothing repaired: what is found is for a person to look into.
    #[command(after_help = audit::HELP)]
    Audit(audit::AuditArgs),
    /// Ask the node of this configuration whether it is well.
    ///
    /// Exit status 0 when it may be given work, 1 when not or when nobody answers.
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Make simulated calls through a server's hook.
    Simulate(simulate::SimulateArgs),
}

/// Where the configuration is.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// TOML file with the configuration.
    #[arg(long, env = "CALLSHOP_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database: sqlite:PATH or postgres://USER@HOST/NAME.
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
}

/// Why a command failed; shown as it is.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs a command; answers its exit status.
///
/// # Errors
/// What the user is to be told, with the next step; the exit status is 1 then.
pub async fn run(cli: Cli) -> Result<u8, Failure> {
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
        Command::Migrate(args) => {
            open(&args.load()?).await?;
            out("the database is up to date\n")
        }
        Command::Schema(args) => admin::schema(&args),
        Command::User(command) => admin::user(command).await,
        Command::Tariff(command) => admin::tariff(command).await,
        Command::Simulate(args) => simulate::run(args).await,
    };
    done.map(|()| 0)
}

/// Writes to standard output. A reader that stops early (`head`) ends the command quietly.
fn out(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(Into::into),
    }
}

/// Logs to standard error, and hands spans to the exporter if there is one.
fn log(json: bool, exporter: Option<&Exporter>) {
    let filter = EnvFilter::try_from_env("CALLSHOP_LOG").unwrap_or_else(|_| EnvFilter::new(default_filter()));
    // logs go to standard error: standard output is the command's answer
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match json {
        true => lines.json().boxed(),
        false => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    let registry = tracing_subscriber::registry().with(lines.with_filter(filter));
    let done = registry.with(exporter.map(Exporter::layer)).try_init();
    // a second call in one process (tests) keeps the first subscriber
    drop(done);
}

/// Warnings of libraries, and more of the program's own crates.
fn default_filter() -> String {
    crate::CRATES.iter().fold("warn".to_owned(), |filter, name| format!("{filter},{name}=info"))
}

/// The node over the configured database, migrated.
async fn open(config: &Config) -> Result<Node, Failure> {
    let (store, hub) = Node::connect(config).await.map_err(|error| {
        format!("cannot open the database {}: {error}", without_password(&config.database_url))
    })?;
    store.migrate().await?;
    Ok(Node::new((store, hub), Arc::new(config.clone()), Clock::system()).await?)
}

/// Cancelled by SIGINT or SIGTERM; a second one ends the process at once, with the status that shells give a signal.
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
                eprintln!("callshop: a second signal: ending at once");
                std::process::exit(128 + signal.as_raw_value());
            }
            stopped.cancel();
        }
    });
    Ok(stop)
}
