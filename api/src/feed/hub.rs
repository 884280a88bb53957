//! The doorbell inside one process: one bounded channel per watched callshop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entity::activity;
use tokio::sync::broadcast;
use uuid::Uuid;

/// Activities a watcher may lag behind before it has to read them from the table.
const BACKLOG: usize = 256;

/// Hands committed activities to the watchers of their callshop.
#[derive(Default)]
pub struct Hub {
    shops: Mutex<HashMap<Uuid, broadcast::Sender<Arc<activity::Model>>>>,
}

impl Hub {
    /// Everything committed for `callshop_id` from now on. May skip, lag or (across nodes) arrive out of order: check `seq`.
    pub fn watch(&self, callshop_id: Uuid) -> broadcast::Receiver<Arc<activity::Model>> {
        let mut shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        // channels nobody listens to any more are dropped when the next watcher comes
        shops.retain(|_, sender| sender.receiver_count() > 0);
        shops.entry(callshop_id).or_insert_with(|| broadcast::channel(BACKLOG).0).subscribe()
    }

    /// Tells the watchers what was committed.
    pub fn publish(&self, activities: Vec<activity::Model>) {
        let shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        for activity in activities {
            if let Some(sender) = shops.get(&activity.callshop_id) {
                // no receiver is no error: nobody watches just now
                let _ = sender.send(Arc::new(activity));
            }
        }
    }
}
