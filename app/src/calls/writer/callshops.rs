//! Remembers the callshop of each call and phone, so that the writer can find jobs that can run at the same time. Also remembers the path of each
//! callshop.

use std::sync::Arc;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use uuid::Uuid;

use super::Work;
use crate::calls::events::EventBody;

/// Maximum number of calls, of phones, and of callshops that are remembered. An entry takes about 100 bytes.
const REMEMBERED: u64 = 50_000;

/// The callshops of calls and phones that this node has seen recently. A missing entry is not an error; it only prevents two batches from
/// overlapping.
pub(crate) struct Callshops {
    by_call: Cache<Uuid, Uuid>,
    by_phone: Cache<String, Uuid>,
    paths: Cache<Uuid, Arc<[Uuid]>>,
}

impl Default for Callshops {
    fn default() -> Self {
        Self { by_call: recent(REMEMBERED), by_phone: recent(REMEMBERED), paths: recent(REMEMBERED) }
    }
}

/// A cache that drops the least recently used entry. The library's default policy would keep entries that were used often, and most of these belong to
/// calls that have ended.
fn recent<K, V>(capacity: u64) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(capacity).eviction_policy(EvictionPolicy::lru()).build()
}

impl Callshops {
    /// Remembers the callshop of a call.
    pub(crate) fn learn_call(&self, call: Uuid, callshop: Uuid) {
        self.by_call.insert(call, callshop);
    }

    /// Remembers the callshop of a phone, which is identified by its SIP user.
    pub(crate) fn learn_phone(&self, user: &str, callshop: Uuid) {
        if !self.by_phone.contains_key(user) {
            self.by_phone.insert(user.to_owned(), callshop);
        }
    }

    /// Remembers the accounts on a callshop's path. A path never changes.
    pub(crate) fn learn_path(&self, callshop: Uuid, path: Arc<[Uuid]>) {
        self.paths.insert(callshop, path);
    }

    /// The ids of the accounts on a callshop's path, from the root to the callshop; `None` if the path is not known.
    pub(crate) fn path(&self, callshop: Uuid) -> Option<Arc<[Uuid]>> {
        self.paths.get(&callshop)
    }

    /// The callshop whose rows a job changes; `None` if it is not known, or if the job belongs to no callshop.
    pub(super) fn of(&self, work: &Work) -> Option<Uuid> {
        match work {
            Work::Authorize(request) => self.by_phone.get(request.user.as_str()),
            Work::Extend(call) | Work::Confirm(call, ..) => self.by_call.get(call),
            Work::Event(event) => match &event.body {
                EventBody::Call { reference, .. } => self.by_call.get(reference),
                EventBody::Emergency { call, .. } => self.by_phone.get(call.user.as_str()),
                EventBody::Phone { user, .. } => self.by_phone.get(user.as_str()),
                EventBody::Abandoned { .. } | EventBody::Boot | EventBody::Malformed { .. } => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_calls_are_remembered_instead_of_calls_that_were_used_often() {
        let cache = recent(10);
        for call in 0..10 {
            cache.insert(call, Uuid::nil());
            (0..10).for_each(|_| assert!(cache.get(&call).is_some()));
        }
        (10..20).for_each(|call| cache.insert(call, Uuid::nil()));
        cache.run_pending_tasks();
        let kept: Vec<u32> = (0..20).filter(|call| cache.contains_key(call)).collect();
        assert_eq!(kept, (10..20).collect::<Vec<_>>());
    }
}
