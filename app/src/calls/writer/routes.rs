//! The lane of each job. Jobs of one lane never overtake each other, and jobs of different lanes rarely touch the same rows, so that the batches of
//! two lanes can run at the same time.
//!
//! A lane has the calls of some distributors: an account below the platform and everything below that account. The last byte of a call's id is the
//! last byte of its distributor's id ([`call_id`]). An event therefore tells its lane without a query, on every node. A wrong lane would only cost
//! time: the locks in the database keep all jobs correct.

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use uuid::{ContextV7, Timestamp, Uuid};

use super::{Done, Work};
use crate::calls::authorize::Authorization;
use crate::calls::events::EventBody;
use base::error::{OrFault as _, Result};

/// Number of lanes.
pub(super) const LANES: usize = 2;
/// Maximum number of phones whose lanes are in memory.
const PHONES: u64 = 100_000;

/// A lane; `None` stands for all lanes.
pub(super) type Lane = Option<usize>;

/// How a job may be combined with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The job's lane; `None` if the job must see everything that was submitted before it.
    pub(super) lane: Lane,
    /// Whether the job may begin before an earlier batch of its lane has ended.
    pub(super) overlaps: bool,
}

/// The lanes of the phones that have called. A phone that has not called yet has no lane.
#[derive(Clone)]
pub(super) struct Routes(Cache<String, usize>);

impl Default for Routes {
    fn default() -> Self {
        Self(Cache::new(PHONES))
    }
}

impl Routes {
    /// How a job may be combined with others.
    pub(super) fn of(&self, work: &Work) -> Route {
        Route { lane: self.lane(work), overlaps: matches!(work, Work::Event(_)) }
    }

    fn lane(&self, work: &Work) -> Lane {
        match work {
            Work::Extend(id) | Work::Confirm(id, ..) => Some(of_call(*id)),
            Work::Authorize(request) => self.0.get(&request.user),
            Work::Event(event) => match &event.body {
                EventBody::Call { reference, .. } => Some(of_call(*reference)),
                EventBody::Emergency { call, .. } => Some(of_call(call.reference)),
                EventBody::Phone { user, .. } => self.0.get(user),
                EventBody::Abandoned { .. } | EventBody::Boot | EventBody::Malformed { .. } => None,
            },
        }
    }

    /// Keeps the lane of a phone whose call was allowed.
    pub(super) fn learn(&self, work: &Work, done: &Done) {
        if let (Work::Authorize(request), Done::Authorize(Authorization::Allowed { reference, .. })) =
            (work, done)
        {
            self.0.insert(request.user.clone(), of_call(*reference));
        }
    }
}

fn of_call(id: Uuid) -> usize {
    let [.., last] = *id.as_bytes();
    usize::from(last) % LANES
}

/// The id of a call of a distributor's subtree: a UUIDv7 with the time `now`, whose last byte is that of the distributor's id. Ids that are created
/// with the same `order` sort in the order of their creation.
///
/// # Errors
/// Fails with a fault for a clock before 1970.
pub(in crate::calls) fn call_id(order: &ContextV7, now: DateTime<Utc>, distributor: Uuid) -> Result<Uuid> {
    let seconds = u64::try_from(now.timestamp()).or_fault()?;
    let mut bytes =
        Uuid::new_v7(Timestamp::from_unix(order, seconds, now.timestamp_subsec_nanos())).into_bytes();
    let ([.., last], [.., of_distributor]) = (&mut bytes, distributor.as_bytes());
    *last = *of_distributor;
    Ok(Uuid::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_of_a_distributor_are_in_one_lane_and_in_order() {
        let (order, now) = (ContextV7::new(), Utc::now());
        for _ in 0..50 {
            let distributor = Uuid::now_v7();
            let ids: Vec<Uuid> = (0..20).map(|_| call_id(&order, now, distributor).expect("an id")).collect();
            assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
            assert!(ids.iter().all(|id| of_call(*id) == of_call(distributor)), "{ids:?}");
        }
    }
}
