//! The server: it assembles the crates, and has the `callshop` command.

pub mod cli;
pub mod config;
pub mod demo;
mod metrics;
mod probes;
pub mod server;
pub mod simulate;
pub mod traces;

/// The crates of this program, for filters of logs and traces.
pub const CRATES: [&str; 8] = ["api", "app", "base", "graphql", "sip", "store", "telemetry", "transport"];
