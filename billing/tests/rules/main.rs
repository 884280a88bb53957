//! Tests the rules with worked examples, and with properties that hold for all inputs.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod call;
mod carrier_deck;
mod charges;
mod country;
mod credit;
mod day;
mod deck;
mod derived;
mod money;
mod number;
mod pix;
mod rating;
mod reconcile;
mod session;
mod statement;
mod tariff;
