//! The error type and the clock. Every layer needs them; they need no layer.

pub mod clock;
pub mod error;
pub mod secret;
