//! The `callshop` command.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

/// The allocator mimalloc suits this server, in which many threads allocate and free many small values (JSON nodes, rows).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long work on other threads, such as hashing a password, may delay the exit of a finished command.
const LAST_WORK: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = api::cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("callshop: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(api::cli::run(cli));
    runtime.shutdown_timeout(LAST_WORK);
    match done {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("callshop: {error}");
            ExitCode::FAILURE
        }
    }
}
