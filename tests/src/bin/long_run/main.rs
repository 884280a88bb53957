//! The tests that find more bugs the longer they run (docs/testing.md). All these tests are in one program, so that the linker runs once.

mod crash;
mod deliveries;
mod endurance;
mod faults;
mod rush;

use std::process::ExitCode;

use clap::Parser;

/// Runs one of the long tests. The exit status is 0 if the test passed.
#[derive(Debug, Parser)]
#[command(name = "long-run")]
enum Test {
    Crash(crash::Arguments),
    Deliveries(deliveries::Arguments),
    Endurance(endurance::Arguments),
    Faults(faults::Arguments),
    Rush(rush::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    match Test::parse() {
        Test::Crash(arguments) => crash::main(arguments).await,
        Test::Deliveries(arguments) => deliveries::main(arguments).await,
        Test::Endurance(arguments) => endurance::main(arguments).await,
        Test::Faults(arguments) => faults::main(arguments).await,
        Test::Rush(arguments) => rush::main(arguments).await,
    }
}
