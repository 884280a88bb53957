//! The interface to the SIP proxies (docs/hook.md): their requests and events, and our commands to them.

pub mod control;
pub mod event;
pub mod hook;
pub mod listing;
pub mod stream;
