//! Write transactions, and the announcements after their commit.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use entity::ActivityKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};
use uuid::Uuid;

use super::bulk;
use base::error::{Error, Result};
use telemetry::trace::TraceContext;

/// Receives the changes of each transaction right after its commit. An implementation must not wait.
pub trait OnCommit: Send + Sync {
    /// Receives the activities of the transaction, in the order of their `seq`. `trace` is the trace to which the transaction belongs.
    fn committed(&self, activities: Vec<entity::activity::Model>, trace: Option<&TraceContext>);

    /// Receives the ids of the objects that the transaction named with [`Tx::changed`].
    fn changed(&self, objects: BTreeSet<Uuid>);
}

/// Publishes nothing. Commands whose changes need not be published use this implementation.
impl OnCommit for () {
    fn committed(&self, _: Vec<entity::activity::Model>, _: Option<&TraceContext>) {}

    fn changed(&self, _: BTreeSet<Uuid>) {}
}

/// A transaction, which is cheap to clone. A transaction ends when the closure that received it ends, so the closure must drop all clones.
#[derive(Clone)]
pub struct Tx(Arc<Inner>);

struct Inner {
    transaction: DatabaseTransaction,
    activities: Mutex<Vec<NewActivity>>,
    changed: Mutex<BTreeSet<Uuid>>,
}

/// A new activity event of a callshop. The event is numbered and published at commit.
#[derive(Clone, Debug)]
pub struct NewActivity {
    /// The callshop.
    pub callshop_id: Uuid,
    /// When the activity happened.
    pub at: DateTime<Utc>,
    /// The kind of event.
    pub kind: ActivityKind,
    /// The cabin, if the event concerns one.
    pub cabin_id: Option<Uuid>,
    /// The session, if the event concerns one.
    pub session_id: Option<Uuid>,
    /// The call, if the event concerns one.
    pub call_id: Option<Uuid>,
    /// Snapshot of the object after the change.
    pub payload: serde_json::Value,
}

/// Pending writes. The transaction has already locked the rows, or the rows are new, so the writes never wait for another transaction. Pending writes
/// are combined with other statements in one round trip.
#[derive(Debug, Default)]
pub struct Writes(pub(super) Vec<Statement>);

impl Writes {
    /// Runs the pending writes now, so that the same transaction can read the written rows.
    ///
    /// # Errors
    /// May fail with database errors.
    pub async fn run(self, conn: &impl ConnectionTrait) -> Result<()> {
        bulk::together(conn, self.0).await
    }
}

impl Tx {
    pub(super) fn new(transaction: DatabaseTransaction) -> Self {
        Self(Arc::new(Inner { transaction, activities: Mutex::default(), changed: Mutex::default() }))
    }

    /// The connection for the transaction's queries.
    pub fn conn(&self) -> &DatabaseTransaction {
        &self.0.transaction
    }

    /// Adds an activity event. The event is numbered and inserted just before the commit. This way, the row with the callshop's last number is locked
    /// as briefly as possible.
    pub fn emit(&self, activity: NewActivity) {
        self.0.activities.lock().unwrap_or_else(PoisonError::into_inner).push(activity);
    }

    /// Announces after the commit that an object changed, so that its followers on all nodes read it again. An announcement is not stored.
    pub fn changed(&self, object: Uuid) {
        self.0.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(object);
    }

    pub(super) fn take_activities(&self) -> Vec<NewActivity> {
        std::mem::take(&mut *self.0.activities.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn take_changed(&self) -> BTreeSet<Uuid> {
        std::mem::take(&mut *self.0.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The transaction, to commit it.
    pub(super) fn into_inner(self) -> Result<DatabaseTransaction> {
        let inner = Arc::into_inner(self.0);
        Ok(inner.ok_or_else(|| Error::fault("a transaction outlived its closure"))?.transaction)
    }
}
