//! The error type, the clock, and the hiding of secrets. Every layer uses these modules; they use no other layer.

pub mod clock;
pub mod error;
pub mod secret;
