//! The pure rules of a callshop: money, numbers, tariffs, rating, calls, sessions, statements, the register, and reconciliation with a proxy.
//!
//! This crate does no I/O, reads no clock and knows no database. Every function depends on its arguments alone, so you
//! can explain and recompute a charge years later.

pub mod call;
pub mod carrier_deck;
pub mod country;
pub mod credit;
pub mod day;
pub mod deck;
pub mod derived;
pub mod fold;
pub mod money;
pub mod number;
pub mod pix;
pub mod rate_changes;
pub mod rating;
pub mod reconcile;
pub mod register;
pub mod session;
pub mod statement;
pub mod tariff;
pub mod text;
pub mod words;
