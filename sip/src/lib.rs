//! The connection to the SIP proxies (docs/hook.md): the hook that proxies call, the Redis stream to which proxies write events, and the client
//! for the proxies' control listeners.

pub mod config;
pub mod control;
pub mod event;
pub mod hook;
mod listing;
pub mod metrics;
pub mod stream;
