//! `callshop-bench` compares the throughput of the call path with the throughput of the same database without callshop.
//!
//! The program produces a report; it is not a test. `callshop-bench` starts a server in its own process on its own database and sends one event per
//! request through the hook over keep-alive connections. The peer is measured in the same run, in alternating turns. The report shows both figures,
//! their ratio and the target.
#![allow(clippy::float_arithmetic, reason = "rates and ratios of measurements; no money is computed here")]

mod board;
mod bytes;
mod database;
mod fanout;
mod find;
mod import;
mod load;
mod peer;
mod processor;
mod report;
mod run;
mod seed;
mod statements;
mod stored;
mod switch;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// This program uses the same allocator as the `callshop` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An error message for the terminal.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Reports on the call path under load.
#[derive(Parser)]
#[command(name = "callshop-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure `ended` events through the hook, compared with the same transaction sent to the database directly.
    CallEnd(Plan),
    /// Measure authorizations, compared with call ends; both go through the hook.
    Authorize(Plan),
    /// Measure authorizations and call ends as the number of stored calls grows, compared with a server that has no stored calls.
    Stored {
        /// The options of each measurement.
        #[command(flatten)]
        plan: Plan,
        /// Final number of stored calls. A million calls take about 4 GB.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
        up_to: u64,
    },
    /// Measure authorizations and call ends with 1 to 1,000 live calls in the branch, compared with a server that has no live calls.
    Live(Plan),
    /// Measure the bytes that each call leaves in each table and in the write-ahead log.
    Bytes(bytes::Options),
    /// Measure each filter of `calls` and `sessions`, and each pair of filters, in a callshop with millions of calls. Fails if a filter or a pair of
    /// filters takes more than 100 ms.
    Find(find::Plan),
    /// Measure the import of a rate deck from the command line while calls are authorized, compared with `COPY` on PostgreSQL and batched inserts on
    /// SQLite.
    Import(import::Plan),
    /// Activate new versions of a tariff with 50,000 prefixes while two nodes authorize 200 calls a second, and check the price of every call.
    Switch(switch::Plan),
    /// Measure the query of a shop's screen, compared with Mercurius with JIT on the same PostgreSQL. Needs Node.js and npm.
    Board(board::Plan),
    /// Measure the delivery of events through Redis to thousands of subscribers, compared with a bare WebSocket relay: rate, processor time, memory.
    /// Needs Redis.
    FanOut(fanout::Plan),
    /// Measure the latency from the hook's response to subscribers on two nodes. Needs PostgreSQL and Redis.
    Latency(fanout::LatencyPlan),
    /// Run `callshop serve` as a separate process.
    #[command(hide = true)]
    Node,
    /// The command line of callshop.
    #[command(hide = true)]
    Callshop {
        /// The arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The bare relay.
    #[command(hide = true)]
    Relay(fanout::RelayArgs),
}

/// The database to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Backend {
    /// A temporary file.
    Sqlite,
    /// A server started for the run, with fsync and synchronous_commit on. Needs Debian's `postgresql`.
    Postgres,
}

/// Options of the measurement.
#[derive(Args, Clone, Debug)]
struct Plan {
    /// The database to measure.
    #[arg(long, value_enum)]
    database: Backend,
    /// Number of callshops that share the calls. Each callshop has its own branch, which consists of a distributor and two resellers.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    shops: u32,
    /// Number of connections to the hook, and number of clients of the peer.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// Total number of calls.
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    calls: u32,
    /// Number of turns that callshop and the peer each take. The reported ratio is the median of the turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// Print the statements that took the most time in PostgreSQL. (This loads pg_stat_statements, which slows PostgreSQL down a little.)
    #[arg(long)]
    statements: bool,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::CallEnd(plan) => run::call_end(&plan),
        Command::Authorize(plan) => run::authorize(&plan),
        Command::Stored { plan, up_to } => run::stored(&plan, up_to),
        Command::Live(plan) => run::live(&plan),
        Command::Bytes(options) => bytes::bytes(&options),
        Command::Find(plan) => find::find(&plan),
        Command::Import(plan) => import::import(&plan),
        Command::Switch(plan) => switch::switch(&plan),
        Command::Callshop { arguments } => import::callshop(&arguments),
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
