//! Remembers the callshop of each call and phone, so that the writer knows which jobs can run at the same time.

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use uuid::Uuid;

use super::Work;
use crate::calls::events::EventBody;

/// Maximum number of calls, and of phones, whose callshops are remembered. An entry takes about 100 bytes.
const REMEMBERED: u64 = 50_000;

/// The callshops of calls and phones that this node has seen lately. A missing entry is no error; it only prevents two batches from overlapping.
pub(crate) struct Callshops {
    by_call: Cache<Uuid, Uuid>,
    by_phone: Cache<String, Uuid>,
}

impl Default for Callshops {
    fn default() -> Self {
        Self { by_call: recent(), by_phone: recent() }
    }
}

/// A cache that drops the entry that was not used for the longest time. The library's default policy would keep entries that were used often, and
/// these are the entries of calls that have ended.
fn recent<K: std::hash::Hash + Eq + Send + Sync + 'static>() -> Cache<K, Uuid> {
    Cache::builder().max_capacity(REMEMBERED).eviction_policy(EvictionPolicy::lru()).build()
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
