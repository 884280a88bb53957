//! Counts the failures and retries of this process's database operations, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use base::error::{Error, NO_CONNECTION};
use sea_orm::DbErr;

static STATEMENTS: AtomicU64 = AtomicU64::new(0);
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
static RETRIES: AtomicU64 = AtomicU64::new(0);

/// Counts since the process started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Statements and transactions that failed.
    pub statements: u64,
    /// Requests that got no connection from a pool in time.
    pub connections: u64,
    /// Transactions that ran again after a deadlock, a serialization failure or a lost connection.
    pub retries: u64,
}

/// The current counts.
pub fn read() -> Counters {
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Counters { statements: load(&STATEMENTS), connections: load(&CONNECTIONS), retries: load(&RETRIES) }
}

pub(crate) fn transaction_retried() {
    RETRIES.fetch_add(1, Ordering::Relaxed);
}

/// Counts a transaction that failed after all retries. Errors caused by the caller do not count.
pub(crate) fn failed(error: &Error) {
    match error {
        Error::Database(_) => STATEMENTS.fetch_add(1, Ordering::Relaxed),
        Error::Overloaded(NO_CONNECTION) => CONNECTIONS.fetch_add(1, Ordering::Relaxed),
        _ => 0,
    };
}

/// Counts a single query that failed after all retries.
pub(crate) fn query_failed(error: &DbErr) {
    match error {
        DbErr::ConnectionAcquire(_) => CONNECTIONS.fetch_add(1, Ordering::Relaxed),
        _ => STATEMENTS.fetch_add(1, Ordering::Relaxed),
    };
}
