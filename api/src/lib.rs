//! The callshop server: use cases, storage, GraphQL, the hook, and the `callshop` command.

pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod error;
pub mod feed;
pub mod graphql;
pub mod health;
pub mod http;
pub mod kamailio;
pub mod metrics;
pub mod receipt;
pub mod redis_client;
pub mod server;
pub mod simulate;
pub mod store;
pub mod telemetry;
