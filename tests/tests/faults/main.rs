//! Short runs of the tests that kill, stop and starve parts of the system under load (docs/testing.md).

mod crash;
mod faults;

use tokio::sync::RwLock;

/// Keeps loads apart: a topology takes it for writing, because its faults and deadlines assume that nothing else loads the machine. All other tests
/// read, so they may run at the same time.
static ALONE: RwLock<()> = RwLock::const_new(());
