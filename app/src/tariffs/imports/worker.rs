//! Carries out the jobs whose files this node has, and rescues the jobs of nodes that died.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{ImportState, tariff_import};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ending::{Ending, Work, end, json, orphan, refused, save};
use super::{Failure, Job, Report, spool};
use crate::App;
use crate::auth::{Actor, resume};
use crate::tariffs::drafts::{ForJob, import_with, wait_for_permit};
use crate::tariffs::{Impact, Import, MAX_DECK_BYTES, Outcome, Progress, RateChange, impact_of_draft, owned};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::tariff_imports as rows;

/// Interval between checks of the jobs.
const EVERY: Duration = Duration::from_secs(1);
/// Interval between heartbeats.
const BEATS: Duration = Duration::from_secs(5);
/// Interval between heartbeats of checked jobs, whose rows are large.
const CHECKED_BEATS: Duration = Duration::from_secs(60);
/// Like [`DEAD_AFTER`], for checked jobs.
pub(super) const CHECKED_DEAD_AFTER: TimeDelta = TimeDelta::seconds(150);
/// Maximum number of checked jobs whose files a node keeps.
const MAX_CHECKED: usize = 100;
/// Interval between searches for jobs of nodes that died.
const RESCUES: Duration = Duration::from_secs(10);
/// A node that sends no heartbeat for this time counts as dead. With a shorter time, a node could count as dead merely because its database is slow.
pub(super) const DEAD_AFTER: TimeDelta = TimeDelta::seconds(30);
/// How long an upload waits until this node no longer works on the import's former file.
const LEAVES_WITHIN: Duration = Duration::from_secs(2);
/// Interval at which a job's progress is stored.
const SHOWN_EVERY: Duration = Duration::from_millis(500);
/// How long a job is kept after its end.
const KEPT: TimeDelta = TimeDelta::days(30);
/// Maximum number of jobs that one transaction deletes, with up to [`MAX_CHANGES`] changes of each job.
const DELETED: u64 = 10;
/// Maximum number of changes of a dry run that are stored.
pub const MAX_CHANGES: usize = 5_000;

/// When the less frequent steps were last taken.
#[derive(Default)]
pub struct Pace {
    beat: Option<Instant>,
    checked_beat: Option<Instant>,
    rescue: Option<Instant>,
}

fn is_due(last: &mut Option<Instant>, every: Duration) -> bool {
    let due = last.is_none_or(|last| last.elapsed() >= every);
    if due {
        *last = Some(Instant::now());
    }
    due
}

/// Carries out jobs until `stop`. Then the jobs of this node ask for their files again, because the files are lost when the node stops.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut pace = Pace::default();
    loop {
        let is_woken = tokio::select! {
            _ = ticks.tick() => false,
            () = app.imports.wake.notified() => true,
            () = stop.cancelled() => break,
        };
        if let Err(error) = step(&app, &mut pace, is_woken).await {
            tracing::warn!(%error, "the imports could not be processed; the server tries again in a moment");
        }
    }
    if let Err(error) = give_up(&app).await {
        tracing::warn!(%error, "the imports of this node ask for their files later");
    }
}

/// Takes one step: deletes files that no job needs, begins the jobs that can be worked on, records heartbeats, and rescues jobs. A step that is not
/// woken looks for jobs only if this node has a file.
///
/// # Errors
/// May fail with database errors.
pub async fn step(app: &Arc<App>, pace: &mut Pace, is_woken: bool) -> Result<()> {
    let imports = &app.imports;
    // a job may have been started just after its file was deleted
    if is_woken || !imports.spool.is_empty() {
        // the files are listed before the query, so that a file that arrives during the query is kept
        let mut gone = imports.spool.settled();
        let held = rows::held_by(app.store.reader(), imports.node).await?;
        gone.retain(|(id, _)| held.iter().all(|(held, ..)| held != id));
        imports.spool.delete(&gone).await;
        spare(app, &held).await?;
        for (id, ..) in held.iter().filter(|(_, state, _)| *state == ImportState::Reading) {
            start(app, *id);
        }
        let (of_checked, of_others) =
            (is_due(&mut pace.checked_beat, CHECKED_BEATS), is_due(&mut pace.beat, BEATS));
        let is_beating = |state| if state == ImportState::Checked { of_checked } else { of_others };
        let beating = held.iter().filter(|(_, state, _)| is_beating(*state));
        let beating: Vec<Uuid> = beating.map(|(id, ..)| *id).collect();
        if !beating.is_empty() {
            let (node, now, ids) = (imports.node, app.clock.now(), &beating);
            app.store.write(|tx| async move { rows::beat(tx.conn(), node, ids, now).await }).await?;
        }
    }
    if is_due(&mut pace.rescue, RESCUES) {
        rescue(app).await?;
    }
    Ok(())
}

/// Allows the files of checked jobs to be deleted if their space is needed. Forgets the checked jobs whose files were deleted, those that nobody
/// started in time, and the oldest if there are too many; the next step deletes the files that these jobs still have. Also deletes the stored changes
/// of these jobs.
async fn spare(app: &App, held: &[(Uuid, ImportState, DateTime<Utc>)]) -> Result<()> {
    let (spool, node, now) = (&app.imports.spool, app.imports.node, app.clock.now());
    let checked = || held.iter().filter(|(_, state, _)| *state == ImportState::Checked);
    spool.set_spare(checked().map(|(id, ..)| *id));
    let is_gone = |id: Uuid, until: DateTime<Utc>| until < now || spool.path(id).is_none();
    // those that were checked last come first
    let gone =
        checked().enumerate().filter(|(at, (id, _, until))| *at >= MAX_CHECKED || is_gone(*id, *until));
    let gone: &Vec<Uuid> = &gone.map(|(_, (id, ..))| *id).collect();
    if gone.is_empty() {
        return Ok(());
    }
    app.store.write(|tx| async move { rows::forget(&tx, node, gone).await }).await
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
            app.imports.ended.notify_waiters();
        });
    }
}

/// Waits until this node no longer works on a job. After a pause of the node, another node may have taken the job from this node, so that the job asks
/// for its file again. If this node took the next file while it still works with the former file, it would apply the result to the next file.
///
/// # Errors
/// Fails with `OVERLOADED` if the work takes longer than [`LEAVES_WITHIN`].
pub(super) async fn leave(app: &App, id: Uuid) -> Result<()> {
    let left = async {
        loop {
            let ended = app.imports.ended.notified();
            if !running(app).contains(&id) {
                return;
            }
            ended.await;
        }
    };
    let left = tokio::time::timeout(LEAVES_WITHIN, left).await;
    left.map_err(|_| Error::Overloaded("the server still works on the import's former file"))
}

fn running(app: &App) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
    app.imports.running.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn work(app: &Arc<App>, id: Uuid) -> Result<()> {
    let _slot = app.imports.slots.acquire().await.or_fault()?;
    let job = spool::find(app, id).await?;
    if job.row.state != ImportState::Reading || job.row.node != Some(app.imports.node) {
        return Ok(());
    }
    if job.row.version_id.is_some() {
        // the version was stored, but the end of the job was not
        return end(app, id, Work::Made).await;
    }
    let path = app.imports.spool.path(id);
    let work = match read(app, &job, path.as_deref()).await {
        Ok(Some(ending)) => Work::Ended(Box::new(ending)),
        Ok(None) => {
            let lost: Vec<(Uuid, PathBuf)> = path.into_iter().map(|path| (id, path)).collect();
            app.imports.spool.delete(&lost).await;
            return orphan(app, id, |row| row.node == Some(app.imports.node)).await;
        }
        Err(error) => Work::Failed(error),
    };
    match end(app, id, work).await {
        // the database will never store the result, so the job fails instead of running for ever
        Err(error) if error.is_permanent() => end(app, id, Work::Failed(error)).await,
        ended => ended,
    }
}

/// Reads a job's file, and stores the version. Returns `None` if the file is lost: for example, it was deleted just before the job was started after a
/// dry run, or somebody else deleted it from the folder.
async fn read(app: &Arc<App>, job: &Job, path: Option<&Path>) -> Result<Option<Ending>> {
    let actor = resume::actor(app, job.row.auth_session_id, job.row.api_token_id).await?;
    let tariff = owned(app, &actor, job.tariff.id).await?;
    let Some(path) = path else { return Ok(None) };
    let Some(data) = unless_lost(tokio::fs::metadata(path).await)? else { return Ok(None) };
    let bytes = data.len();
    if bytes > MAX_DECK_BYTES as u64 {
        let message = base::message!("The file has more than {max} bytes.", max = MAX_DECK_BYTES);
        return Ok(Some(Ending::failed(None, Failure::new(ErrorCode::BadDeck, message))));
    }
    // only a few decks may be in memory at a time, so the permit is needed to read the file
    let permit = wait_for_permit(bytes).await?;
    let Some(file) = unless_lost(tokio::fs::read(path).await)? else { return Ok(None) };
    let import = Import {
        tariff_id: tariff.id,
        file,
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
    let for_job = ForJob { id, effective_at: job.input.effective_at };
    let done = import_with(app, &actor, import, (tariff, note, Some(for_job)), permit, progress);
    let outcome = tokio::select! {
        outcome = done => outcome?,
        never = show(app, id, &written) => match never {},
    };
    let impact = impact(app, &actor, job, &outcome).await;
    let changes = changes(app, job, &outcome).await?;
    Ok(Some(Ending { changes, ..conclude(outcome, impact) }))
}

/// `None` if the file does not exist.
fn unless_lost<T>(read: std::io::Result<T>) -> Result<Option<T>> {
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).or_fault(),
    }
}

/// The first changes that a dry run found. Empty for any other job, because the version that the job stored shows its changes.
async fn changes(app: &App, job: &Job, outcome: &Outcome) -> Result<Vec<RateChange>> {
    match outcome.comparison.as_ref().filter(|_| job.input.dry_run) {
        Some(comparison) => comparison.differences(app, MAX_CHANGES).await,
        None => Ok(Vec::new()),
    }
}

/// The calls of the last thirty days at the prices of a dry run. The job succeeds even if the calls cannot be rated.
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

/// The state of the job according to what its work found.
fn conclude(outcome: Outcome, impact: Option<Impact>) -> Ending {
    let (has_version, refusal) = (outcome.version.is_some(), outcome.refused.as_ref().map(refused));
    let report = Report { impact, ..Report::from(outcome) };
    let reported = |state, report| Ending { state, report: Some(report), failure: None, changes: Vec::new() };
    if !report.questions.is_empty() {
        return reported(ImportState::Asks, report);
    }
    if report.errors > 0 {
        let message = base::message!(
            "Nothing was imported. Errors in the file: {errors}. See `problems`.",
            errors = report.errors
        );
        return Ending::failed(Some(report), Failure::new(ErrorCode::BadDeck, message));
    }
    match refusal {
        Some(failure) => Ending::failed(Some(report), failure),
        None if has_version => reported(ImportState::Done, report),
        None => reported(ImportState::Checked, report),
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
        let noted = app.store.write(|tx| async move { rows::progress(&tx, id, rows, now).await });
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the progress of an import could not be stored");
        }
    }
}

/// Ends or resets the jobs of dead nodes, and ends the jobs whose users did not upload a file or answer a question in time.
///
/// # Errors
/// May fail with database errors.
pub async fn rescue(app: &App) -> Result<()> {
    let now = app.clock.now();
    let dead = now - DEAD_AFTER;
    // after a pause, this node's own heartbeats may be old, although it still works on its jobs
    let is_lost = |row: &tariff_import::Model| row.heartbeat_at < dead && row.node != Some(app.imports.node);
    for lost in rows::orphans(app.store.reader(), dead).await? {
        orphan(app, lost.id, is_lost).await?;
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
                let (state, ended_at) = (ImportState::Failed, Some(now));
                save(&tx, tariff_import::Model { state, error, node: None, ended_at, ..row }, now)
                    .await
                    .map(drop)
            })
            .await?;
    }
    Ok(())
}

async fn give_up(app: &App) -> Result<()> {
    let (spool, node) = (&app.imports.spool, app.imports.node);
    let orphaned = async {
        let held =
            if spool.is_empty() { Vec::new() } else { rows::held_by(app.store.reader(), node).await? };
        for (id, ..) in held {
            orphan(app, id, |row| row.node == Some(node)).await?;
        }
        Ok(())
    };
    let done = orphaned.await;
    // delete the files even if the database does not respond, because no other program can use them
    spool.delete(&spool.settled()).await;
    spool.unlock().await;
    done
}

/// Deletes the jobs that ended long ago, and the files that crashed programs left behind.
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
