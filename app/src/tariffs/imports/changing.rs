//! Changes that users make to jobs: answering questions, starting a checked import, and canceling.

use billing::carrier_deck::Mapping;
use chrono::{DateTime, Utc};
use entity::{ImportState, tariff_import};
use serde::Deserialize as _;
use uuid::Uuid;

use super::ending::save;
use super::{Input, Job, check_room, check_start, find, for_actor, worker};
use crate::auth::Actor;
use crate::tariffs::mappings::check_mapping;
use crate::{App, idempotency};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::tariff_imports as rows;

/// Answers the open questions of a job, which then continues with the same file. The actor of this request becomes the actor of the job.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a bad mapping, and with `ILLEGAL_STATE` if the job has no open question. May also fail with `NOT_FOUND` or
/// `FORBIDDEN`.
pub async fn answer(app: &App, actor: &Actor, id: Uuid, mapping: Mapping) -> Result<Job> {
    check_mapping(&mapping)?;
    change(app, actor, id, |row| {
        if row.state != ImportState::Asks {
            return Err(illegal("The import has no open question."));
        }
        let mut input = Input::deserialize(&row.input).or_fault()?;
        input.mapping = Some(input.mapping.unwrap_or_default().merged(mapping.clone()));
        let input = serde_json::to_value(&input).or_fault()?;
        Ok(for_actor(tariff_import::Model { state: ImportState::Reading, input, ..row }, actor))
    })
    .await
}

/// When the new version of a started job takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeEffect {
    /// The version takes effect as the input of the dry run requests.
    AsChecked,
    /// The version stays a draft.
    Draft,
    /// The version takes effect as soon as it is stored.
    Now,
    /// The version takes effect at this time, which must not have passed.
    At(DateTime<Utc>),
}

/// Imports the file of a job that was only checked. The file need not be uploaded again. The actor of this request becomes the actor of the job. If
/// the import fails before it stores a version, the job returns to the state `CHECKED` with its report and its file. If the import finds errors in
/// the file, the job fails instead.
///
/// # Errors
/// Fails with `UPLOAD_GONE` if no node has the file anymore. Fails with `ILLEGAL_STATE` if the job is not in the state `CHECKED`, or if the tariff
/// has [`super::MAX_OPEN`] jobs that have not ended. Fails with `INVALID_INPUT` if the time to take effect has passed, or if `take_effect`
/// contradicts an import by date. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn start(app: &App, actor: &Actor, id: Uuid, take_effect: TakeEffect) -> Result<Job> {
    let act = start_checked(app, actor, id, take_effect);
    idempotency::repeatable(app, actor, act, |id| find(app, actor, id)).await
}

async fn start_checked(app: &App, actor: &Actor, id: Uuid, take_effect: TakeEffect) -> Result<Job> {
    let (now, tariff) = (app.clock.now(), find(app, actor, id).await?.tariff);
    let tariff_id = tariff.id;
    let row = app
        .write_as(actor, |tx| async move {
            check_room(&tx, actor, tariff_id).await?;
            let row = rows::lock(tx.conn(), id).await?.ok_or(Error::NotFound)?;
            let row = for_actor(started(row, take_effect, now)?, actor);
            let row = rows::update(&tx, row).await?;
            idempotency::keep(&tx, actor, now, &id).await?;
            Ok(row)
        })
        .await?;
    app.imports.wake.notify_one();
    Job::of(tariff, row)
}

/// The row of a checked job that is started.
fn started(
    row: tariff_import::Model,
    take_effect: TakeEffect,
    now: DateTime<Utc>,
) -> Result<tariff_import::Model> {
    if row.state != ImportState::Checked {
        return Err(illegal("Only an import whose dry run succeeded can be started."));
    }
    let is_alive = row.expires_at > now && row.heartbeat_at >= now - worker::CHECKED_DEAD_AFTER;
    if row.node.is_none() || !is_alive {
        let message = "The server no longer has the file. Create another import, and upload the file again.";
        return Err(Error::user(ErrorCode::UploadGone, message));
    }
    let checked = Input::deserialize(&row.input).or_fault()?;
    if checked.by_date && matches!(take_effect, TakeEffect::Draft | TakeEffect::Now) {
        let message =
            "With `byDate`, the dates in the file decide when versions take effect. Leave `takeEffect` out.";
        return Err(Error::invalid("takeEffect", message));
    }
    let effective_at = match take_effect {
        TakeEffect::AsChecked => checked.effective_at,
        TakeEffect::Draft => None,
        TakeEffect::Now => Some(now),
        TakeEffect::At(at) => Some(at),
    };
    let input = Input { dry_run: false, effective_at, checked: Some(Box::new(checked.clone())), ..checked };
    // the time at which the version was to take effect may have passed since the dry run
    check_start(input.effective_at, input.by_date, now)?;
    Ok(tariff_import::Model {
        state: ImportState::Reading,
        input: serde_json::to_value(&input).or_fault()?,
        rows_read: 0,
        rows_total: None,
        error: None,
        heartbeat_at: now,
        ended_at: None,
        ..row
    })
}

/// Cancels a job that has not ended, or discards a job that was only checked. The job's file is deleted.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the job has ended in a state other than `CHECKED`, or if its version is stored. May also fail with `NOT_FOUND` or
/// `FORBIDDEN`.
pub async fn cancel(app: &App, actor: &Actor, id: Uuid) -> Result<Job> {
    let now = app.clock.now();
    change(app, actor, id, |row| {
        let has_ended = row.ended_at.is_some() && row.state != ImportState::Checked;
        if has_ended || row.version_id.is_some() {
            return Err(illegal("The import has ended."));
        }
        let (state, ended_at) = (ImportState::Canceled, Some(now));
        Ok(tariff_import::Model { state, node: None, ended_at, ..row })
    })
    .await
}

fn illegal(message: &'static str) -> Error {
    Error::user(ErrorCode::IllegalState, message)
}

async fn change(
    app: &App,
    actor: &Actor,
    id: Uuid,
    next: impl Fn(tariff_import::Model) -> Result<tariff_import::Model> + Send + Sync,
) -> Result<Job> {
    let (next, now, tariff) = (&next, app.clock.now(), find(app, actor, id).await?.tariff);
    let row = app
        .write_as(actor, |tx| async move {
            let row = rows::lock(tx.conn(), id).await?.ok_or(Error::NotFound)?;
            save(&tx, next(row)?, now).await
        })
        .await?;
    app.imports.wake.notify_one();
    Job::of(tariff, row)
}
