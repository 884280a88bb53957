//! Cancels schedules, discards drafts, goes back to an earlier version, and archives tariffs.
//!
//! Each change locks the tariff. If two changes are made at the same time, the second therefore sees the first, and is refused.

use billing::rate_changes;
use chrono::TimeDelta;
use entity::{ActivityKind, tariff, tariff_version};
use serde_json::json;
use uuid::Uuid;

use super::activation::{Activated, CLOCK_SKEW, announce, local};
use super::draft_writer::{Act, Base, Start, whole};
use super::drafts::{clean_note, deck_permit, drafted};
use super::kept::Kept;
use super::{Version, VersionState, find_version, owned, owners, record};
use crate::auth::Actor;
use crate::rates::Terms;
use crate::{App, idempotency};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Message;
use store::{Store, tariff_versions, tariffs as rows};

/// Maximum number of rates that one transaction deletes, so that calls can be charged between two transactions.
const BLOCK: u64 = 2_000;

fn illegal(message: impl Into<Message>) -> Error {
    Error::user(ErrorCode::IllegalState, message)
}

/// Cancels the schedule of a version. The version becomes a draft again, so it can be changed, activated at another time, or discarded.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the version is a draft, is in force, or takes effect right now. Fails with `SCHEDULE_CONFLICT` if another version is
/// scheduled to follow this version. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn cancel(app: &App, actor: &Actor, version_id: Uuid) -> Result<Version> {
    let act = cancel_schedule(app, actor, version_id);
    idempotency::repeatable(app, actor, act, |id| find_version(app, actor, id)).await
}

async fn cancel_schedule(app: &App, actor: &Actor, version_id: Uuid) -> Result<Version> {
    let found = find_version(app, actor, version_id).await?;
    let (tariff_id, owners) = (found.tariff.id, &owners(actor));
    let version = app
        .write_as(actor, |tx| async move {
            let conn = tx.conn();
            let tariff = rows::lock(conn, owners, tariff_id).await?.ok_or(Error::NotFound)?;
            let now = app.clock.now();
            let version = rows::version_of(conn, tariff_id, version_id).await?.ok_or(Error::NotFound)?;
            let Some(from) = version.active_from else {
                let number = version.number;
                return Err(illegal(base::message!("Version {number} is not scheduled.", number)));
            };
            if from <= now + CLOCK_SKEW {
                let number = version.number;
                return Err(illegal(base::message!(
                    "Version {number} has been in force since {from}. Use `revertTariff` to go back to an earlier version.",
                    number,
                    from = local(&version, from)
                )));
            }
            if let Some(next) = tariff_versions::successor(conn, tariff_id, version_id).await? {
                let message = base::message!(
                    "Version {next} is scheduled to follow version {number}. Cancel version {next} first.",
                    next = next.number,
                    number = version.number
                );
                return Err(Error::field(ErrorCode::ScheduleConflict, "versionId", message));
            }
            let change = (
                json!({ "number": null, "version": null, "activeFrom": from }),
                json!({ "number": version.number, "version": version.id, "activeFrom": null }),
            );
            record(&tx, actor, now, "cancelTariffVersion", &tariff, change).await?;
            announce(&tx, &tariff, (ActivityKind::VersionCanceled, version_id), now).await?;
            idempotency::keep(&tx, actor, now, &version.id).await?;
            let draft = tariff_version::Model { active_from: None, starts_later: false, ..version };
            rows::update_version(conn, draft).await
        })
        .await?;
    Ok(Version { version, state: VersionState::Draft, ..found })
}

/// Discards a draft and its rates. Returns the draft's tariff.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the version is not a draft, or if another version was made from it. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn discard(app: &App, actor: &Actor, version_id: Uuid) -> Result<tariff::Model> {
    let found = find_version(app, actor, version_id).await?;
    let (tariff_id, owners) = (found.tariff.id, &owners(actor));
    let tariff = app
        .write_as(actor, |tx| async move {
            let conn = tx.conn();
            let tariff = rows::lock(conn, owners, tariff_id).await?.ok_or(Error::NotFound)?;
            let version = rows::version_of(conn, tariff_id, version_id).await?.ok_or(Error::NotFound)?;
            if version.active_from.is_some() {
                let number = version.number;
                return Err(illegal(base::message!(
                    "Version {number} is not a draft. Only drafts can be discarded. Cancel a schedule with `cancelTariffVersion` first.",
                    number
                )));
            }
            if let Some(other) = tariff_versions::made_from(conn, tariff_id, version_id).await? {
                let (other, number) = (other.number, version.number);
                return Err(illegal(base::message!(
                    "Version {other} was made from version {number}. Discard version {other} first.",
                    other,
                    number
                )));
            }
            let change = (
                json!({ "version": version.id, "number": version.number, "rates": version.rate_count }),
                json!({ "version": null, "number": null, "rates": null }),
            );
            record(&tx, actor, app.clock.now(), "discardTariffVersion", &tariff, change).await?;
            // a draft without rates cannot be activated. If this node dies now, the draft is discarded again
            let last_number = tariff.last_number.max(Some(version.number));
            rows::update_version(conn, tariff_version::Model { rate_count: 0, ..version }).await?;
            rows::update(conn, tariff::Model { last_number, ..tariff }).await
        })
        .await?;
    let (store, actor) = (app.store.clone(), actor.clone());
    // delete in a separate task; if the client disconnects, the task still deletes all rates
    let deleted = tokio::spawn(async move { delete(&store, &actor, tariff_id, version_id).await });
    deleted.await.or_fault()??;
    Ok(tariff)
}

/// Deletes the rates in blocks and the version last, so that no rate is ever without its version. The version is deleted under the tariff's lock, so
/// the deletion waits for any other change that holds the lock and uses the version.
async fn delete(store: &Store, actor: &Actor, tariff_id: Uuid, version_id: Uuid) -> Result<()> {
    let block =
        |tx: store::Tx| async move { tariff_versions::delete_rates(tx.conn(), version_id, BLOCK).await };
    while store.write(block).await? == BLOCK {}
    let owners = &owners(actor);
    let last = |tx: store::Tx| async move {
        rows::lock(tx.conn(), owners, tariff_id).await?;
        tariff_versions::delete_draft(tx.conn(), version_id).await
    };
    store.write(last).await
}

/// Goes back to an earlier version: creates a new version with the earlier version's rates and terms, and puts the new version in force immediately.
/// Without `version_id`, goes back to the version that was in force before the current version.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if there is no earlier version, if the named version was never in force or is in force, or if the version in force has
/// the same rates and terms. Fails with `STALE_DRAFT` if another version takes effect at the same time. May also fail with `NOT_FOUND` or
/// `FORBIDDEN`.
pub async fn revert(
    app: &App,
    actor: &Actor,
    tariff_id: Uuid,
    version_id: Option<Uuid>,
    note: &str,
) -> Result<Activated> {
    let act = go_back(app, actor, tariff_id, version_id, note);
    idempotency::repeatable(app, actor, Box::pin(act), async |kept: Kept| kept.activated(app, actor).await)
        .await
}

async fn go_back(
    app: &App,
    actor: &Actor,
    tariff_id: Uuid,
    version_id: Option<Uuid>,
    note: &str,
) -> Result<Activated> {
    let tariff = owned(app, actor, tariff_id).await?;
    let target = earlier(app, &tariff, version_id).await?;
    let note = match clean_note(note)? {
        note if note.is_empty() => format!("Return to version {}", target.number),
        note => note,
    };
    let permit = deck_permit().await?;
    let (terms, copied) = (Terms::of(&target)?, whole(app, &target, "versionId").await?);
    let base = Base::read(app, &tariff, None).await?;
    if base.terms == terms && rate_changes::count(base.rates.iter(), &copied).differences() == 0 {
        let number = base.version.as_ref().map_or(0, |version| version.number);
        return Err(illegal(base::message!(
            "Version {number} is in force, and has the same prices and terms as version {target}. Nothing needs to change.",
            number,
            target = target.number
        )));
    }
    // the rates refer to the bands of their own version
    let base = Base { terms, ..base };
    let act = Act { start: Start::Now, ..Act::new("revertTariff", note) };
    let outcome = drafted(app, actor, tariff, base, act, permit, move |_| Ok(copied)).await?;
    let version = outcome.version.ok_or_else(|| Error::fault("a version was not written"))?;
    Ok(Activated { version, margins: outcome.margins, next: outcome.next })
}

/// The version to go back to.
async fn earlier(
    app: &App,
    tariff: &tariff::Model,
    version_id: Option<Uuid>,
) -> Result<tariff_version::Model> {
    let (conn, now) = (app.store.reader(), app.clock.now());
    let nothing = || illegal("The tariff has no earlier version to go back to.");
    let in_force = rows::in_force(conn, tariff.id, now).await?.ok_or_else(nothing)?;
    let Some(id) = version_id else {
        let begun = in_force.active_from.ok_or_else(nothing)?;
        return rows::in_force(conn, tariff.id, begun - TimeDelta::microseconds(1))
            .await?
            .ok_or_else(nothing);
    };
    let version = rows::version_of(conn, tariff.id, id).await?;
    let version = version.ok_or_else(|| Error::invalid("versionId", "The tariff has no such version."))?;
    let number = version.number;
    match super::state(&version, Some(in_force.id), now) {
        VersionState::Retired => Ok(version),
        VersionState::Active => Err(illegal(base::message!("Version {number} is already in force.", number))),
        VersionState::Draft | VersionState::Scheduled => Err(illegal(base::message!(
            "Version {number} was never in force. Use `activateTariffVersion` to put it in force.",
            number
        ))),
    }
}

/// Archives a tariff, or takes it out of the archive. An archived tariff is left out of lists, gets no new versions and is assigned to no account.
/// Archiving an archived tariff changes nothing.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the tariff is assigned to an account. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn archive(app: &App, actor: &Actor, tariff_id: Uuid, archived: bool) -> Result<tariff::Model> {
    let act = set_archived(app, actor, tariff_id, archived);
    idempotency::repeatable(app, actor, act, |id| owned(app, actor, id)).await
}

async fn set_archived(app: &App, actor: &Actor, tariff_id: Uuid, archived: bool) -> Result<tariff::Model> {
    owned(app, actor, tariff_id).await?;
    let owners = &owners(actor);
    app.write_as(actor, |tx| async move {
        let conn = tx.conn();
        let (tariff, now) =
            (rows::lock(conn, owners, tariff_id).await?.ok_or(Error::NotFound)?, app.clock.now());
        idempotency::keep(&tx, actor, now, &tariff_id).await?;
        if tariff.archived_at.is_some() == archived {
            return Ok(tariff);
        }
        let accounts = if archived { tariff_versions::assignments(conn, tariff_id).await? } else { 0 };
        if accounts > 0 {
            return Err(illegal(base::message!(
                "The tariff is assigned to {accounts} accounts. Assign another tariff to them first.",
                accounts
            )));
        }
        let after = tariff::Model { archived_at: archived.then_some(now), ..tariff.clone() };
        let change =
            (json!({ "archivedAt": tariff.archived_at }), json!({ "archivedAt": after.archived_at }));
        record(&tx, actor, now, "archiveTariff", &tariff, change).await?;
        rows::update(conn, after).await
    })
    .await
}
