//! `callshop-bench`: what the call path does in a second, beside what the same database does without us.
//!
//! A report, not a test: it starts a server in this process on a database of its own, sends one event a request through the
//! hook over keep-alive connections, runs its peer in the same run, in turns, and prints both figures, their ratio and the bar.
#![allow(clippy::float_arithmetic, reason = "rates and ratios of measurements; no money is computed here")]

mod board;
mod database;
mod fanout;
mod load;
mod peer;
mod processor;
mod report;
mod run;
mod seed;
mod statements;
mod stored;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// That of the `callshop` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What went wrong, for a person at a terminal.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Load reports of the call path.
#[derive(Parser)]
#[command(name = "callshop-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// `ended` events through the hook, against the same transaction sent to the database directly.
    CallEnd(Plan),
    /// Authorisations through the hook, against call ends through the hook.
    Authorize(Plan),
    /// Both, with more and more calls stored, beside a server that has none.
    Stored {
        /// What is measured at each size.
        #[command(flatten)]
        plan: Plan,
        /// Calls stored at last; a million take about 4 GB.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
        up_to: u64,
    },
    /// Both, with 1 to 1,000 live calls in the branch, beside a server that has none.
    Live(Plan),
    /// The query of a shop's screen, against Mercurius with JIT on the same PostgreSQL. Needs Node.js and npm.
    Board(board::Plan),
    /// Events through Redis to thousands of subscribers, against a bare WebSocket relay: rate, processor time, memory. Needs Redis.
    FanOut(fanout::Plan),
    /// From the hook's answer to subscribers on two nodes. Needs PostgreSQL and Redis.
    Latency(fanout::LatencyPlan),
    /// `callshop serve`, as a process of its own.
    #[command(hide = true)]
    Node,
    /// The bare relay.
    #[command(hide = true)]
    Relay(fanout::RelayArgs),
}

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Backend {
    /// A temporary file.
    Sqlite,
    /// A server that is started for the run, with fsync and synchronous_commit on. Needs Debian's `postgresql`.
    Postgres,
}

/// What to measure.
#[derive(Args, Clone, Debug)]
struct Plan {
    /// On which database.
    #[arg(long, value_enum)]
    database: Backend,
    /// Callshops that the calls are spread over, each below a reseller, a reseller and a distributor of its own.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    shops: u32,
    /// Connections to the hook, and clients of the peer.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// Calls in all.
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    calls: u32,
    /// Turns of us and the peer; the ratio is the median of theirs.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// Print the statements that PostgreSQL spent its time on (loads pg_stat_statements, which costs a little).
    #[arg(long)]
    statements: bool,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::CallEnd(plan) => run::call_end(&plan),
        Command::Authorize(plan) => run::authorize(&plan),
        Command::Stored { plan, up_to } => run::stored(&plan, up_to),
        Command::Live(plan) => run::live(&plan),
        Command::Board(plan) => board::board(&plan),
        Command::FanOut(plan) => fanout::fan_out(&plan),
        Command::Latency(plan) => fanout::latency(&plan),
        Command::Node => node(),
        Command::Relay(args) => fanout::relay(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("callshop-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn node() -> Result<()> {
    let cli = api::cli::Cli::parse_from(["callshop", "serve"]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(api::cli::run(cli)).map(|_| ())
}
