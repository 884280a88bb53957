//! Activity feed: delivers each callshop's activity events, in order, to every subscriber.
//!
//! The activity table is the source of truth. [`Hub`] only announces commits early: immediately on this node, and through Redis (`link.rs`) on the
//! other nodes. A subscriber that lags or sees a gap in the activity numbers (`seq`) reads the table again ([`Watch`]). A poller (`poller.rs`)
//! finds missed activities that no gap reveals. A loss of Redis makes the delivery of activities slower, never wrong.
//!
//! Imports and the logs of webhooks have no numbered activities. The follower of an import or a log ([`Changes`]) learns only that the object
//! changed, and reads the object again.

pub mod changes;
pub mod event;
pub mod hub;
mod link;
pub mod message;
mod poller;
pub mod snapshot;
pub mod status;
pub mod stream;
pub mod texts;

pub use changes::Changes;
pub use event::ActivityEvent;
pub use hub::Hub;
pub use snapshot::Subject;
pub use status::Status;
pub use stream::Watch;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use store::Store;

use crate::redis_client::{self, ClientError, RedisConfig};

/// Starts the link between this node's hub and the other nodes' hubs. The link runs until `stop`. Activities that are committed before `stop` are
/// sent before the link ends. On SQLite without Redis, there is only one node, so this function does nothing.
///
/// # Errors
/// Fails if the Redis address is invalid. If Redis does not respond, this function does not fail, because the link retries until Redis responds.
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
    tasks.push(tokio::spawn(poller::run(store.clone(), hub.clone(), stop.clone())));
    Ok(tasks)
}
