//! Tests of the use cases and the schema without a network.

mod day;
mod tariffs;
