//! The `callshop` command.

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = api::cli::Cli::parse();
    match api::cli::run(cli).await {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("callshop: {error}");
            ExitCode::FAILURE
        }
    }
}
