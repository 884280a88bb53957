//! Notifications within one node. The hub has a bounded channel for each callshop with subscribers, and knows the state of the other nodes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use entity::activity;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, broadcast, mpsc};
use uuid::Uuid;

use super::changes::Followed;
use super::event::ActivityEvent;
use super::message::{Kind, Message};
use super::status::Status;
use base::error::{OrFault as _, Result};
use store::OnCommit;
use telemetry::trace::TraceContext;

/// Maximum number of activities that a subscriber may lag behind. If a subscriber lags further behind, it reads the activities from the table. Each
/// slot in a channel takes about 50 bytes, even if the slot is unused, and every callshop with subscribers has a channel.
const BACKLOG: usize = 32;
/// Maximum number of subscribers that read the table at the same time. After an outage, all subscribers want to read the table, but other requests
/// need the database as well.
const READERS: usize = 4;
/// If a node has sent no heartbeat for this long, its commits may arrive late, or not at all.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_millis(2_500);
/// If a node has sent no heartbeat for this long, it is considered stopped and commits nothing.
const PEER_EXPIRY: Duration = Duration::from_secs(60);
/// Maximum number of other nodes that are tracked.
const MAX_PEERS: usize = 256;

/// A notification.
#[derive(Clone, Debug)]
pub enum Notification {
    /// An activity of the callshop was committed.
    Activity(Arc<ActivityEvent>),
    /// The callshop has activities up to at least this `seq`. Undelivered activities are in the table.
    Advanced(i64),
}

/// A message in transit to the other nodes.
#[derive(Debug)]
pub enum Outgoing {
    /// An activity that this node committed, with the trace context of the commit.
    Activity(Arc<activity::Model>, Option<TraceContext>),
    /// This node changed the object with this id.
    Changed(Uuid),
}

/// Delivers committed activities to the subscribers of their callshop, and announces changed objects to their followers. The relay sends the
/// activities and the announcements to the other nodes.
pub struct Hub {
    node: Uuid,
    shops: RwLock<HashMap<Uuid, Channel>>,
    pub(super) followed: Followed,
    relay: OnceLock<mpsc::Sender<Outgoing>>,
    /// The objects whose changes are in the relay's queue.
    queued: Mutex<HashSet<Uuid>>,
    peers: Mutex<HashMap<Uuid, Peer>>,
    pub(super) poll: Notify,
    readers: Semaphore,
    status: Status,
}

struct Channel {
    sender: broadcast::Sender<Notification>,
    /// The highest activity number (`seq`) that was announced for the callshop.
    last_notified: AtomicI64,
}

/// Another node's state, as known from its heartbeats.
struct Peer {
    heard: Instant,
    /// Number of messages that the node failed to send.
    lost: i64,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            node: Uuid::new_v4(),
            shops: RwLock::default(),
            followed: Followed::default(),
            relay: OnceLock::new(),
            queued: Mutex::default(),
            peers: Mutex::default(),
            poll: Notify::new(),
            readers: Semaphore::new(READERS),
            status: Status::default(),
        }
    }
}

impl Hub {
    /// Subscribes to all activities of `callshop_id` that are committed from now on. Notifications may be lost, late or (across nodes) out of
    /// order, so the subscriber must check `seq`.
    pub fn watch(self: &Arc<Self>, callshop_id: Uuid) -> Subscription {
        let mut shops = self.shops.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Channel { sender: broadcast::channel(BACKLOG).0, last_notified: AtomicI64::new(0) };
        let notifications = shops.entry(callshop_id).or_insert_with(new).sender.subscribe();
        drop(shops);
        Subscription { notifications: Some(notifications), hub: self.clone(), callshop_id }
    }

    /// Hands a message to the relay. Returns false if the message is not sent.
    fn forward(&self, message: Outgoing) -> bool {
        let Some(relay) = self.relay.get() else { return false };
        let is_queued = self.status.is_up() && relay.try_send(message).is_ok();
        if !is_queued {
            self.status.dropped.inc();
        }
        is_queued
    }

    /// Hands the change of an object to the relay, unless an earlier change of the object still waits there.
    fn forward_change(&self, id: Uuid) {
        if self.relay.get().is_some() && self.queued().insert(id) && !self.forward(Outgoing::Changed(id)) {
            self.queued().remove(&id);
        }
    }

    /// Records that a message has left the relay's queue. The next change of the same object is queued again.
    pub(super) fn taken(&self, message: &Outgoing) {
        if let Outgoing::Changed(id) = message {
            self.queued().remove(id);
        }
    }

    fn queued(&self) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self, callshop_id: Uuid, seq: i64, notification: Notification) {
        let shops = self.shops.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(shop) = shops.get(&callshop_id) {
            shop.last_notified.fetch_max(seq, Ordering::Relaxed);
            // an error is harmless here: while the last subscription is being dropped, there is no receiver
            let _ = shop.sender.send(notification);
        }
    }

    fn is_watched(&self, callshop_id: Uuid) -> bool {
        self.shops.read().unwrap_or_else(PoisonError::into_inner).contains_key(&callshop_id)
    }

    /// The callshops that have subscribers on this node.
    pub fn watched(&self) -> Vec<Uuid> {
        self.shops.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// Waits for a turn to read many rows for a subscriber. At most [`READERS`] subscribers of this node read at the same time.
    ///
    /// # Errors
    /// Fails with a fault if the hub was closed, which never happens.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.readers.acquire().await.or_fault()
    }

    /// State of the link to the other nodes.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The id of this node among all nodes. The node gets a new id at each start.
    pub(super) fn node(&self) -> Uuid {
        self.node
    }

    /// While the link to the other nodes is up, the returned receiver gets every message from now on. If the hub has a second link, the receiver of
    /// that link gets nothing.
    pub(super) fn relay(&self, bound: usize) -> mpsc::Receiver<Outgoing> {
        let (sender, receiver) = mpsc::channel(bound);
        // a second link on the same hub sends nothing, but still receives messages
        let _ = self.relay.set(sender);
        receiver
    }

    /// Number of messages waiting to be sent over the link.
    pub fn waiting(&self) -> usize {
        self.relay.get().map_or(0, |relay| relay.max_capacity() - relay.capacity())
    }

    /// Handles a message from another node. This function runs in the connection's read loop, so it must be quick and never wait.
    pub(super) fn heard(&self, bytes: &[u8]) {
        let Some(message) = Message::read(bytes) else { return };
        let head = message.head;
        if head.node == self.node {
            return;
        }
        match head.kind {
            Kind::Heartbeat => self.beat(head.node, head.seq),
            Kind::Leave => {
                self.peers.lock().unwrap_or_else(PoisonError::into_inner).remove(&head.node);
                self.poll.notify_one();
            }
            Kind::Changed => self.followed.announce(head.callshop_id),
            Kind::Activity => {
                self.status.received.inc();
                if self.is_watched(head.callshop_id) {
                    self.status.delivered.inc();
                    let event = message.event().map(Arc::new);
                    let notification = event.map_or(Notification::Advanced(head.seq), Notification::Activity);
                    self.notify(head.callshop_id, head.seq, notification);
                }
            }
        }
    }

    /// Starts a poll of the table if the other node is new, has lost messages, or has been silent. In each of these cases, the other node may have
    /// committed activities that were never announced.
    fn beat(&self, node: Uuid, lost: i64) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= MAX_PEERS && !peers.contains_key(&node) {
            return;
        }
        let before = peers.insert(node, Peer { heard: Instant::now(), lost });
        if before.is_none_or(|before| before.lost != lost || before.heard.elapsed() > HEARTBEAT_TIMEOUT) {
            self.poll.notify_one();
        }
    }

    /// Whether other nodes' commits arrive immediately, because the link is up and every recently seen node still sends heartbeats.
    pub(super) fn hears_every_node(&self) -> bool {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|_, peer| peer.heard.elapsed() < PEER_EXPIRY);
        self.status.is_up() && peers.values().all(|peer| peer.heard.elapsed() < HEARTBEAT_TIMEOUT)
    }

    /// Notifies the subscribers of each callshop for which the table has activities that were not announced.
    pub(super) fn compare(&self, heads: &[(Uuid, i64)]) {
        for (callshop_id, head) in heads {
            let shops = self.shops.read().unwrap_or_else(PoisonError::into_inner);
            let last_notified = shops.get(callshop_id).map(|shop| shop.last_notified.load(Ordering::Relaxed));
            drop(shops);
            if last_notified.is_some_and(|last_notified| last_notified < *head) {
                self.status.found.inc();
                self.notify(*callshop_id, *head, Notification::Advanced(*head));
            }
        }
    }
}

impl OnCommit for Hub {
    /// Notifies the subscribers of activities that this node committed, and hands the activities to the relay. This function never waits.
    fn committed(&self, activities: Vec<activity::Model>, trace: Option<&TraceContext>) {
        for row in activities.into_iter().map(Arc::new) {
            if self.is_watched(row.callshop_id) {
                let event = Arc::new(ActivityEvent::of(row.clone(), trace));
                self.notify(row.callshop_id, row.seq, Notification::Activity(event));
            }
            self.forward(Outgoing::Activity(row, trace.cloned()));
        }
    }

    fn changed(&self, objects: BTreeSet<Uuid>) {
        for id in objects {
            self.followed.announce(id);
            self.forward_change(id);
        }
    }
}

/// One subscriber's end of a callshop's channel. Dropping the last subscription removes the channel.
pub struct Subscription {
    notifications: Option<broadcast::Receiver<Notification>>,
    hub: Arc<Hub>,
    callshop_id: Uuid,
}

impl Subscription {
    /// Waits for the next notification; `None` if notifications were missed. This method is cancel-safe.
    pub async fn next(&mut self) -> Option<Notification> {
        self.notifications.as_mut()?.recv().await.ok()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut shops = self.hub.shops.write().unwrap_or_else(PoisonError::into_inner);
        self.notifications = None;
        if shops.get(&self.callshop_id).is_some_and(|shop| shop.sender.receiver_count() == 0) {
            shops.remove(&self.callshop_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_queued_once_until_the_link_has_taken_it() {
        let (hub, id) = (Hub::default(), Uuid::from_u128(1));
        let change = || hub.changed(BTreeSet::from([id]));
        // without a link, nothing is queued
        change();
        let mut queue = hub.relay(2);
        // the link is down, so the change is dropped
        change();
        assert!(queue.try_recv().is_err());
        hub.status.link_up.set(1);
        (0..3).for_each(|_| change());
        let message = queue.try_recv().expect("a message");
        assert!(queue.try_recv().is_err(), "three changes need one message");
        hub.taken(&message);
        change();
        assert!(queue.try_recv().is_ok());
    }
}
