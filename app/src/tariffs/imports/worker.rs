//! Carries out the jobs whose files this node has, and rescues the jobs of nodes that died.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{ImportState, tariff_import};
use serde::{Deserialize as _, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Failure, Input, Job, Report, WAITS_FOR, spool};
use crate::auth::{Actor, resume};
use crate::tariffs::drafts::{import_with, wait_for_permit};
use crate::tariffs::{
    Impact, Import, MAX_DECK_BYTES, Outcome, Progress, activate, find_version, impact_of_draft, owned,
};
use crate::{App, notices};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{Tx, tariff_imports as rows};

/// Interval between checks of the jobs.
const EVERY: Duration = Duration::from_secs(1);
/// Interval between heartbeats.
const BEATS: Duration = Duration::from_secs(5);
/// Interval between searches for jobs of nodes that died.
const RESCUES: Duration = Duration::from_secs(10);
/// A node that sends no heartbeat for this time counts as dead. With a shorter time, a node could count as dead merely because its database is slow.
const DEAD_AFTER: TimeDelta = TimeDelta::seconds(30);
/// Interval at which a job's progress is stored.
const SHOWN_EVERY: Duration = Duration::from_millis(500);
/// How long a job is kept after its end.
const KEPT: TimeDelta = TimeDelta::days(30);
/// Maximum number of jobs that one transaction deletes.
const DELETED: u64 = 100;

/// When the less frequent steps were last taken.
#[derive(Default)]
struct Pace {
    beat: Option<Instant>,
    rescue: Option<Instant>,
}

fn is_due(last: &mut Option<Instant>, every: Duration) -> bool {
    let due = last.is_none_or(|last| last.elapsed() >= every);
    if due {
        *last = Some(Instant::now());
    }
    due
}

/// Carries out jobs until `stop`. Then the jobs of this node ask for their files again, because their files are lost with the node.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut pace = Pace::default();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.imports.wake.notified() => {}
            () = stop.cancelled() => break,
        }
        if let Err(error) = step(&app, &mut pace).await {
            tracing::warn!(%error, "the imports could not be processed; the server tries again in a moment");
        }
    }
    if let Err(error) = give_up(&app).await {
        tracing::warn!(%error, "the imports of this node ask for their files later");
    }
}

async fn step(app: &Arc<App>, pace: &mut Pace) -> Result<()> {
    let imports = &app.imports;
    if !imports.spool.is_empty() {
        let held = rows::held_by(app.store.reader(), imports.node).await?;
        let ids: HashSet<Uuid> = held.iter().map(|(id, _)| *id).collect();
        imports.spool.keep(&ids).await;
        for (id, _) in held.iter().filter(|(_, state)| *state == ImportState::Reading) {
            start(app, *id);
        }
        if !ids.is_empty() && is_due(&mut pace.beat, BEATS) {
            let (node, now, ids) =
                (imports.node, app.clock.now(), &held.iter().map(|(id, _)| *id).collect::<Vec<_>>());
            app.store.write(|tx| async move { rows::beat(tx.conn(), node, ids, now).await }).await?;
        }
    }
    if is_due(&mut pace.rescue, RESCUES) {
        rescue(app).await?;
    }
    Ok(())
}

/// Starts a job in a task of its own, unless the job is already running.
fn start(app: &Arc<App>, id: Uuid) {
    let is_new = running(app).insert(id);
    if is_new {
        let app = app.clone();
        tokio::spawn(async move {
            if let Err(error) = work(&app, id).await {
                tracing::warn!(%error, import = %id, "an import is tried again in a moment");
            }
            running(&app).remove(&id);
        });
    }
}

fn running(app: &App) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
    app.imports.running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a job's work ended.
struct Ending {
    state: ImportState,
    report: Option<Report>,
    failure: Option<Failure>,
}

impl Ending {
    fn failed(report: Option<Report>, failure: Failure) -> Self {
        Self { state: ImportState::Failed, report, failure: Some(failure) }
    }
}

async fn work(app: &Arc<App>, id: Uuid) -> Result<()> {
    let _slot = app.imports.slots.acquire().await.or_fault()?;
    let job = spool::find(app, id).await?;
    if job.row.state != ImportState::Reading || job.row.node != Some(app.imports.node) {
        return Ok(());
    }
    let ending = match read(app, &job).await {
        Ok(ending) => ending,
        Err(error) => Ending::failed(None, told(error)),
    };
    end(app, id, ending).await
}

/// The reason why a job failed, worded for the job's owner.
fn told(error: Error) -> Failure {
    match error {
        Error::User(error) => Failure::new(error.code, error.message),
        Error::Unauthenticated => {
            let message = "The login or API token that created the import has ended. Import the file again.";
            Failure::new(ErrorCode::Forbidden, message)
        }
        Error::Forbidden => Failure::new(ErrorCode::Forbidden, "Your role may not do this."),
        Error::NotFound => Failure::new(ErrorCode::NotFound, "The tariff no longer exists."),
        error => {
            tracing::error!(%error, "an import failed");
            Failure::new(
                ErrorCode::TryLater,
                "The server could not finish the import. Import the file again.",
            )
        }
    }
}

async fn read(app: &Arc<App>, job: &Job) -> Result<Ending> {
    let actor = resume::actor(app, job.row.auth_session_id, job.row.api_token_id).await?;
    if job.row.version_id.is_some() {
        // the version was stored, but the end of the job was not
        return conclude(app, &actor, job, Report::default(), job.row.version_id).await;
    }
    let tariff = owned(app, &actor, job.tariff.id).await?;
    let path = app.imports.spool.path(job.row.id).ok_or_else(|| Error::fault("the file is gone"))?;
    let bytes = tokio::fs::metadata(&path).await.or_fault()?.len();
    if bytes > MAX_DECK_BYTES as u64 {
        let message = base::message!("The file has more than {max} bytes.", max = MAX_DECK_BYTES);
        return Ok(Ending::failed(None, Failure::new(ErrorCode::BadDeck, message)));
    }
    // only a few decks may be in memory at a time, so the permit is needed to read the file
    let permit = wait_for_permit(bytes).await?;
    let import = Import {
        tariff_id: tariff.id,
        file: tokio::fs::read(&path).await.or_fault()?,
        mapping: job.input.mapping.clone(),
        base_version_id: job.input.base_version_id,
        mode: job.input.mode,
        dry_run: job.input.dry_run,
        by_date: job.input.by_date,
        note: job.input.note.clone(),
    };
    let written = Arc::<Written>::default();
    let noted = written.clone();
    let id = (job.row.id, app.imports.node);
    let note = job.input.note.clone();
    let progress = move |progress: Progress| noted.note(progress);
    let done = import_with(app, &actor, import, (tariff, note, Some(id)), permit, progress);
    let outcome = tokio::select! {
        outcome = done => outcome?,
        never = show(app, id, &written) => match never {},
    };
    let version = outcome.version.as_ref().map(|version| version.version.id);
    let impact = impact(app, &actor, job, &outcome).await;
    let report = Report { impact, ..Report::from(outcome) };
    conclude(app, &actor, job, report, version).await
}

/// The calls of the last thirty days at the prices of a dry run. The job succeeds even if they cannot be rated.
async fn impact(app: &App, actor: &Actor, job: &Job, outcome: &Outcome) -> Option<Impact> {
    let draft = outcome.loaded.as_ref().filter(|_| job.input.dry_run)?;
    match impact_of_draft(app, actor, job.tariff.id, draft).await {
        Ok(impact) => Some(impact),
        Err(error) => {
            tracing::warn!(%error, "the calls were not rated at the prices of a dry run");
            None
        }
    }
}

/// The state of the job according to its report. If requested, first activates or schedules the new version.
async fn conclude(
    app: &App,
    actor: &Actor,
    job: &Job,
    report: Report,
    version: Option<Uuid>,
) -> Result<Ending> {
    let reported = |state| Ok(Ending { state, report: Some(report.clone()), failure: None });
    if !report.questions.is_empty() {
        return reported(ImportState::Asks);
    }
    if report.errors > 0 {
        let message = base::message!(
            "Nothing was imported. Errors in the file: {errors}. See `problems`.",
            errors = report.errors
        );
        return Ok(Ending::failed(Some(report), Failure::new(ErrorCode::BadDeck, message)));
    }
    let Some(version) = version else { return reported(ImportState::Checked) };
    let Some(at) = job.input.effective_at else { return reported(ImportState::Done) };
    // the requested time may have passed while the file was read
    let at = Some(at).filter(|at| *at > app.clock.now());
    match activate(app, actor, version, at).await {
        Ok(activated) => {
            let next = activated.next.map(|next| next.version.id);
            Ok(Ending { state: ImportState::Done, report: Some(Report { next, ..report }), failure: None })
        }
        // the version was already activated, by this job or by a person
        Err(_) if find_version(app, actor, version).await?.version.active_from.is_some() => {
            reported(ImportState::Done)
        }
        Err(error) => Ok(Ending::failed(Some(report), told(error))),
    }
}

/// The progress of a job.
#[derive(Default)]
struct Written {
    done: AtomicU64,
    total: AtomicU64,
}

impl Written {
    fn note(&self, progress: Progress) {
        self.total.store(progress.total, Ordering::Relaxed);
        self.done.store(progress.done, Ordering::Relaxed);
    }

    fn now(&self) -> (i64, i64) {
        let count = |count: &AtomicU64| i64::try_from(count.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        (count(&self.done), count(&self.total))
    }
}

/// Stores the progress of a job at regular intervals; never returns.
async fn show(app: &App, id: (Uuid, Uuid), written: &Written) -> std::convert::Infallible {
    let mut last = (0, 0);
    loop {
        tokio::time::sleep(SHOWN_EVERY).await;
        let (rows, now) = (written.now(), app.clock.now());
        if rows == last {
            continue;
        }
        last = rows;
        let noted = app.store.write(|tx| async move { rows::progress(tx.conn(), id, rows, now).await });
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the progress of an import could not be stored");
        }
    }
}

fn json(value: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(value).or_fault()
}

/// Stores the end of the work, unless the job was canceled or taken from this node meanwhile.
async fn end(app: &App, id: Uuid, ending: Ending) -> Result<()> {
    let (node, now) = (app.imports.node, app.clock.now());
    let report = ending.report.as_ref().map(json).transpose()?;
    let error = ending.failure.as_ref().map(json).transpose()?;
    let (state, report, error) = (ending.state, &report, &error);
    app.store
        .write(|tx| async move {
            let Some(row) = rows::lock(tx.conn(), id).await? else { return Ok(()) };
            if row.state != ImportState::Reading || row.node != Some(node) {
                return Ok(());
            }
            let asks = state == ImportState::Asks;
            let row = tariff_import::Model {
                state,
                report: report.clone(),
                error: error.clone(),
                expires_at: if asks { now + WAITS_FOR } else { row.expires_at },
                ended_at: (!asks).then_some(now),
                ..row
            };
            save(&tx, row, now).await
        })
        .await?;
    // a job that has ended no longer needs its file
    app.imports.wake.notify_one();
    Ok(())
}

/// Stores a job that has ended, or that waits for a file or an answer. Also notifies the tariff's owner.
async fn save(tx: &Tx, row: tariff_import::Model, now: DateTime<Utc>) -> Result<()> {
    let row = rows::update(tx.conn(), row).await?;
    notices::import_changed(tx, &row, now).await
}

/// The new row of a job whose node is gone: the job asks for its file again or, if its version is stored, ends.
fn orphaned(row: tariff_import::Model, now: DateTime<Utc>) -> Result<tariff_import::Model> {
    if row.version_id.is_none() {
        let state = ImportState::UploadAgain;
        let rows_read = 0;
        return Ok(tariff_import::Model { state, node: None, expires_at: now + WAITS_FOR, rows_read, ..row });
    }
    let input = Input::deserialize(&row.input).or_fault()?;
    let message = "The server stopped after it had stored the version and before it could activate it. Activate the version.";
    let failure = Failure::new(ErrorCode::IllegalState, message);
    let is_scheduled = input.effective_at.is_some();
    let state = if is_scheduled { ImportState::Failed } else { ImportState::Done };
    let error = is_scheduled.then(|| json(&failure)).transpose()?;
    Ok(tariff_import::Model { state, error, ended_at: Some(now), ..row })
}

/// Ends or resets the jobs of dead nodes, and ends the jobs whose users did not upload a file or answer a question in time.
///
/// # Errors
/// May fail with database errors.
pub async fn rescue(app: &App) -> Result<()> {
    let now = app.clock.now();
    let dead = now - DEAD_AFTER;
    for orphan in rows::orphans(app.store.reader(), dead).await? {
        let id = orphan.id;
        app.store
            .write(|tx| async move {
                let row = rows::lock(tx.conn(), id).await?;
                let lost = row.filter(|row| rows::HELD.contains(&row.state) && row.heartbeat_at < dead);
                match lost {
                    Some(row) => save(&tx, orphaned(row, now)?, now).await,
                    None => Ok(()),
                }
            })
            .await?;
    }
    let late = Failure::new(
        ErrorCode::IllegalState,
        "The time for the upload or the answer is over. Create a new import.",
    );
    let late = &json(&late)?;
    for id in rows::expired(app.store.reader(), now).await? {
        app.store
            .write(|tx| async move {
                let row = rows::lock(tx.conn(), id).await?;
                let row = row.filter(|row| rows::WAITS.contains(&row.state) && row.expires_at < now);
                let Some(row) = row else { return Ok(()) };
                let error = Some(late.clone());
                let row =
                    tariff_import::Model { state: ImportState::Failed, error, ended_at: Some(now), ..row };
                save(&tx, row, now).await
            })
            .await?;
    }
    Ok(())
}

async fn give_up(app: &App) -> Result<()> {
    let (node, now) = (app.imports.node, app.clock.now());
    if app.imports.spool.is_empty() {
        return Ok(());
    }
    for (id, _) in rows::held_by(app.store.reader(), node).await? {
        app.store
            .write(|tx| async move {
                let row = rows::lock(tx.conn(), id).await?;
                let ours = row.filter(|row| rows::HELD.contains(&row.state) && row.node == Some(node));
                match ours {
                    Some(row) => save(&tx, orphaned(row, now)?, now).await,
                    None => Ok(()),
                }
            })
            .await?;
    }
    app.imports.spool.keep(&HashSet::new()).await;
    Ok(())
}

/// Deletes the jobs that ended long ago, and the files that dead programs left behind.
///
/// # Errors
/// May fail with database errors. Fails with a fault if the folder of uploads cannot be read.
pub async fn tidy(app: &App) -> Result<()> {
    app.imports.spool.sweep().await?;
    let before = app.clock.now() - KEPT;
    loop {
        let deleted =
            app.store.write(|tx| async move { rows::delete_ended(tx.conn(), before, DELETED).await });
        if deleted.await? < DELETED {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
