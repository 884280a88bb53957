//! Activity: what happened in a callshop, in order, to everyone who watches.
//!
//! The activity table is the truth; [`Hub`] only says early what was committed, on this node at once and on the others through Redis
//! (`link.rs`). Whoever sees a gap in `seq`, or lags, reads the table again ([`Watch`]); where even the gap cannot be seen, the watchman
//! finds it (`watchman.rs`). Redis lost means slower, never wrong.

pub mod hub;
pub mod kept;
mod link;
pub mod message;
pub mod status;
pub mod stream;
pub mod told;
mod watchman;

pub use hub::Hub;
pub use status::Status;
pub use stream::Watch;
pub use told::Told;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use store::Store;

use crate::redis_client::{self, ClientError, RedisConfig};

/// Starts the link between this node's hub and those of the other nodes, until `stop`. Activities committed before that are sent before it
/// ends. On SQLite without Redis this node is the only one, and there is nothing to do.
///
/// # Errors
/// An invalid address of Redis. A Redis that does not answer is no error: the link retries until it does.
pub fn start(
    store: &Store,
    hub: &Arc<Hub>,
    redis: &RedisConfig,
    stop: &CancellationToken,
) -> Result<Vec<JoinHandle<()>>, ClientError> {
    let mut tasks = Vec::new();
    if let Some(client) = redis_client::client(redis)? {
        hub.status().configured.set(1);
        let queue = hub.relay(redis.queue);
        let channel = format!("{}activity", redis.channel);
        let link = link::Link { hub: hub.clone(), client, channel, queue };
        tasks.push(tokio::spawn(link.run(stop.clone())));
    } else if !store.is_shared() {
        return Ok(tasks);
    }
    tasks.push(tokio::spawn(watchman::run(store.clone(), hub.clone(), stop.clone())));
    Ok(tasks)
}
