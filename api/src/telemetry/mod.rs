//! What is told of single requests: their ids, how logs name people and numbers, and traces from the hook to the subscriber.

pub mod export;
pub mod mask;
pub mod request;
pub mod trace;

pub use request::RequestId;
