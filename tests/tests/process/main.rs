//! Tests of what a process has only once: its log and its exporter of traces.

mod logs;
mod telemetry;
