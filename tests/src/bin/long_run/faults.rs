//! Runs the whole topology under load and injects faults (docs/testing.md).

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum as _};
use tests::faults::{Disk, Fault, PROXY_PATIENCE, Plan, rolling, run};

/// Starts two nodes, PostgreSQL, Redis, the balancer and the SIP proxy on loopback. Makes calls, and opens subscribers that follow the calls. Injects
/// several faults at once; the faults are drawn from a seed. Afterward, every acknowledged event must be stored and delivered once, money must be
/// exact, and `callshop audit` must pass.
///
/// Requires the programs that tests/run installs. The fault disk-full also requires root; without root, this fault is left out, and a message says
/// so. The exit status is 0 if every check passed; otherwise, it is 1, and the failed checks are printed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Mode>,
    #[command(flatten)]
    settings: Settings,
    /// Run PostgreSQL as a cluster of three under Patroni, and Redis with a replica. Adds kill-primary and kill-redis-primary, and leaves out
    /// disk-full.
    #[arg(long)]
    cluster: bool,
    /// Inject only these faults, separated by commas; all faults by default.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Fault>,
    /// Number of sockets for the fault idle-sockets.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
}

#[derive(Clone, Debug, Args)]
struct Settings {
    /// Length of the run in minutes.
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// Calls per second. Each call is one authorization and three or four events.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Number of subscribers: ten per callshop, on at most a hundred callshops.
    #[arg(long, default_value_t = 100)]
    subscribers: usize,
    /// Seed for the choice and time of faults; random by default.
    #[arg(long)]
    seed: Option<u64>,
    /// Use the release build of the server.
    #[arg(long)]
    release: bool,
    /// Let PostgreSQL respond before its data is on disk. Responding early is faster, and safe against everything except a power failure.
    #[arg(long)]
    no_fsync: bool,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Restart both nodes in turn, gracefully, under load. No call may fail, and no subscriber may miss an event.
    Rolling(Settings),
}

pub(crate) async fn main(arguments: Arguments) -> ExitCode {
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
        patience: PROXY_PATIENCE,
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

/// All faults that can run on this machine. Prints the faults that cannot run, with the reason.
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
