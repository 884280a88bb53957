//! Short runs of the tests that kill, stop and starve parts of the system under load (docs/testing.md).

mod crash;
mod faults;

use tokio::sync::RwLock;

/// A lock that lets each topology test run alone. A test of a whole topology takes the lock for writing. The faults and deadlines of a topology test
/// assume that no other test loads the machine. All other tests take the lock for reading, so they may run at the same time.
static ALONE: RwLock<()> = RwLock::const_new(());
