//! Imports of rate decks as jobs. A job is created, its file is uploaded to any node, and that node carries out the job ([`worker`]).
//!
//! All nodes can read the job's row, but the file is in the spool folder of one node ([`spool`]). If that node dies, the job asks for the file
//! again. The version and the job's row change in one transaction, so a job that is canceled leaves no version behind.

pub mod spool;
pub mod worker;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use billing::carrier_deck::{Counts, Detected, Mapping, Question};
use billing::deck::RowProblem;
use billing::rate_changes::RateChangeCounts;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{ImportState, tariff, tariff_import};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use super::drafts::clean_note;
use super::mappings::{check_mapping, with_saved};
use super::{Impact, ImportMode, Outcome, owned, owners};
use crate::auth::{Actor, Right};
use crate::config::ImportConfig;
use crate::margin::Margins;
use crate::{App, idempotency, notices};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Message;
use spool::Spool;
use store::{Tx, tariff_imports as rows, tariffs as tariff_rows};

/// Time within which the file must be uploaded, and within which a question must be answered.
const WAITS_FOR: TimeDelta = TimeDelta::hours(24);
/// Number of hexadecimal digits of a SHA-256 hash.
const SHA256_DIGITS: usize = 64;
/// Maximum number of a tariff's jobs that have not ended.
const MAX_OPEN: u64 = 20;

/// The import jobs that run on this node, with their spool and their limit.
pub struct Imports {
    /// The id of this running program.
    node: Uuid,
    spool: Arc<Spool>,
    /// Limits the number of jobs that run at the same time.
    slots: Arc<Semaphore>,
    wake: Notify,
    running: Mutex<HashSet<Uuid>>,
}

impl Imports {
    /// Creates the imports of a node, which has no jobs yet.
    pub fn new(config: &ImportConfig) -> Self {
        let node = Uuid::now_v7();
        Self {
            node,
            spool: Arc::new(Spool::new(config, node)),
            slots: Arc::new(Semaphore::new(config.jobs)),
            wake: Notify::new(),
            running: Mutex::default(),
        }
    }
}

/// Input for a new job.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// The tariff.
    pub tariff_id: Uuid,
    /// How the file's rows are combined with the base version.
    pub mode: ImportMode,
    /// Answers and corrections for a carrier's deck.
    pub mapping: Option<Mapping>,
    /// A saved mapping, which `mapping` completes or corrects.
    pub mapping_id: Option<Uuid>,
    /// Whether to check the file without storing a version.
    pub dry_run: bool,
    /// The base version, as in [`super::Edit`].
    pub base_version_id: Option<Uuid>,
    /// When the new version takes effect; `None` leaves it a draft.
    pub effective_at: Option<DateTime<Utc>>,
    /// Whether each date of the file makes a scheduled version, as in [`super::Import`]. Not allowed together with `effective_at`.
    pub by_date: bool,
    /// Description of the new version; at most 100 characters.
    pub note: String,
    /// SHA-256 of the file in hexadecimal. If it is given, the upload of any other file fails, and an idempotency key is valid only for this file.
    pub sha256: Option<String>,
}

/// The input of a job, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// How the file's rows are combined with the base version.
    pub mode: ImportMode,
    /// Answers and corrections for a carrier's deck, including a saved mapping and later answers.
    pub mapping: Option<Mapping>,
    /// Whether to check the file without storing a version.
    pub dry_run: bool,
    /// The base version.
    pub base_version_id: Option<Uuid>,
    /// When the new version takes effect; `None` leaves it a draft.
    pub effective_at: Option<DateTime<Utc>>,
    /// Whether each date of the file makes a scheduled version. Jobs that an earlier release created do not have this field.
    #[serde(default)]
    pub by_date: bool,
    /// Description of the new version.
    pub note: String,
    /// SHA-256 of the file in lower-case hexadecimal; `None` if any file may be uploaded.
    pub sha256: Option<String>,
}

/// What a job found in its file, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Differences between the draft and its base version; `None` if a row had an error, or a question is open.
    pub changes: Option<RateChangeCounts>,
    /// Invalid and corrected rows, at most [`super::MAX_PROBLEMS`].
    pub problems: Vec<RowProblem>,
    /// Number of all errors.
    pub errors: u64,
    /// Number of all corrections and warnings.
    pub warnings: u64,
    /// Guesses about a carrier's deck.
    pub detected: Vec<Detected>,
    /// Open questions.
    pub questions: Vec<Question>,
    /// The rows of a carrier's deck.
    pub counts: Option<Counts>,
    /// Number of rows that a tariff cannot contain, by reason.
    pub set_aside: BTreeMap<String, u64>,
    /// Retail prices below cost; `None` in the same cases as `changes`.
    pub margins: Option<Margins>,
    /// The calls of the last thirty days at the prices of a dry run; `None` for other jobs, and if they could not be rated.
    pub impact: Option<Impact>,
    /// The next scheduled version after the version that the job put in force or scheduled.
    pub next: Option<Uuid>,
}

impl From<Outcome> for Report {
    fn from(outcome: Outcome) -> Self {
        let is_read = outcome.errors == 0 && outcome.questions.is_empty();
        Self {
            changes: is_read.then_some(outcome.changes),
            margins: is_read.then_some(outcome.margins),
            problems: outcome.problems,
            errors: outcome.errors,
            warnings: outcome.fixed,
            detected: outcome.detected,
            questions: outcome.questions,
            counts: outcome.counts,
            set_aside: outcome.set_aside,
            impact: None,
            next: None,
        }
    }
}

/// Why a job failed, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Text of an [`ErrorCode`].
    pub code: String,
    /// English sentence.
    pub message: String,
}

impl Failure {
    pub(super) fn new(code: ErrorCode, message: impl Into<Message>) -> Self {
        Self { code: code.as_str().to_owned(), message: message.into().to_string() }
    }

    /// The code. A code of a later release becomes `ILLEGAL_STATE`.
    pub fn code(&self) -> ErrorCode {
        let known = ErrorCode::ALL.iter().find(|code| code.as_str() == self.code);
        known.copied().unwrap_or(ErrorCode::IllegalState)
    }
}

/// A job with its tariff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The tariff.
    pub tariff: tariff::Model,
    /// The row.
    pub row: tariff_import::Model,
    /// The input.
    pub input: Input,
    /// What was found in the file; empty until the file was read.
    pub report: Report,
    /// Why the job failed.
    pub failure: Option<Failure>,
}

impl Job {
    fn of(tariff: tariff::Model, row: tariff_import::Model) -> Result<Self> {
        let input = Input::deserialize(&row.input).or_fault()?;
        let report = row.report.as_ref().map(Report::deserialize).transpose().or_fault()?;
        let failure = row.error.as_ref().map(Failure::deserialize).transpose().or_fault()?;
        Ok(Self { tariff, row, input, report: report.unwrap_or_default(), failure })
    }

    /// Whether the job waits for a file.
    pub fn wants_file(&self) -> bool {
        rows::UPLOADS.contains(&self.row.state)
    }

    /// Whether the job has ended, and therefore no longer changes.
    pub fn has_ended(&self) -> bool {
        self.row.ended_at.is_some()
    }
}

/// Creates a job, which then waits for its file.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the tariff has [`MAX_OPEN`] jobs that have not ended. May also fail with `INVALID_INPUT`, `NOT_FOUND` or
/// `FORBIDDEN`.
pub async fn create(app: &App, actor: &Actor, new: NewImport) -> Result<Job> {
    idempotency::repeatable(app, actor, create_new(app, actor, new), |id| find(app, actor, id)).await
}

async fn create_new(app: &App, actor: &Actor, new: NewImport) -> Result<Job> {
    let tariff = owned(app, actor, new.tariff_id).await?;
    let now = app.clock.now();
    let input = Input {
        mode: new.mode,
        mapping: mapping_of(app, &tariff, &new).await?,
        dry_run: new.dry_run,
        base_version_id: new.base_version_id,
        effective_at: new.effective_at,
        by_date: new.by_date,
        note: clean_note(&new.note)?,
        sha256: new.sha256.as_deref().map(clean_sha256).transpose()?,
    };
    let row = tariff_import::Model {
        id: Uuid::now_v7(),
        tariff_id: tariff.id,
        auth_session_id: None,
        api_token_id: None,
        state: ImportState::Upload,
        input: serde_json::to_value(&input).or_fault()?,
        node: None,
        heartbeat_at: now,
        expires_at: now + WAITS_FOR,
        rows_read: 0,
        rows_total: None,
        report: None,
        error: None,
        version_id: None,
        created_at: now,
        ended_at: None,
    };
    let (row, new) = (&for_actor(row, actor), &new);
    let id = app
        .write_as(actor, |tx| async move {
            let id = insert(&tx, actor, new, row).await?;
            idempotency::keep(&tx, actor, now, &id).await?;
            Ok(id)
        })
        .await?;
    find(app, actor, id).await
}

/// A SHA-256 hash in lower-case hexadecimal.
fn clean_sha256(text: &str) -> Result<String> {
    if text.len() == SHA256_DIGITS && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    let message = base::message!("`sha256` must have {digits} hexadecimal digits.", digits = SHA256_DIGITS);
    Err(Error::invalid("sha256", message))
}

/// The job's row, changed so that the job acts for this login or API token from now on.
fn for_actor(row: tariff_import::Model, actor: &Actor) -> tariff_import::Model {
    let api_token_id = actor.token.as_ref().map(|token| token.id);
    let is_login = api_token_id.is_none() && !actor.session_id.is_nil();
    tariff_import::Model { auth_session_id: is_login.then_some(actor.session_id), api_token_id, ..row }
}

async fn mapping_of(app: &App, tariff: &tariff::Model, new: &NewImport) -> Result<Option<Mapping>> {
    if let Some(mapping) = &new.mapping {
        check_mapping(mapping)?;
    }
    let Some(id) = new.mapping_id else { return Ok(new.mapping.clone()) };
    with_saved(app, tariff, id, new.mapping.clone()).await.map(Some)
}

async fn insert(tx: &Tx, actor: &Actor, new: &NewImport, row: &tariff_import::Model) -> Result<Uuid> {
    if new.effective_at.is_some_and(|at| at < row.created_at) {
        let message = "`effectiveAt` must be in the future, or null for a draft.";
        return Err(Error::invalid("effectiveAt", message));
    }
    if new.by_date && new.effective_at.is_some() {
        let message =
            "With `byDate`, the dates in the file decide when versions take effect. Leave `effectiveAt` out.";
        return Err(Error::invalid("effectiveAt", message));
    }
    let conn = tx.conn();
    tariff_rows::lock(conn, &owners(actor), row.tariff_id).await?.ok_or(Error::NotFound)?;
    if rows::count_open(conn, row.tariff_id).await? >= MAX_OPEN {
        let message = base::message!(
            "The tariff has {max} imports that have not ended. Cancel one of them first.",
            max = MAX_OPEN
        );
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    rows::insert(conn, row.clone()).await?;
    Ok(row.id)
}

/// Finds a job of a tariff that the actor may manage.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<Job> {
    actor.require(Right::ManageTariffs)?;
    let found = rows::find(app.store.reader(), &owners(actor), id).await?;
    let (tariff, row) = found.ok_or(Error::NotFound)?;
    Job::of(tariff, row)
}

/// The path and query of the address to which a job's file is uploaded; `None` if the job waits for no file.
///
/// # Errors
/// Fails with internal faults only.
pub fn upload_path(app: &App, job: &Job) -> Result<Option<String>> {
    if !job.wants_file() {
        return Ok(None);
    }
    let (id, until) = (job.row.id.simple(), job.row.expires_at.timestamp());
    let signature = app.identities.upload_code(job.row.id, until)?;
    Ok(Some(format!("{}/{id}?until={until}&signature={signature}", spool::PATH)))
}

/// Answers the open questions of a job, which then continues with the same file. From now on, the job acts for the actor.
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

/// Cancels a job that has not ended. The job's file is deleted.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the job has ended or its version is stored. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn cancel(app: &App, actor: &Actor, id: Uuid) -> Result<Job> {
    let now = app.clock.now();
    change(app, actor, id, |row| {
        if row.ended_at.is_some() || row.version_id.is_some() {
            return Err(illegal("The import has ended."));
        }
        Ok(tariff_import::Model { state: ImportState::Canceled, ended_at: Some(now), ..row })
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
            let row = rows::update(tx.conn(), next(row)?).await?;
            notices::import_changed(&tx, &row, now).await?;
            Ok(row)
        })
        .await?;
    app.imports.wake.notify_one();
    Job::of(tariff, row)
}
