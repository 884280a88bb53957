//! Runs webhooks under faults (docs/testing.md).

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tests::deliveries::{Dose, run};

/// Starts two nodes that deliver webhooks to a receiver that fails, hangs and dies, and kills the nodes in turn. Afterward, the receiver must have
/// accepted every event of each callshop at least once and in order. Requires PostgreSQL at CALLSHOP_TEST_POSTGRES.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Length of the run in minutes.
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// Seed for the choice and time of faults; random by default.
    #[arg(long)]
    seed: Option<u64>,
    /// Use the release build of the server.
    #[arg(long)]
    release: bool,
}

pub(crate) async fn main(arguments: Arguments) -> ExitCode {
    let seed = arguments.seed.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
    println!("seed {seed}");
    let time = Duration::from_secs_f64(arguments.minutes.max(0.0) * 60.0);
    let told = |line: &str| println!("{line}");
    match run(Dose { time, seed, release: arguments.release }, told).await {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            println!("WRONG (seed {seed}): {wrong}");
            ExitCode::FAILURE
        }
    }
}
