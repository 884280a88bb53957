//! Follows objects that change without activities of their own, such as imports and the logs of webhooks. An announcement says only that an object
//! changed, so the followers of the object read it again. After several announcements in quick succession, a follower reads the object once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::Hub;

/// The objects that have followers on this node.
#[derive(Default)]
pub(super) struct Followed(RwLock<HashMap<Uuid, watch::Sender<()>>>);

impl Followed {
    /// Announces that an object changed. This function never waits.
    pub(super) fn announce(&self, id: Uuid) {
        if let Some(sender) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            sender.send_replace(());
        }
    }

    /// Makes all followers read their objects again, because announcements may be missing.
    pub(super) fn announce_all(&self) {
        for sender in self.0.read().unwrap_or_else(PoisonError::into_inner).values() {
            sender.send_replace(());
        }
    }
}

/// Follows the changes of one object. Create this value before you first read the object. Otherwise, a change in between could be missed.
pub struct Changes {
    receiver: Option<watch::Receiver<()>>,
    hub: Arc<Hub>,
    id: Uuid,
    /// Minimum time between two reads.
    pause: Duration,
    /// When the follower may read the object again.
    next_reading: Instant,
}

impl Changes {
    /// Starts to follow the changes that are committed from now on. `pause` is the minimum time between two reads of the object.
    pub fn start(hub: &Arc<Hub>, id: Uuid, pause: Duration) -> Self {
        let mut objects = hub.followed.0.write().unwrap_or_else(PoisonError::into_inner);
        let receiver = objects.entry(id).or_insert_with(|| watch::channel(()).0).subscribe();
        drop(objects);
        Self { receiver: Some(receiver), hub: hub.clone(), id, pause, next_reading: Instant::now() + pause }
    }

    /// Waits until the object may have changed since this method last returned, or since the start. Returns at most once per pause.
    /// This method is cancel-safe.
    pub async fn next(&mut self) {
        let Some(receiver) = self.receiver.as_mut() else { return };
        // changes during the pause are read together
        sleep_until(self.next_reading).await;
        // the sender is kept as long as the object has a follower, so this wait does not fail
        let _ = receiver.changed().await;
        self.next_reading = Instant::now() + self.pause;
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        let mut objects = self.hub.followed.0.write().unwrap_or_else(PoisonError::into_inner);
        self.receiver = None;
        if objects.get(&self.id).is_some_and(|sender| sender.receiver_count() == 0) {
            objects.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures_util::FutureExt as _;
    use store::OnCommit as _;

    use super::*;

    const PAUSE: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn an_object_is_read_again_only_after_changes_and_at_most_once_per_pause() {
        let hub = Arc::new(Hub::default());
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut changes = Changes::start(&hub, one, PAUSE);
        let announce = |id| hub.changed(BTreeSet::from([id]));
        announce(other);
        sleep_until(changes.next_reading).await;
        assert!(changes.next().now_or_never().is_none(), "only the other object changed");
        (0..3).for_each(|_| announce(one));
        changes.next().await;
        let earliest = changes.next_reading;
        sleep_until(earliest).await;
        assert!(changes.next().now_or_never().is_none(), "three changes are read at once");
        announce(one);
        changes.next().await;
        let earliest = changes.next_reading;
        announce(one);
        changes.next().await;
        assert!(Instant::now() >= earliest, "the next reading waits");
        hub.followed.announce_all();
        changes.next().await;
    }

    #[tokio::test]
    async fn an_object_without_followers_is_forgotten() {
        let hub = Arc::new(Hub::default());
        let count = || hub.followed.0.read().expect("a lock").len();
        let (one, two) = (Changes::start(&hub, Uuid::nil(), PAUSE), Changes::start(&hub, Uuid::nil(), PAUSE));
        drop(one);
        assert_eq!(count(), 1);
        drop(two);
        assert_eq!(count(), 0);
    }
}
