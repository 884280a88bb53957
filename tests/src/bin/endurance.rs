//! Real calls at a rate through everything that is shipped: docs/testing.md.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tests::endurance::{Endurance, run};

/// Starts deploy/local (two nodes, PostgreSQL, Redis, the balancer, Kamailio), lets SIPp's phones call through it, and compares each call in
/// the database with what phone and gateway measured. Needs what tests/run installs.
///
/// Exit status 0 when every call is stored once and as long as it was, and `callshop audit` is content.
#[derive(Debug, Parser)]
#[command(name = "endurance")]
struct Arguments {
    /// Calls that begin in a second.
    #[arg(long, default_value_t = 50)]
    per_second: u32,
    /// For how long.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// How long each talks, in milliseconds.
    #[arg(long, default_value_t = 3_000)]
    talk: u64,
    /// The release build of the server.
    #[arg(long)]
    release: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { per_second, minutes, talk, release } = Arguments::parse();
    let seconds = (minutes.max(0.0) * 60.0).round() as u32;
    println!("{per_second} calls a second for {seconds} s, {talk} ms each");
    let endured = run(Endurance { per_second, seconds, talk: Duration::from_millis(talk), release }).await;
    println!("{endured}");
    if endured.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
