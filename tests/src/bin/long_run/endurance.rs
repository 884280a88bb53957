//! Makes real calls at a fixed rate through the whole shipped stack (docs/testing.md).

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tests::endurance::{Endurance, run};

/// Starts deploy/local (two nodes, PostgreSQL, Redis, the balancer, Kamailio) and makes calls through it with SIPp. Compares each call in the
/// database with the measurements of the phone and the gateway. Requires the programs that tests/run installs.
///
/// The exit status is 0 if every call is stored once with the right duration, and `callshop audit` passes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// New calls per second.
    #[arg(long, default_value_t = 50)]
    per_second: u32,
    /// Length of the run in minutes.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// Talk time of each call, in milliseconds.
    #[arg(long, default_value_t = 3_000)]
    talk: u64,
    /// Use the release build of the server.
    #[arg(long)]
    release: bool,
}

pub(crate) async fn main(arguments: Arguments) -> ExitCode {
    let Arguments { per_second, minutes, talk, release } = arguments;
    let seconds = (minutes.max(0.0) * 60.0).round() as u32;
    println!("{per_second} calls a second for {seconds} s, {talk} ms each");
    let endured = run(Endurance { per_second, seconds, talk: Duration::from_millis(talk), release }).await;
    println!("{endured}");
    if endured.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
