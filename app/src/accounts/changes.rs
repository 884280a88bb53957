//! Changes to accounts: names, settings, dial plans and suspension.

use billing::number::DialPlan;
use entity::{ActivityKind, account, callshop};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{clean_locale, clean_name, shown, shown_settings};
use crate::access::{self, Shop};
use crate::audit::{self, Change, changed};
use crate::auth::{Actor, Right};
use crate::credit::object;
use crate::{App, idempotency};
use base::error::{Error, OrFault as _, Result};
use store::{Scope, account_list, accounts};

/// Changes to an account. A field that is `None` leaves its value unchanged.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// Display name.
    pub name: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// BCP 47 language tag.
    pub locale: Option<String>,
    /// Maximum length of a callshop's calls, in seconds.
    pub max_call_seconds: Option<u32>,
    /// Caller ID of a callshop's calls; empty for anonymous calls.
    pub caller_id: Option<String>,
}

/// Changes an account below the actor's own.
///
/// # Errors
/// Fails with `INVALID_INPUT`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn update(app: &App, actor: &Actor, id: Uuid, change: AccountChange) -> Result<account::Model> {
    let again = async |id| access::account(app.store.reader(), actor, id, Right::ManageAccounts).await;
    idempotency::repeatable(app, actor, change_account(app, actor, id, change), again).await
}

async fn change_account(app: &App, actor: &Actor, id: Uuid, change: AccountChange) -> Result<account::Model> {
    let change = &change;
    app.write_as(actor, |tx| async move {
        // lock the row: the update writes all columns, and other users may change limits, suspension and tariffs concurrently
        let mut account = accounts::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        actor.require(Right::ManageAccounts)?;
        if account.id == actor.account_id {
            return Err(Error::Forbidden);
        }
        let mut before = shown(&account);
        if let Some(name) = &change.name {
            account.name = clean_name("name", name)?;
        }
        if let Some(zone) = &change.time_zone {
            let _: chrono_tz::Tz = zone.parse().map_err(|_| {
                Error::invalid("timeZone", "`timeZone` must be an IANA time zone, such as Europe/Lisbon.")
            })?;
            account.time_zone.clone_from(zone);
        }
        if let Some(locale) = &change.locale {
            account.locale = clean_locale("locale", locale)?;
        }
        let mut after = shown(&account);
        if change.max_call_seconds.is_some() || change.caller_id.is_some() {
            let (old, new) = update_settings(tx.conn(), account.id, change).await?;
            audit::merge(&mut before, shown_settings(&old));
            audit::merge(&mut after, shown_settings(&new));
        }
        if change.name.is_some() {
            account_list::rename_account(tx.conn(), &account).await?;
        }
        let (before, after) = changed(before, after);
        let object = (object(&account), account.id);
        let change = Change { account_id: account.id, action: "updateAccount", object, before, after };
        let now = app.clock.now();
        audit::record(&tx, actor, now, change).await?;
        idempotency::keep(&tx, actor, now, &account.id).await?;
        accounts::update(tx.conn(), account).await
    })
    .await
}

/// Changes a callshop's settings. Returns the old and the new settings.
async fn update_settings(
    conn: &impl ConnectionTrait,
    id: Uuid,
    change: &AccountChange,
) -> Result<(callshop::Model, callshop::Model)> {
    let mut settings = accounts::lock_callshop(conn, id)
        .await?
        .ok_or_else(|| Error::invalid("accountId", "Only a callshop has `maxCallSeconds` and `callerId`."))?;
    let before = settings.clone();
    if let Some(seconds) = change.max_call_seconds {
        if !(1..=86_400).contains(&seconds) {
            return Err(Error::invalid("maxCallSeconds", "`maxCallSeconds` must be between 1 and 86400."));
        }
        settings.max_call_seconds = i32::try_from(seconds).or_fault()?;
    }
    if let Some(caller_id) = &change.caller_id {
        let digits = caller_id.strip_prefix('+').unwrap_or(caller_id);
        if digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::invalid(
                "callerId",
                "`callerId` must have up to 15 digits with an optional +, or be empty.",
            ));
        }
        settings.caller_id.clone_from(caller_id);
    }
    Ok((before, accounts::update_callshop(conn, settings).await?))
}

/// Replaces a callshop's dial plan.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the plan contradicts itself. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn set_dial_plan(app: &App, actor: &Actor, id: Uuid, plan: DialPlan) -> Result<Shop> {
    let again = async |id| access::shop(app.store.reader(), actor, id, Right::ManageAccounts).await;
    idempotency::repeatable(app, actor, replace_dial_plan(app, actor, id, plan), again).await
}

async fn replace_dial_plan(app: &App, actor: &Actor, id: Uuid, plan: DialPlan) -> Result<Shop> {
    plan.validate().map_err(|error| Error::invalid("dialPlan", error.to_string()))?;
    let plan = serde_json::to_value(&plan).or_fault()?;
    let plan = &plan;
    app.write_as(actor, |tx| async move {
        let account = access::account(tx.conn(), actor, id, Right::ManageAccounts).await?;
        // lock the row, because the row also contains the next receipt number
        let old = accounts::lock_callshop(tx.conn(), account.id).await?.ok_or(Error::NotFound)?;
        let settings = callshop::Model { dial_plan: plan.clone(), ..old.clone() };
        let (before, after) = changed(shown_settings(&old), shown_settings(&settings));
        let object = ("Callshop", account.id);
        let change = Change { account_id: account.id, action: "setDialPlan", object, before, after };
        let now = app.clock.now();
        audit::record(&tx, actor, now, change).await?;
        idempotency::keep(&tx, actor, now, &id).await?;
        let settings = accounts::update_callshop(tx.conn(), settings).await?;
        Ok(Shop { account, settings })
    })
    .await
}

/// Suspends or resumes a child account. While an account is suspended, no new calls are allowed in its subtree.
///
/// # Errors
/// Fails with `FORBIDDEN` if the actor is not the account's parent, as in [`Actor::is_parent_of`].
pub async fn set_suspended(app: &App, actor: &Actor, id: Uuid, suspended: bool) -> Result<account::Model> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let mut account = access::child(tx.conn(), actor, id, Right::Suspend).await?;
        let before = shown(&account);
        account.suspended_at = if suspended { account.suspended_at.or(Some(now)) } else { None };
        let (before, after) = changed(before, shown(&account));
        let action = if suspended { "suspendAccount" } else { "resumeAccount" };
        let object = (object(&account), account.id);
        let change = Change { account_id: account.id, action, object, before, after };
        audit::record(&tx, actor, now, change).await?;
        let kind = if suspended { ActivityKind::ShopSuspended } else { ActivityKind::ShopResumed };
        for shop in accounts::callshop_ids(tx.conn(), &Scope::subtree(&account.path), None).await? {
            audit::announce(&tx, shop, kind, now);
        }
        accounts::update(tx.conn(), account).await
    })
    .await
}
