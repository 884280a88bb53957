//! Imports of rate decks as jobs. A job is created, its file is uploaded to any node, and that node carries out the job ([`worker`]).
//!
//! All nodes can read the job's row, but the file is in the spool folder of one node ([`spool`]). If that node dies, the job asks for the file
//! again. The version and the job's row change in one transaction, so a job that is canceled leaves no version behind.

mod changing;
mod ending;
mod following;
pub mod spool;
pub mod worker;

pub use changing::{TakeEffect, answer, cancel, start};
pub(super) use ending::made;
pub use following::JobFollower;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use billing::carrier_deck::{Counts, Detected, Mapping, Question};
use billing::deck::RowProblem;
use billing::rate_changes::{RateChangeCounts, RateChangeKind};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{ImportState, Role, tariff, tariff_import, user};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use super::drafts::clean_note;
use super::mappings::{check_mapping, with_saved};
use super::{Impact, ImportMode, Outcome, RateChange, is_bought, owned, owners, readable};
use crate::auth::{Actor, Right};
use crate::config::ImportConfig;
use crate::margin::Margins;
use crate::{App, idempotency};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Message;
use spool::Spool;
use store::page::Total;
use store::tariffs::{self as tariff_rows, RatePage};
use store::{Listed, Page, Tx, tariff_imports as rows};

/// Time within which the file must be uploaded, a question must be answered, and a checked import must be started.
const WAITS_FOR: TimeDelta = TimeDelta::hours(24);
/// Number of hexadecimal digits of a SHA-256 hash.
const SHA256_DIGITS: usize = 64;
/// Maximum length of a file's name in characters.
const MAX_FILE_NAME: usize = 255;
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
    /// Notified each time a job no longer runs on this node.
    ended: Notify,
}

impl Imports {
    /// Creates the imports of a node that has no jobs yet.
    pub fn new(config: &ImportConfig) -> Self {
        let node = Uuid::now_v7();
        Self {
            node,
            spool: Arc::new(Spool::new(config, node)),
            slots: Arc::new(Semaphore::new(config.jobs)),
            wake: Notify::new(),
            running: Mutex::default(),
            ended: Notify::new(),
        }
    }

    /// The id of this running program, which is in the rows of the jobs whose files this node has.
    pub fn node(&self) -> Uuid {
        self.node
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
    /// Name of the file, at most [`MAX_FILE_NAME`] characters without its folder.
    pub file_name: Option<String>,
    /// SHA-256 of the file in hexadecimal. If the hash is given, the upload of any other file fails, and an idempotency key is valid only for this
    /// file.
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
    /// The input of the dry run that was started; `None` if the job was not started after a dry run.
    #[serde(default)]
    pub checked: Option<Box<Input>>,
}

/// What a job found in its file, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Differences between the draft and its base version; `None` if a row had an error, or a question is open.
    pub changes: Option<RateChangeCounts>,
    /// Invalid and corrected rows, at most [`super::MAX_PROBLEMS`].
    pub problems: Vec<RowProblem>,
    /// Number of rows with data; `None` until the file has been read.
    pub rows: Option<u64>,
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
    /// The calls of the last thirty days at the prices of a dry run; `None` for other jobs, and if the calls could not be rated.
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
            rows: outcome.rows,
            errors: outcome.errors,
            warnings: outcome.fixed,
            detected: outcome.detected,
            questions: outcome.questions,
            counts: outcome.counts,
            set_aside: outcome.set_aside,
            impact: None,
            next: outcome.next.map(|next| next.version.id),
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

    /// The code. A code that only a later release knows is read as `ILLEGAL_STATE`.
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
    /// The findings about the file; empty until the file has been read.
    pub report: Report,
    /// Why the job failed, or why the last start of a checked job failed.
    pub failure: Option<Failure>,
}

impl Job {
    fn of(tariff: tariff::Model, row: tariff_import::Model) -> Result<Self> {
        let input = Input::deserialize(&row.input).or_fault()?;
        let report = row.report.as_ref().map(Report::deserialize).transpose().or_fault()?;
        let failure = row.error.as_ref().map(Failure::deserialize).transpose().or_fault()?;
        Ok(Self { tariff, row, input, report: report.unwrap_or_default(), failure })
    }

    /// The ids of the versions that an import by date made, in the order of their dates. Some of the versions may have been discarded since. The list is
    /// empty for other jobs.
    ///
    /// # Errors
    /// Fails with internal faults only.
    pub fn scheduled(&self) -> Result<Vec<Uuid>> {
        self.row
            .scheduled
            .as_ref()
            .map(Vec::deserialize)
            .transpose()
            .or_fault()
            .map(Option::unwrap_or_default)
    }

    /// Whether the job waits for a file.
    pub fn wants_file(&self) -> bool {
        rows::UPLOADS.contains(&self.row.state)
    }

    /// The counts of the changes that the dry run found; `None` if the list of these changes is not stored.
    fn listed_changes(&self) -> Option<RateChangeCounts> {
        let was_dry = self.input.dry_run || self.input.checked.is_some();
        // the list is deleted when the node deletes the file
        self.report.changes.filter(|_| was_dry && self.row.node.is_some())
    }

    /// The number of changes that the dry run found, of this kind or of all kinds; `None` if no list of changes is stored.
    fn found_changes(&self, kind: Option<RateChangeKind>) -> Option<Total> {
        let counts = self.listed_changes()?;
        Some(Total::of(match kind {
            None => counts.differences(),
            // a dry run does not list unchanged rates
            Some(RateChangeKind::Unchanged) => 0,
            Some(kind) => counts.of(kind),
        }))
    }

    /// Whether all changes that the dry run found are listed; `None` if no list is stored.
    pub fn lists_all_changes(&self) -> Option<bool> {
        self.listed_changes().map(|counts| counts.differences() <= worker::MAX_CHANGES as u64)
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
        checked: None,
    };
    let row = tariff_import::Model {
        id: Uuid::now_v7(),
        tariff_id: tariff.id,
        created_by: Some(actor.user_id).filter(|id| !id.is_nil()),
        created_with: actor.token.as_ref().map(|token| token.id),
        auth_session_id: None,
        api_token_id: None,
        state: ImportState::Upload,
        input: serde_json::to_value(&input).or_fault()?,
        file_name: new.file_name.as_deref().map(clean_file_name).transpose()?,
        node: None,
        heartbeat_at: now,
        expires_at: now + WAITS_FOR,
        rows_read: 0,
        rows_total: None,
        report: None,
        error: None,
        version_id: None,
        scheduled: None,
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

/// The name of a file without the folder that some programs put before it.
fn clean_file_name(text: &str) -> Result<String> {
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.is_empty() || name.chars().count() > MAX_FILE_NAME || !billing::text::is_line(name) {
        let message = base::message!(
            "`{field}` must have 1 to {max} printable characters.",
            field = "fileName",
            max = MAX_FILE_NAME
        );
        return Err(Error::invalid("fileName", message));
    }
    Ok(name.to_owned())
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
    check_start(new.effective_at, new.by_date, row.created_at)?;
    check_room(tx, actor, row.tariff_id).await?;
    rows::insert(tx.conn(), row.clone()).await?;
    Ok(row.id)
}

/// Checks the time at which the new version takes effect.
fn check_start(effective_at: Option<DateTime<Utc>>, by_date: bool, now: DateTime<Utc>) -> Result<()> {
    if effective_at.is_some_and(|at| at < now) {
        let message = "`effectiveAt` must be in the future, or null for a draft.";
        return Err(Error::invalid("effectiveAt", message));
    }
    if by_date && effective_at.is_some() {
        let message =
            "With `byDate`, the dates in the file decide when versions take effect. Leave `effectiveAt` out.";
        return Err(Error::invalid("effectiveAt", message));
    }
    Ok(())
}

/// Locks the tariff, and checks that it may have one more job that has not ended.
async fn check_room(tx: &Tx, actor: &Actor, tariff_id: Uuid) -> Result<()> {
    let conn = tx.conn();
    tariff_rows::lock(conn, &owners(actor), tariff_id).await?.ok_or(Error::NotFound)?;
    if rows::count_open(conn, tariff_id).await? < MAX_OPEN {
        return Ok(());
    }
    let message = base::message!(
        "The tariff has {max} imports that have not ended. Cancel one of them first.",
        max = MAX_OPEN
    );
    Err(Error::user(ErrorCode::IllegalState, message))
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

/// Whether the actor, who sees a job, also sees the user who created it. A user of the platform may create a job for another account's tariff, and that
/// account does not see the platform's users.
pub fn sees_creator(actor: &Actor, creator: &user::Model) -> bool {
    actor.role == Role::Admin || creator.account_id == actor.account_id
}

/// Lists the jobs of a tariff, oldest first. For the cost tariff of the actor's account, the list is empty, because that tariff belongs to another
/// account.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn list(app: &App, actor: &Actor, tariff_id: Uuid, page: Page) -> Result<Listed<Job>> {
    let tariff = readable(app, actor, tariff_id).await?;
    if is_bought(actor, &tariff) {
        return Ok(Listed::default());
    }
    let Listed { rows, total } = rows::list(app.store.reader(), tariff.id, page).await?;
    let jobs = rows.into_iter().map(|row| Job::of(tariff.clone(), row)).collect::<Result<_>>()?;
    Ok(Listed { rows: jobs, total })
}

/// Lists the changes that the dry run of a job found, of this kind or of all kinds, sorted by prefix. At most [`worker::MAX_CHANGES`] changes of a
/// job are stored, but the total counts all changes that the dry run found.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn changes(
    app: &App,
    actor: &Actor,
    id: Uuid,
    kind: Option<RateChangeKind>,
    page: RatePage,
) -> Result<Listed<RateChange>> {
    let job = find(app, actor, id).await?;
    let Listed { rows, total } =
        rows::changes(app.store.reader(), job.row.id, kind.map(Into::into), page).await?;
    let total = total.map(|stored| job.found_changes(kind).unwrap_or(stored));
    let changes = rows.iter().map(|row| RateChange::deserialize(&row.rates).or_fault());
    Ok(Listed { rows: changes.collect::<Result<_>>()?, total })
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
