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

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::redis_client::{self, ClientError};
use crate::store::Store;

/// Starts what connects this node's doorbell with those of the others, until `stop`. What was committed before that is told before it ends.
/// On SQLite without Redis this node is the only one, and there is nothing to do.
///
/// # Errors
/// When the configured Redis is none. One that does not answer is no error: it is tried again until it does.
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
