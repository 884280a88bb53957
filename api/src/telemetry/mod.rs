//! Observability of single requests: their ids, masking in logs, and traces from the hook to the subscriber.

pub mod export;
pub mod mask;
pub mod request;
pub mod trace;

pub use request::RequestId;
