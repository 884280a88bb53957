//! Tests of several nodes on one database: how they start and stop, and Redis between them.
//!
//! These tests measure times, so they are apart from tests that load the machine.

mod nodes;
mod redis;
