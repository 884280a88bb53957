//! Observes a running process and its requests: request ids, trace context, health reports, masked phone numbers. This crate knows nothing of
//! callshops.

pub mod health;
pub mod mask;
pub mod request;
pub mod trace;

pub use request::RequestId;

/// Bucket bounds of duration histograms, in seconds. The lowest bound fits the processing of a call's end on an idle machine; the highest bound
/// fits a query that reaches its deadline.
pub const DURATION_BUCKETS: [f64; 13] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0];
