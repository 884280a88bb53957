//! The doorbell of one node: a bounded channel for each watched callshop, and what is known of the other nodes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use entity::activity;
use tokio::sync::{Notify, Semaphore, broadcast, mpsc};
use uuid::Uuid;

use super::message::{Kind, Message};
use super::status::Status;
use super::told::Told;
use store::OnCommit;
use telemetry::trace::TraceContext;

/// Activities a watcher may lag behind before it has to read them from the table. Each place takes some 50 bytes in every watched callshop, used or not.
const BACKLOG: usize = 32;
/// Watchers that read the table at once: after an outage all want to, and others need the database, too.
const READERS: usize = 4;
/// Without a beat for so long, what another node commits may be told too late, or not at all.
const QUIET: Duration = Duration::from_millis(2_500);
/// After so long it is gone: it commits nothing.
const GONE: Duration = Duration::from_secs(60);
/// Other nodes that are remembered.
const MAX_PEERS: usize = 256;

/// What the doorbell says.
#[derive(Clone, Debug)]
pub enum Ring {
    /// This was committed.
    Activity(Arc<Told>),
    /// The callshop's activities reach at least to here: those that nobody brought are in the table.
    Look(i64),
}

/// What was committed here, on its way to the other nodes.
#[derive(Debug)]
pub struct Committed {
    /// What happened.
    pub row: activity::Model,
    /// Where in its trace it was committed.
    pub trace: Option<TraceContext>,
}

/// Hands committed activities to the watchers of their callshop, on this node and, through the relay, on the others.
pub struct Hub {
    node: Uuid,
    shops: RwLock<HashMap<Uuid, Shop>>,
    relay: OnceLock<mpsc::Sender<Committed>>,
    peers: Mutex<HashMap<Uuid, Peer>>,
    pub(super) poll: Notify,
    pub(super) readers: Semaphore,
    status: Status,
}

struct Shop {
    bell: broadcast::Sender<Ring>,
    /// The highest `seq` that was rung.
    rung: AtomicI64,
}

/// Another node, by its beats.
struct Peer {
    heard: Instant,
    /// Messages that it could not send.
    lost: i64,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            node: Uuid::new_v4(),
            shops: RwLock::default(),
            relay: OnceLock::new(),
            peers: Mutex::default(),
            poll: Notify::new(),
            readers: Semaphore::new(READERS),
            status: Status::default(),
        }
    }
}

impl Hub {
    /// Everything committed for `callshop_id` from now on. May skip, lag or (across nodes) come out of order: check `seq`.
    pub fn watch(self: &Arc<Self>, callshop_id: Uuid) -> Bell {
        let mut shops = self.shops.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Shop { bell: broadcast::channel(BACKLOG).0, rung: AtomicI64::new(0) };
        let rings = shops.entry(callshop_id).or_insert_with(new).bell.subscribe();
        drop(shops);
        Bell { rings: Some(rings), hub: self.clone(), callshop_id }
    }

    fn hand_over(&self, row: activity::Model, trace: Option<&TraceContext>) {
        let Some(relay) = self.relay.get() else { return };
        let committed = Committed { row, trace: trace.cloned() };
        if !self.status.is_up() || relay.try_send(committed).is_err() {
            self.status.dropped.inc();
        }
    }

    fn ring(&self, callshop_id: Uuid, seq: i64, ring: Ring) {
        let shops = self.shops.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(shop) = shops.get(&callshop_id) {
            shop.rung.fetch_max(seq, Ordering::Relaxed);
            // no receiver is no error: the last one is just going
            let _ = shop.bell.send(ring);
        }
    }

    fn is_watched(&self, callshop_id: Uuid) -> bool {
        self.shops.read().unwrap_or_else(PoisonError::into_inner).contains_key(&callshop_id)
    }

    /// The callshops that are watched here.
    pub fn watched(&self) -> Vec<Uuid> {
        self.shops.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// How the link to the other nodes is doing.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// This node's name among the nodes; another one after each start.
    pub(super) fn node(&self) -> Uuid {
        self.node
    }

    /// What is committed from now on is handed to the other end, as long as the link is up. Only the first call counts.
    pub(super) fn relay(&self, bound: usize) -> mpsc::Receiver<Committed> {
        let (sender, receiver) = mpsc::channel(bound);
        // a second link of one hub gets nothing to send, and still rings
        let _ = self.relay.set(sender);
        receiver
    }

    /// How many committed activities wait for the link.
    pub fn waiting(&self) -> usize {
        self.relay.get().map_or(0, |relay| relay.max_capacity() - relay.capacity())
    }

    /// What another node said. Runs where the connection is read: quick, and never waiting.
    pub(super) fn heard(&self, bytes: &[u8]) {
        let Some(message) = Message::read(bytes) else { return };
        let head = message.head;
        if head.node == self.node {
            return;
        }
        match head.kind {
            Kind::Beat => self.beat(head.node, head.seq),
            Kind::Bye => {
                self.peers.lock().unwrap_or_else(PoisonError::into_inner).remove(&head.node);
                self.poll.notify_one();
            }
            Kind::Activity => {
                self.status.received.inc();
                if self.is_watched(head.callshop_id) {
                    self.status.delivered.inc();
                    let told = message.told().map(Arc::new);
                    let ring = told.map_or(Ring::Look(head.seq), Ring::Activity);
                    self.ring(head.callshop_id, head.seq, ring);
                }
            }
        }
    }

    /// A node that is new, or that lost messages, may have committed what nobody was told of.
    fn beat(&self, node: Uuid, lost: i64) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= MAX_PEERS && !peers.contains_key(&node) {
            return;
        }
        let before = peers.insert(node, Peer { heard: Instant::now(), lost });
        if before.is_none_or(|before| before.lost != lost || before.heard.elapsed() > QUIET) {
            self.poll.notify_one();
        }
    }

    /// Whether what other nodes commit is told at once: the link stands, and every node that was there a moment ago is heard.
    pub(super) fn hears_everybody(&self) -> bool {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|_, peer| peer.heard.elapsed() < GONE);
        self.status.is_up() && peers.values().all(|peer| peer.heard.elapsed() < QUIET)
    }

    /// Rings where the table reaches further than what was rung.
    pub(super) fn compare(&self, heads: &[(Uuid, i64)]) {
        for (callshop_id, head) in heads {
            let shops = self.shops.read().unwrap_or_else(PoisonError::into_inner);
            let rung = shops.get(callshop_id).map(|shop| shop.rung.load(Ordering::Relaxed));
            drop(shops);
            if rung.is_some_and(|rung| rung < *head) {
                self.status.found.inc();
                self.ring(*callshop_id, *head, Ring::Look(*head));
            }
        }
    }
}

impl OnCommit for Hub {
    /// Tells the watchers what was committed here, and hands it to the relay. Never waits.
    fn committed(&self, activities: Vec<activity::Model>, trace: Option<&TraceContext>) {
        for row in activities {
            if self.is_watched(row.callshop_id) {
                // one that cannot be read fails where it is read from the table: with whoever asks, not here
                let told = Told::of(&row, trace).map(Arc::new);
                self.ring(row.callshop_id, row.seq, told.map_or(Ring::Look(row.seq), Ring::Activity));
            }
            self.hand_over(row, trace);
        }
    }
}

/// One watcher's end of a callshop's channel. The channel goes with the last one.
pub struct Bell {
    rings: Option<broadcast::Receiver<Ring>>,
    hub: Arc<Hub>,
    callshop_id: Uuid,
}

impl Bell {
    /// Waits for the next ring; none when some were missed. Safe to drop and call again.
    pub async fn next(&mut self) -> Option<Ring> {
        self.rings.as_mut()?.recv().await.ok()
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        let mut shops = self.hub.shops.write().unwrap_or_else(PoisonError::into_inner);
        self.rings = None;
        if shops.get(&self.callshop_id).is_some_and(|shop| shop.bell.receiver_count() == 0) {
            shops.remove(&self.callshop_id);
        }
    }
}
