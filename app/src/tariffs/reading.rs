//! Decides which tariffs an actor may read. An account manages its own tariffs. The account may also read the version in force and the scheduled
//! versions of its cost tariff, but nothing else that its parent knows about that tariff.

use std::sync::Arc;

use entity::{Role, tariff};
use uuid::Uuid;

use super::{Version, VersionState, owners, with_states};
use crate::App;
use crate::auth::{Actor, Right};
use base::error::{Error, Result};
use store::{tariff_derivations, tariffs as rows};

/// Whether the tariff is the cost tariff of the actor's account, and not one of that account's own tariffs.
pub fn is_bought(actor: &Actor, tariff: &tariff::Model) -> bool {
    actor.role != Role::Admin && tariff.account_id != actor.account_id
}

/// Finds a tariff that the actor may manage, or the cost tariff of the actor's account.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn readable(app: &App, actor: &Actor, id: Uuid) -> Result<tariff::Model> {
    actor.require(Right::ManageTariffs)?;
    let conn = app.store.reader();
    if let Some(tariff) = rows::find(conn, &owners(actor), id).await? {
        return Ok(tariff);
    }
    let pays = actor.has_own_account() && tariff_derivations::is_cost_of(conn, id, actor.account_id).await?;
    let tariff = if pays { rows::by_id(conn, id).await? } else { None };
    tariff.ok_or(Error::NotFound)
}

/// Finds a version that the actor may read. If the actor may manage the tariff, the actor may read every version of it. If the tariff is the cost
/// tariff of the actor's account, the actor may read only the version in force and the scheduled versions.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn readable_version(app: &App, actor: &Actor, id: Uuid) -> Result<Version> {
    actor.require(Right::ManageTariffs)?;
    let version = rows::version(app.store.reader(), id).await?.ok_or(Error::NotFound)?;
    let tariff = readable(app, actor, version.tariff_id).await?;
    let bought = is_bought(actor, &tariff);
    let found = with_states(app, Arc::new(tariff), vec![version]).await?.into_iter().next();
    let found = found.ok_or_else(|| Error::fault("the state of a version was not found"))?;
    match (bought, found.state) {
        (false, _) => Ok(found),
        (true, VersionState::Active | VersionState::Scheduled) => Ok(for_buyer(found)),
        (true, VersionState::Draft | VersionState::Retired) => Err(Error::NotFound),
    }
}

/// Leaves out what only the owner of a tariff may know about a version: the note, and the versions on which it is based.
pub(super) fn for_buyer(mut version: Version) -> Version {
    version.version.note.clear();
    version.version.base_version_id = None;
    version.version.source_version_id = None;
    version.version.source_revision = None;
    version
}
