//! Tests both uses of Redis between several nodes, and its access rules (`deploy/redis`).

mod access;
mod notifications;
mod restart;
mod stream;

use std::time::{Duration, Instant};

use tests::TestServer;

/// Maximum time until a node notices that a link has failed or recovered.
const NOTICED: Duration = Duration::from_millis(3_500);

/// Waits until `done` returns true. Returns the waiting time.
async fn until(what: &str, patience: Duration, mut done: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !done().await {
        assert!(begun.elapsed() < patience, "{what}: not within {patience:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

fn is_up(node: &TestServer) -> bool {
    node.app.hub.status().is_up()
}

async fn linked(node: &TestServer) {
    until("the link is up", NOTICED, async || is_up(node)).await;
}
