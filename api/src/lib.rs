//! The server. This crate assembles the other crates and contains the `callshop` command.

pub mod cli;
pub mod config;
pub mod demo;
mod exports;
mod metrics;
mod probes;
pub mod server;
pub mod simulate;
pub mod traces;
mod uploads;
pub mod web;
pub mod webhooks;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The crates of this program, for log and trace filters.
pub const CRATES: [&str; 8] = ["api", "app", "base", "graphql", "sip", "store", "telemetry", "transport"];

/// A filter for log lines. In `directives`, `callshop=LEVEL` stands for all crates of this program.
///
/// # Errors
/// Fails if a directive is invalid.
pub fn log_filter(directives: &str) -> Result<EnvFilter, ParseError> {
    let expanded =
        directives.split(',').flat_map(|directive| match directive.trim().strip_prefix("callshop=") {
            Some(level) => CRATES.iter().map(|name| format!("{name}={level}")).collect(),
            None => vec![directive.to_owned()],
        });
    EnvFilter::builder().parse(expanded.collect::<Vec<_>>().join(","))
}
