//! SeaORM models and column types of the callshop database: one file per table, with no logic except the initial values of new rows.
//!
//! Money columns are [`Micros`] in BIGINT on both databases, because on SQLite, SeaORM would store `Decimal` as a float. Times are UTC with
//! microseconds, ids are UUIDv7, lists are JSON, and the rates of a call are bytes.

pub mod account;
pub mod activity;
pub mod activity_head;
pub mod api_token;
pub mod audit_log;
pub mod auth_session;
pub mod cabin;
pub mod cabin_session;
pub mod call;
pub mod call_charge;
pub mod call_sighting;
pub mod callshop;
pub mod cash_movement;
mod charges;
pub mod columns;
pub mod hook_event;
pub mod idempotency_key;
pub mod ledger_balance;
pub mod ledger_entry;
pub mod ledger_posting;
pub mod ledger_transfer;
mod levels;
pub mod live_call;
pub mod login_failure;
mod parents;
pub mod payment;
pub mod phone;
pub mod proxy;
pub mod rate;
pub mod register_shift;
pub mod search_word;
pub mod session_item;
pub mod setting;
pub mod tariff;
pub mod tariff_derivation;
pub mod tariff_import;
pub mod tariff_import_change;
pub mod tariff_mapping;
pub mod tariff_version;
pub mod unfinished_version;
pub mod used_ticket;
pub mod user;
mod view;
pub mod webhook;
pub mod webhook_cursor;
pub mod webhook_delivery;

pub use charges::{Charges, LevelCharge};
pub use columns::*;
pub use levels::{LEVEL_BYTES, LevelKey, Levels, Prefix, RateKey};
