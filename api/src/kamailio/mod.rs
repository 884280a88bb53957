//! The door for the SIP proxy (docs/hook.md): what it asks and tells us, and what we tell it.

pub mod control;
pub mod event;
pub mod hook;
pub mod listing;
pub mod stream;
