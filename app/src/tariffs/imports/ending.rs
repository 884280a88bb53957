//! Ends the work on jobs: stores the result, and sets the next state of jobs that failed or lost their node.

use chrono::{DateTime, Utc};
use entity::{ImportState, tariff_import, tariff_import_change};
use serde::{Deserialize as _, Serialize};
use uuid::Uuid;

use super::{Failure, Input, Report, WAITS_FOR};
use crate::tariffs::RateChange;
use crate::tariffs::draft_writer::Written;
use crate::{App, notices};
use base::error::{Error, ErrorCode, OrFault as _, Result, UserError};
use store::{Tx, tariff_imports as rows};

/// How a job's work ended.
pub(super) enum Work {
    /// The work found this.
    Ended(Box<Ending>),
    /// The job's version was stored before, together with what the work found ([`made`]).
    Made,
    /// The work failed.
    Failed(Error),
}

/// The final state and the results of a job.
pub(super) struct Ending {
    pub(super) state: ImportState,
    pub(super) report: Option<Report>,
    pub(super) failure: Option<Failure>,
    /// The first changes that a dry run found.
    pub(super) changes: Vec<RateChange>,
}

impl Ending {
    pub(super) fn failed(report: Option<Report>, failure: Failure) -> Self {
        Self { state: ImportState::Failed, report, failure: Some(failure), changes: Vec::new() }
    }
}

/// What a user can do after a job has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    /// Create another import.
    Import,
    /// Start the job again, because its file is kept.
    Start,
}

impl Remedy {
    fn of(row: &tariff_import::Model, now: DateTime<Utc>) -> Result<Self> {
        let was_checked = Input::deserialize(&row.input).or_fault()?.checked.is_some();
        Ok(if was_checked && may_start_again(row, now) { Self::Start } else { Self::Import })
    }
}

/// The end of a job whose work failed with this error. The row must be locked. If the version was stored before the work failed, the job has not
/// failed.
fn failed(error: &Error, row: &tariff_import::Model, now: DateTime<Utc>) -> Result<Ending> {
    match row.version_id {
        Some(_) => concluded(row),
        None => Ok(Ending::failed(None, told(error, Remedy::of(row, now)?))),
    }
}

/// The end of a job whose version is stored. The transaction that stored the version also stored the report and, if the version could not take
/// effect, the reason.
fn concluded(row: &tariff_import::Model) -> Result<Ending> {
    let report = row.report.as_ref().map(Report::deserialize).transpose().or_fault()?;
    let failure = row.error.as_ref().map(Failure::deserialize).transpose().or_fault()?;
    let state = if failure.is_some() { ImportState::Failed } else { ImportState::Done };
    Ok(Ending { state, report, failure, changes: Vec::new() })
}

/// The reason why a job failed, worded for the job's owner.
fn told(error: &Error, remedy: Remedy) -> Failure {
    match error {
        Error::User(error) => refused(error),
        Error::Unauthenticated => {
            let message = match remedy {
                Remedy::Import => {
                    "The login or API token that created the import has ended. Import the file again."
                }
                Remedy::Start => {
                    "The login or API token that started the import has ended. Start the import again."
                }
            };
            Failure::new(ErrorCode::Forbidden, message)
        }
        Error::Forbidden => Failure::new(ErrorCode::Forbidden, "Your role may not do this."),
        Error::NotFound => Failure::new(ErrorCode::NotFound, "The tariff no longer exists."),
        _ => {
            let message = match remedy {
                Remedy::Import => "The server could not finish the import. Import the file again.",
                Remedy::Start => "The server could not finish the import. Start the import again.",
            };
            Failure::new(ErrorCode::TryLater, message)
        }
    }
}

/// An error that the user can correct, as the reason why a job failed.
pub(super) fn refused(error: &UserError) -> Failure {
    Failure::new(error.code, error.message.clone())
}

/// Stores what a job's work found, in the transaction that stores the job's versions. [`end`] only sets the job's state. If the node dies before that,
/// the job still ends in the same state and with the same report.
pub(in crate::tariffs) async fn made(
    tx: &Tx,
    job: (Uuid, Uuid),
    (written, is_by_date): (&[Written], bool),
    report: &Report,
) -> Result<()> {
    let Some(last) = written.last() else { return Ok(()) };
    let next = last.next.as_ref().map(|next| next.id);
    let made = rows::Made {
        version_id: last.version.id,
        scheduled: is_by_date.then(|| written.iter().map(|one| one.version.id.to_string()).collect()),
        rows: last.version.rate_count.into(),
        report: json(&Report { next, ..report.clone() })?,
        error: last.refused.as_ref().map(|error| json(&refused(error))).transpose()?,
    };
    if rows::made(tx, job, made).await? {
        return Ok(());
    }
    Err(Error::user(ErrorCode::IllegalState, "The import was canceled."))
}

pub(super) fn json(value: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(value).or_fault()
}

/// Stores the end of the work, unless the job was canceled or taken from this node in the meantime.
pub(super) async fn end(app: &App, id: Uuid, work: Work) -> Result<()> {
    if let Work::Failed(error) = &work {
        log(error, id);
    }
    let (node, now) = (app.imports.node, app.clock.now());
    let changes = match &work {
        Work::Ended(ending) => change_rows(id, &ending.changes)?,
        Work::Made | Work::Failed(_) => Vec::new(),
    };
    let (work, changes) = (&work, &changes);
    app.store
        .write(|tx| async move {
            let Some(row) = rows::lock(tx.conn(), id).await? else { return Ok(()) };
            if row.state != ImportState::Reading || row.node != Some(node) {
                return Ok(());
            }
            // the state is decided while the row is locked, because the version may have been stored just before the work failed
            let row = match work {
                Work::Ended(ending) => after_work(row, ending, now)?,
                Work::Made => after_work(row.clone(), &concluded(&row)?, now)?,
                Work::Failed(error) => after_work(row.clone(), &failed(error, &row, now)?, now)?,
            };
            rows::insert_changes(tx.conn(), changes).await?;
            save(&tx, row, now).await.map(drop)
        })
        .await?;
    // a job that has ended usually no longer needs its file
    app.imports.wake.notify_one();
    Ok(())
}

/// Logs an error that the user cannot correct.
fn log(error: &Error, id: Uuid) {
    if matches!(error, Error::Overloaded(_) | Error::Overtaken | Error::Database(_) | Error::Fault(_)) {
        tracing::error!(%error, import = %id, "the work on an import failed");
    }
}

fn change_rows(import_id: Uuid, changes: &[RateChange]) -> Result<Vec<tariff_import_change::Model>> {
    let row = |change: &RateChange| {
        Ok(tariff_import_change::Model {
            import_id,
            prefix: change.prefix().to_owned(),
            kind: change.kind().into(),
            rates: json(change)?,
        })
    };
    changes.iter().map(row).collect()
}

/// Whether a started import that has failed can be started again. After this time, the server deletes the file.
fn may_start_again(row: &tariff_import::Model, now: DateTime<Utc>) -> bool {
    row.expires_at > now
}

/// The row of a job after its work. If a started import failed before it stored a version, the import becomes a dry run again, as it was before the
/// start. The file, the report and the changes of the import are kept, and the import can be started again until the same time as before.
fn after_work(
    row: tariff_import::Model,
    ending: &Ending,
    now: DateTime<Utc>,
) -> Result<tariff_import::Model> {
    let error = ending.failure.as_ref().map(json).transpose()?;
    let (ended, until) = (Some(now), now + WAITS_FOR);
    let found_nothing = ending.report.is_none() && row.version_id.is_none();
    if ending.state == ImportState::Failed
        && found_nothing
        && may_start_again(&row, now)
        && let Some(checked) = Input::deserialize(&row.input).or_fault()?.checked
    {
        let (state, input) = (ImportState::Checked, json(&checked)?);
        let row = tariff_import::Model { rows_read: 0, rows_total: None, heartbeat_at: now, ..row };
        return Ok(tariff_import::Model { state, input, error, ended_at: ended, ..row });
    }
    let asks = ending.state == ImportState::Asks;
    let report = ending.report.as_ref().map(json).transpose()?;
    // the questions replace the report of the dry run, so the job cannot become this dry run again
    let input = if asks { without_dry_run(row.input)? } else { row.input };
    // a checked job keeps its file, so that it can be started without another upload
    let keeps_file = asks || ending.state == ImportState::Checked;
    Ok(tariff_import::Model {
        state: ending.state,
        input,
        report,
        error,
        node: row.node.filter(|_| keeps_file),
        heartbeat_at: now,
        expires_at: if keeps_file { until } else { row.expires_at },
        ended_at: ended.filter(|_| !asks),
        ..row
    })
}

/// The input of a job that cannot become a dry run again, because the report or the file of the dry run is gone.
fn without_dry_run(input: serde_json::Value) -> Result<serde_json::Value> {
    json(&Input { checked: None, ..Input::deserialize(input).or_fault()? })
}

/// Stores a job whose state has changed, and notifies the tariff's owner. Deletes the changes that a dry run found, unless the job is in the state
/// `CHECKED` or can return to this state.
pub(super) async fn save(
    tx: &Tx,
    row: tariff_import::Model,
    now: DateTime<Utc>,
) -> Result<tariff_import::Model> {
    let may_return = row.ended_at.is_none() && Input::deserialize(&row.input).or_fault()?.checked.is_some();
    if row.state != ImportState::Checked && !may_return {
        rows::delete_changes(tx.conn(), &[row.id]).await?;
    }
    let row = rows::update(tx, row).await?;
    notices::import_changed(tx, &row, now).await?;
    Ok(row)
}

/// The new row of a job whose node is gone: the job asks for its file again or, if its version is stored, ends. The next file may be another file,
/// so the findings about the lost file are deleted, and a started import no longer becomes a dry run if it fails.
fn orphaned(row: tariff_import::Model, now: DateTime<Utc>) -> Result<tariff_import::Model> {
    if row.version_id.is_none() {
        return Ok(tariff_import::Model {
            state: ImportState::UploadAgain,
            input: without_dry_run(row.input)?,
            file_name: None,
            report: None,
            // from a version that was discarded meanwhile
            scheduled: None,
            error: None,
            node: None,
            expires_at: now + WAITS_FOR,
            rows_read: 0,
            rows_total: None,
            ..row
        });
    }
    let Ending { state, .. } = concluded(&row)?;
    Ok(tariff_import::Model { state, node: None, ended_at: Some(now), ..row })
}

/// Ends or resets a job whose file is gone, if the job still needs the file and `is_lost` returns true for the job's row. A checked job does not
/// need its file before its start. Without the file, a checked job loses only its node and its changes.
pub(super) async fn orphan(
    app: &App,
    id: Uuid,
    is_lost: impl Fn(&tariff_import::Model) -> bool + Send + Sync,
) -> Result<()> {
    let (is_lost, now) = (&is_lost, app.clock.now());
    app.store
        .write(|tx| async move {
            match rows::lock(tx.conn(), id).await?.filter(is_lost) {
                Some(row) if rows::HELD.contains(&row.state) => {
                    save(&tx, orphaned(row, now)?, now).await.map(drop)
                }
                Some(row) if row.state == ImportState::Checked => {
                    rows::delete_changes(tx.conn(), &[row.id]).await?;
                    rows::update(&tx, tariff_import::Model { node: None, ..row }).await.map(drop)
                }
                _ => Ok(()),
            }
        })
        .await
}
