//! Runs the whole topology under load and breaks it: docs/testing.md.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum as _};
use tests::faults::{Disk, Fault, Plan, rolling, run};

/// Starts two nodes, PostgreSQL, Redis, the balancer and the SIP proxy on loopback, makes calls, follows them as subscribers, and breaks things,
/// several at once, drawn from a seed. In the end, what was answered must be stored and delivered once, money exact, `callshop audit` content.
///
/// Needs what tests/run installs, and for disk-full root: without, it is left out, and that is said. Exit status 0 when everything held, otherwise 1 with what did not.
#[derive(Debug, Parser)]
#[command(name = "faults", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Mode>,
    #[command(flatten)]
    settings: Settings,
    /// Run PostgreSQL as a cluster of three under Patroni, and Redis with a replica: adds kill-primary and kill-redis-primary, leaves out disk-full.
    #[arg(long)]
    cluster: bool,
    /// Only these faults, separated by commas; without it, all.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Fault>,
    /// Sockets of idle-sockets.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
}

#[derive(Clone, Debug, clap::Args)]
struct Settings {
    /// For how long.
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// Calls a second; each is a question and three or four events.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Subscribers, ten to a callshop, on a hundred callshops at most.
    #[arg(long, default_value_t = 100)]
    subscribers: usize,
    /// Of what breaks when; random without one.
    #[arg(long)]
    seed: Option<u64>,
    /// The release build of the server.
    #[arg(long)]
    release: bool,
    /// Let PostgreSQL answer before it is on the disk: quicker, and as safe from everything but a power cut.
    #[arg(long)]
    no_fsync: bool,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Restart both nodes in turn, in order, under load: no call may fail, no subscriber miss an event.
    Rolling(Settings),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match &arguments.command {
        Some(Mode::Rolling(settings)) => settings.clone(),
        None => arguments.settings.clone(),
    };
    let seed = settings.seed.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
    println!("seed {seed}");
    let plan = Plan {
        time: Duration::from_secs_f64(settings.minutes.max(0.0) * 60.0),
        rate: settings.rate,
        subscribers: settings.subscribers,
        seed,
        idle: arguments.idle,
        faults: match arguments.command {
            Some(Mode::Rolling(_)) => Vec::new(),
            None if arguments.only.is_empty() => possible(arguments.cluster),
            None => arguments.only.clone(),
        },
        release: settings.release,
        fsync: !settings.no_fsync,
    };
    let told = |line: &str| println!("{line}");
    let done = match arguments.command {
        Some(Mode::Rolling(_)) => rolling(&plan, told).await,
        None => run(&plan, told).await,
    };
    match done {
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

/// All faults that can be here; what cannot is named.
fn possible(cluster: bool) -> Vec<Fault> {
    let mut faults = Fault::value_variants().to_vec();
    if cluster {
        println!("LEFT OUT: disk-full: a cluster has no single disk");
        faults.retain(|fault| *fault != Fault::DiskFull);
        return faults;
    }
    println!("LEFT OUT: kill-primary, kill-redis-primary: they need --cluster");
    faults.retain(|fault| !matches!(fault, Fault::KillPrimary | Fault::KillRedisPrimary));
    if let Err(why) = Disk::can_be() {
        println!("LEFT OUT: disk-full: {why}");
        faults.retain(|fault| *fault != Fault::DiskFull);
    }
    faults
}
