//! The pure rules of a callshop: money, numbers, tariffs, rating, calls, sessions, statements, the register, and what is compared with a proxy.
//!
//! Nothing here does I/O, reads a clock or knows a database: every function answers from its arguments, so that a
//! charge made today can be explained, and computed again, years later.

pub mod call;
pub mod credit;
pub mod deck;
pub mod fold;
pub mod money;
pub mod number;
pub mod rating;
pub mod reconcile;
pub mod register;
pub mod session;
pub mod statement;
pub mod tariff;
pub mod text;
