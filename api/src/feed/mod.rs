//! Activity feed: delivers each callshop's activity events, in order, to every subscriber.
//!
//! The activity table is the source of truth. [`Hub`] only announces commits early: at once on this node, and on the others through Redis
//! (`link.rs`). A subscriber that sees a gap in `seq`, or lags, reads the table again ([`Watch`]). A poller (`watchman.rs`) finds missed
//! activities that no gap reveals. Losing Redis makes delivery slower, never wrong.

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

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::redis_client::{self, ClientError};
use crate::store::Store;

/// Connects this node's notifications with those of the other nodes until `stop`. Activities committed before `stop` are published before the
/// tasks end. On SQLite without Redis this node is the only one, so nothing is started.
///
/// # Errors
/// If the configured Redis address is invalid. An unreachable Redis is not an error: the node retries until it answers.
pub fn start(
    store: &Store,
    config: &Config,
    stop: &CancellationToken,
) -> Result<Vec<JoinHandle<()>>, ClientError> {
    let mut tasks = Vec::new();
    if let Some(client) = redis_client::client(&config.redis)? {
        let hub = store.hub().clone();
        hub.status().configured.set(1);
        let queue = hub.relay(config.redis.queue);
        let channel = format!("{}activity", config.redis.channel);
        let link = link::Link { hub, client, channel, queue };
        tasks.push(tokio::spawn(link.run(stop.clone())));
    } else if config.database_url.starts_with("sqlite:") {
        return Ok(tasks);
    }
    tasks.push(tokio::spawn(watchman::run(store.clone(), stop.clone())));
    Ok(tasks)
}
