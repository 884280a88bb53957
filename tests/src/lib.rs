//! The harness of the end-to-end tests. The harness starts whole servers on either database, and talks to the servers over the network.
//!
//! A test body runs on both databases through [`on_both!`]. The PostgreSQL server is at `CALLSHOP_TEST_POSTGRES` (`tests/run` starts a server).
//! If this variable is not set, the PostgreSQL tests fail, and the message says how to get a server. Each server has its own database, and
//! [`Shop::finish`] fails if the ledger does not balance.
//!
//! Almost every test uses [`Shop`], which works over the network. [`InProcess`] is for use cases that cannot be reached over the network.

use std::pin::Pin;
use std::time::Duration;

pub mod authenticator;
pub mod client;
pub mod crash;
pub mod deliveries;
pub mod endurance;
pub mod faults;
pub mod in_process;
pub mod local;
pub mod model;
pub mod proxy;
pub mod receiver;
pub mod redis;
pub mod relay;
pub mod rush;
pub mod server;
pub mod shop;
pub mod sip;
pub mod socket;
pub mod subscriber;

pub use client::Client;
pub use in_process::InProcess;
pub use local::Local;
pub use proxy::{FakeProxy, Mood};
pub use redis::{Door, RedisServer};
pub use relay::Relay;
pub use server::{Backend, TestServer};
pub use shop::Shop;
pub use sip::{Sip, SipPlan};
pub use socket::Socket;
pub use subscriber::Subscriber;

/// The mutations for sessions, the register and shop settings. The test of a day in the shop runs these mutations, and checks the audit entry of each
/// mutation.
pub const SHOP_MUTATIONS: &[&str] = &[
    "addDeposit",
    "addSessionItem",
    "applyDiscount",
    "closeCabin",
    "closeRegister",
    "moveSession",
    "openCabin",
    "openRegister",
    "recordCashMovement",
    "refundSession",
    "removeSessionItem",
    "settleSession",
    "updateCallshopSettings",
    "updateSessionLimits",
    "voidSession",
];

/// Maximum time of a test body. The slowest test takes about a minute on two busy cores.
const LIMIT: Duration = Duration::from_secs(600);

/// Fails a test body that does not end, so that the test is named instead of holding up all tests for ever.
///
/// # Panics
/// Panics if the body takes longer than [`LIMIT`].
pub async fn in_time(body: Pin<Box<impl Future<Output = ()>>>) {
    let ended = tokio::time::timeout(LIMIT, body).await;
    assert!(ended.is_ok(), "the test has not ended within {LIMIT:?}");
}

/// Runs one test body on SQLite and on PostgreSQL, as two tests: `on_both!(name, |backend| async move { … })`.
#[macro_export]
macro_rules! on_both {
    ($name:ident, $body:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::in_time(Box::pin(($body)($crate::Backend::Sqlite))).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::in_time(Box::pin(($body)($crate::Backend::Postgres))).await;
            }
        }
    };
}
