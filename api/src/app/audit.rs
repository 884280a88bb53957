//! The audit log: every mutation that touches money, rights, tariffs or cabins writes who changed what, in its own transaction.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{audit_log, user};
use serde_json::Value;
use uuid::Uuid;

use super::{App, access};
use crate::auth::{Actor, Right};
use crate::error::Result;
use crate::store::{Page, Tx, accounts, audit};

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
/// Database errors.
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

/// The fields that differ between two objects, of each.
pub fn changed(before: Value, after: Value) -> (Value, Value) {
    match (before, after) {
        (Value::Object(mut before), Value::Object(mut after)) => {
            let same: Vec<String> = after
                .iter()
                .filter(|(name, value)| before.get(*name) == Some(value))
                .map(|(name, _)| name.clone())
                .collect();
            for name in same {
                before.remove(&name);
                after.remove(&name);
            }
            (Value::Object(before), Value::Object(after))
        }
        other => other,
    }
}

/// Adds the fields of `more` to `object`.
pub fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

/// An entry, with who did it if that is somebody of the reader's branch: who is above him stays nameless, and where from too.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The entry.
    pub row: audit_log::Model,
    /// Who.
    pub user: Option<user::Model>,
}

/// A page of what was changed of an account in the actor's subtree.
///
/// # Errors
/// Not found; forbidden for attendants.
pub async fn list(app: &App, actor: &Actor, account_id: Uuid, page: Page) -> Result<Vec<Entry>> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, account_id, Right::SeeAccounts).await?;
    let rows = audit::list(conn, account.id, page).await?;
    let ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.user_id).collect();
    let users = accounts::users_by_ids(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    let of: BTreeSet<Uuid> = users.iter().map(|user| user.account_id).collect();
    let scope = actor.scope();
    let below: BTreeSet<Uuid> = accounts::by_ids(conn, &of.into_iter().collect::<Vec<_>>())
        .await?
        .into_iter()
        .filter(|account| scope.holds(&account.path))
        .map(|account| account.id)
        .collect();
    let users: HashMap<Uuid, user::Model> = users
        .into_iter()
        .filter(|user| below.contains(&user.account_id))
        .map(|user| (user.id, user))
        .collect();
    let entry = |row: audit_log::Model| {
        let user = row.user_id.and_then(|id| users.get(&id).cloned());
        let address = if user.is_some() { row.address.clone() } else { String::new() };
        Entry { row: audit_log::Model { address, ..row }, user }
    };
    Ok(rows.into_iter().map(entry).collect())
}
