//! Kills the server repeatedly under load and checks the stored data (docs/testing.md).

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use tests::Backend;
use tests::crash::{Plan, run};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Database {
    /// A SQLite file in a temporary folder.
    Sqlite,
    /// A new database on the server at CALLSHOP_TEST_POSTGRES.
    Postgres,
}

/// Kills `callshop serve` (SIGKILL) at random moments under load, restarts it, and resends requests that got no response. Afterward, every
/// acknowledged operation must be stored exactly once, and `callshop audit` must pass.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The database to test.
    #[arg(long, value_enum, default_value = "sqlite")]
    database: Database,
    /// Number of times that the server is killed.
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// Seed for the times of the kills and the customers' actions; random by default.
    #[arg(long)]
    seed: Option<u64>,
    /// Use the release build of the server, instead of the debug build.
    #[arg(long)]
    release: bool,
}

pub(crate) async fn main(arguments: Arguments) -> ExitCode {
    let backend = match arguments.database {
        Database::Sqlite => Backend::Sqlite,
        Database::Postgres => Backend::Postgres,
    };
    let seed = arguments.seed.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
    println!("seed {seed}");
    let plan = Plan { backend, kills: arguments.kills, seed, release: arguments.release };
    println!("{}", run(plan, |line| println!("{line}")).await);
    ExitCode::SUCCESS
}
