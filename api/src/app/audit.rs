//! The audit log: every mutation that touches money, rights, tariffs or cabins writes who changed what, in its own transaction.

use chrono::{DateTime, Utc};
use entity::audit_log;
use serde_json::Value;
use uuid::Uuid;

use crate::auth::Actor;
use crate::error::Result;
use crate::store::{Tx, audit};

/// What a mutation changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// The account whose object it is.
    pub account_id: Uuid,
    /// Name of the mutation.
    pub action: &'static str,
    /// What kind of object: the name of its GraphQL type.
    pub object: (&'static str, Uuid),
    /// The fields that changed, before; null for something new. Never a secret.
    pub before: Value,
    /// The same fields, now.
    pub after: Value,
}

/// Writes a change down. In the transaction that makes it, and inside `idempotency::once` where there is a key: once for each act.
///
/// # Errors
/// Those of the database.
pub async fn record(tx: &Tx, actor: &Actor, at: DateTime<Utc>, change: Change) -> Result<()> {
    let (object_kind, object_id) = change.object;
    let entry = audit_log::Model {
        id: Uuid::now_v7(),
        at,
        account_id: change.account_id,
        user_id: (!actor.user_id.is_nil()).then_some(actor.user_id),
        action: change.action.to_owned(),
        object_kind: object_kind.to_owned(),
        object_id,
        address: actor.address.map(|address| address.to_string()).unwrap_or_default(),
        before: change.before,
        after: change.after,
    };
    audit::insert(tx.conn(), entry).await
}
