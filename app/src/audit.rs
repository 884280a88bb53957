//! The audit log: every mutation that changes money, rights, tariffs or cabins records the user and the change, in the same transaction.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{ActivityKind, api_token, audit_log, user};
use serde_json::Value;
use uuid::Uuid;

use super::{App, access};
use crate::auth::{Actor, Right};
use base::error::Result;
use store::{Listed, NewActivity, Page, Tx, Within, accounts, api_tokens, audit};

/// A change made by a mutation.
#[derive(Clone, Debug)]
pub struct Change {
    /// The account that owns the object.
    pub account_id: Uuid,
    /// Name of the mutation.
    pub action: &'static str,
    /// GraphQL type and id of the object.
    pub object: (&'static str, Uuid),
    /// Old values of the changed fields; null for a new object. The values never contain secrets.
    pub before: Value,
    /// New values of the changed fields. The values never contain secrets.
    pub after: Value,
}

/// Records a change. Call this function in the transaction that makes the change. If the mutation has an idempotency key, call this function inside
/// `idempotency::once`, so that each change is recorded once.
///
/// # Errors
/// May fail with database errors.
pub async fn record(tx: &Tx, actor: &Actor, at: DateTime<Utc>, change: Change) -> Result<()> {
    let (object_kind, object_id) = change.object;
    if let Some(kind) = activity_of(change.action, object_kind) {
        announce(tx, change.account_id, kind, at);
    }
    let entry = audit_log::Model {
        id: Uuid::now_v7(),
        at,
        account_id: change.account_id,
        user_id: (!actor.user_id.is_nil()).then_some(actor.user_id),
        api_token_id: actor.token.as_ref().map(|token| token.id),
        action: change.action.to_owned(),
        object_kind: object_kind.to_owned(),
        object_id,
        address: actor.address.map(|address| address.to_string()).unwrap_or_default(),
        before: change.before,
        after: change.after,
    };
    audit::insert(tx.conn(), entry).await
}

/// The activity event of a change to a callshop's own data, or to the credit of any account. Changes to cabins and sessions emit their own events,
/// because those events contain the cabin. A change that concerns several callshops emits its events elsewhere. Other changes to an account have an
/// event only if the account is a callshop.
fn activity_of(action: &str, object_kind: &str) -> Option<ActivityKind> {
    let kind = match (action, object_kind) {
        ("recordCashMovement", _) => ActivityKind::CashMoved,
        ("rotatePhoneSecret" | "blockPhone" | "unblockPhone", _) => ActivityKind::PhoneChanged,
        ("topUp" | "adjustCredit" | "reverseTransfer" | "setCreditLimit" | "setLowCredit", _) => {
            ActivityKind::CreditChanged
        }
        ("assignTariff" | "blockDestination" | "unblockDestination", "Callshop") => {
            ActivityKind::PricesChanged
        }
        ("updateAccount" | "setDialPlan" | "updateCallshopSettings", "Callshop") => {
            ActivityKind::SettingsChanged
        }
        _ => return None,
    };
    Some(kind)
}

/// Emits an activity event that says only that something changed. Clients query the new values.
pub fn announce(tx: &Tx, callshop_id: Uuid, kind: ActivityKind, at: DateTime<Utc>) {
    tx.emit(NewActivity {
        callshop_id,
        at,
        kind,
        cabin_id: None,
        session_id: None,
        call_id: None,
        payload: Value::Object(serde_json::Map::new()),
    });
}

/// Reduces two JSON objects to the fields that differ.
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

/// An audit log entry with its user. If the user belongs to an account above the reader's account, the user and the address are hidden.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The entry. The address is empty if the user is hidden.
    pub row: audit_log::Model,
    /// The user who made the change; `None` if the user is hidden, or if the change was made on the command line.
    pub user: Option<user::Model>,
    /// The API token that was used to make the change; `None` if no token was used, or if the user is hidden.
    pub token: Option<api_token::Model>,
}

/// Lists one page of an account's audit log for a time range. The account must be in the actor's subtree.
///
/// # Errors
/// Fails with `FORBIDDEN` for attendants. May also fail with `NOT_FOUND`.
pub async fn list(
    app: &App,
    actor: &Actor,
    account_id: Uuid,
    within: Within,
    page: Page,
) -> Result<Listed<Entry>> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, account_id, Right::SeeAccounts).await?;
    let Listed { rows, total } = audit::list(conn, account.id, within, page).await?;
    let ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.user_id).collect();
    let users = accounts::users_by_ids(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    let of: BTreeSet<Uuid> = users.iter().map(|user| user.account_id).collect();
    let token_ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.api_token_id).collect();
    let tokens = api_tokens::by_ids(conn, &token_ids.into_iter().collect::<Vec<_>>()).await?;
    let tokens: HashMap<Uuid, api_token::Model> = tokens.into_iter().map(|token| (token.id, token)).collect();
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
        let token = row.api_token_id.filter(|_| user.is_some()).and_then(|id| tokens.get(&id).cloned());
        Entry { row: audit_log::Model { address, ..row }, user, token }
    };
    Ok(Listed { rows: rows.into_iter().map(entry).collect(), total })
}
