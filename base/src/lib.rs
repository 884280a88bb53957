//! The error type, messages for people, the clock, and functions that hide secrets. Every layer uses the modules of this crate, and this crate uses
//! no other layer.

pub mod clock;
pub mod error;
pub mod message;
pub mod secret;
