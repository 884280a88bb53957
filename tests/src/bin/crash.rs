//! Kills the server again and again under load, and looks at what is left: docs/testing.md.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tests::Backend;
use tests::crash::{Plan, run};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Database {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of its own on the server at CALLSHOP_TEST_POSTGRES.
    Postgres,
}

/// Kills `callshop serve` (SIGKILL) at random moments under load, starts it again, sends again what was not answered; in the end, every
/// answered operation must be there once, and `callshop audit` must be content.
#[derive(Debug, Parser)]
#[command(name = "crash")]
struct Arguments {
    /// On which database.
    #[arg(long, value_enum, default_value = "sqlite")]
    database: Database,
    /// How often to kill.
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// Of when to kill, and of what customers do; random without one.
    #[arg(long)]
    seed: Option<u64>,
    /// Kill the release build of the server.
    #[arg(long)]
    release: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
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
