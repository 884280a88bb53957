//! Tests of several nodes on one database: how they start and stop, Redis between them, and traces through them.
//!
//! These tests measure times, so they are in a separate program from the tests that load the machine.

mod demo;
mod nodes;
mod redis;
mod telemetry;
mod uploads;
mod webhooks;
