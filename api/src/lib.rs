//! The server: it assembles the crates, and has the `callshop` command.

pub mod cli;
pub mod config;
pub mod demo;
mod metrics;
mod probes;
pub mod server;
pub mod simulate;
pub mod traces;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The crates of this program, for filters of logs and traces.
pub const CRATES: [&str; 8] = ["api", "app", "base", "graphql", "sip", "store", "telemetry", "transport"];

/// A filter of log lines. In `directives`, `callshop=LEVEL` stands for all crates of this program.
///
/// # Errors
/// An invalid directive.
pub fn log_filter(directives: &str) -> Result<EnvFilter, ParseError> {
    let expanded =
        directives.split(',').flat_map(|directive| match directive.trim().strip_prefix("callshop=") {
            Some(level) => CRATES.iter().map(|name| format!("{name}={level}")).collect(),
            None => vec![directive.to_owned()],
        });
    EnvFilter::builder().parse(expanded.collect::<Vec<_>>().join(","))
}
