//! Makes calls at a fixed rate through the shipped proxy and Redis (docs/testing.md).

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tests::rush::{Rush, run};

/// Makes calls through the shipped Kamailio and a Redis that syncs each write, with a hook that allows every call. Fails if a packet is dropped, a
/// message is retransmitted, or the end of a call is missing.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// New calls per second.
    #[arg(long, default_value_t = 200)]
    per_second: u32,
    /// Length of the run in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Talk time of each call, in milliseconds.
    #[arg(long, default_value_t = 3_000)]
    talk: u64,
    /// SIP worker processes of the proxy; the shipped number by default.
    #[arg(long)]
    workers: Option<u32>,
    /// Delay of each piece of data to and from Redis, in milliseconds.
    #[arg(long, default_value_t = 0)]
    redis_delay: u64,
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}

pub(crate) async fn main(arguments: Arguments) -> ExitCode {
    let Arguments { per_second, seconds, talk, workers, redis_delay } = arguments;
    let (talk, redis_delay) = (Duration::from_millis(talk), Duration::from_millis(redis_delay));
    println!("load average before: {}", load());
    let carried = run(Rush { per_second, seconds, talk, workers, redis_delay }).await;
    println!("load average after: {}", load());
    println!("{per_second} calls a second for {seconds} s: {carried}");
    if carried.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
