//! Tests the transports with a toy schema: requests, sockets and event streams, and the protocols' own test suites.

#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by a panic")]

mod answers;
mod documents;
mod kept;
mod npm;
mod requests;
mod sockets;
mod streams;
mod support;
