//! Creates new versions by importing a file, editing rates, or copying an earlier version.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use billing::carrier_deck::{Counts, Detected, Mapping, Question};
use billing::country::country_of;
use billing::deck::{DeckColumns, RowProblem};
use billing::rate_changes::RateChangeCounts;
use billing::tariff::{Rate, RateError, TimeBand};
use chrono::{DateTime, NaiveDate, Utc};
use entity::tariff;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::by_date;
use super::comparison::Comparison;
use super::draft_writer::{Act, Base, Draft, Start, whole};
use super::kept::Kept;
use super::{Version, VersionState, find_version, owned, permit};
use crate::accounts::clean_name;
use crate::auth::Actor;
use crate::margin::{self, Margins};
use crate::rates::{LoadedVersion, Terms};
use crate::{App, idempotency};
use base::error::{Error, ErrorCode, OrFault as _, Result, UserError};
use store::rate_writer;
use store::tariffs as rows;

/// Maximum size of an imported rate deck, in bytes of UTF-8.
pub const MAX_DECK_BYTES: usize = 128 << 20;
/// Maximum number of problems that are listed for a rate deck. All problems are counted, even those that are not listed.
pub const MAX_PROBLEMS: usize = 1_000;
/// Maximum number of rates or prefixes per edit.
pub const MAX_EDITS: usize = 1_000;

/// Limits the number of rate decks in memory.
static DECKS: Semaphore = Semaphore::const_new(DECKS_AT_ONCE as usize);
/// Maximum number of rate decks in memory.
const DECKS_AT_ONCE: u32 = 4;
/// A file that is larger than this counts as [`LARGE_DECK_SHARE`] decks. A file of this size has about 250,000 rates.
const LARGE_DECK_BYTES: u64 = 16 << 20;
/// A large deck counts as this many decks, which leaves room for one small deck beside it.
const LARGE_DECK_SHARE: u32 = DECKS_AT_ONCE - 1;

/// How an import treats the existing rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportMode {
    /// The file is the complete new version.
    Replace,
    /// The file is complete for each country in it: the rates of these countries are replaced, and the rates of other countries are kept. A prefix
    /// that belongs to no single country is replaced individually.
    ReplaceCountries,
    /// The file's rows are merged into the rates of the base version. Values that have no column in the file are left unchanged.
    Merge,
}

/// A rate deck to import into a tariff.
#[derive(Clone, Debug)]
pub struct Import {
    /// The tariff.
    pub tariff_id: Uuid,
    /// The file, at most [`MAX_DECK_BYTES`]: the canonical CSV (`billing::deck`), or a carrier's deck (`billing::carrier_deck`).
    pub file: Vec<u8>,
    /// Answers and corrections for a carrier's deck. A file with a mapping is read as a carrier's deck.
    pub mapping: Option<Mapping>,
    /// The base version, as in [`Edit`].
    pub base_version_id: Option<Uuid>,
    /// Whether the deck replaces the rates of the base version or is merged into them.
    pub mode: ImportMode,
    /// Whether to create one version for each date in a carrier's deck, and to schedule each version at the beginning of its day in the tariff's time
    /// zone. Rows without a date, or with a date in the past, take effect immediately.
    pub by_date: bool,
    /// Whether to report the outcome without storing a draft.
    pub dry_run: bool,
    /// Description for users; at most 100 characters.
    pub note: String,
}

/// A change to a tariff's rates.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The tariff.
    pub tariff_id: Uuid,
    /// The base version: a draft, a scheduled version, or the version in force. `None` means the version in force.
    pub base_version_id: Option<Uuid>,
    /// Description for users; at most 100 characters.
    pub note: String,
}

/// Result of an import or edit.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The new draft; `None` after a dry run, or if a row had an error.
    pub version: Option<Version>,
    /// The versions of an import by date, in the order of their dates; empty after a dry run.
    pub scheduled: Vec<Version>,
    /// Differences between the draft and its base version.
    pub changes: RateChangeCounts,
    /// The rows behind `changes`; `None` if a row had an error.
    pub comparison: Option<Comparison>,
    /// The draft's rates, even after a dry run; `None` if a row had an error.
    pub loaded: Option<Arc<LoadedVersion>>,
    /// The version that is scheduled to follow the draft; only for a draft that was put in force or scheduled.
    pub next: Option<Version>,
    /// Why the draft was not put in force although the job asked for it.
    pub refused: Option<UserError>,
    /// Number of the file's rows with data: rows that became rates, that withdraw or block codes, that a tariff cannot contain, or that are invalid. `None`
    /// for an edit.
    pub rows: Option<u64>,
    /// Invalid and corrected rows, at most [`MAX_PROBLEMS`].
    pub problems: Vec<RowProblem>,
    /// Number of invalid cells and rows. If the number is not 0, nothing was imported.
    pub errors: u64,
    /// Number of corrected cells and warnings.
    pub fixed: u64,
    /// Guesses about a carrier's deck.
    pub detected: Vec<Detected>,
    /// Questions about a carrier's deck. If there are any questions, nothing was imported.
    pub questions: Vec<Question>,
    /// The rows of a carrier's deck; `None` for the canonical CSV.
    pub counts: Option<Counts>,
    /// For a carrier's deck, the number of rows that a tariff cannot contain, by reason.
    pub set_aside: BTreeMap<String, u64>,
    /// Retail prices that would be below cost if the draft were in force now.
    pub margins: Margins,
}

/// The job for which an import makes a draft.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForJob {
    /// The job, and the node that runs it ([`Act::job`]).
    pub(super) id: (Uuid, Uuid),
    /// When the draft takes effect; `None` if it stays a draft. If the draft cannot take effect at this time, it is stored nevertheless.
    pub(super) effective_at: Option<DateTime<Utc>>,
}

/// Progress of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Number of rates written.
    pub done: u64,
    /// Number of rates to write.
    pub total: u64,
}

/// Creates a draft from a file. If any row has an error, or the file can be read in more than one way, nothing is imported, and the outcome lists the
/// problems and questions. `progress` is called after each block of rates.
///
/// # Errors
/// Fails with `OVERLOADED` if too many decks are in memory. Fails with `BAD_DECK` for a file without rows, or with a band that the tariff does not
/// have. Fails with `STALE_DRAFT` for a base version that is no longer in force. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn import(
    app: &App,
    actor: &Actor,
    import: Import,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Outcome> {
    let act = async {
        let tariff = owned(app, actor, import.tariff_id).await?;
        let note = clean_note(&import.note)?;
        import_with(app, actor, import, (tariff, note, None), deck_permit().await?, progress).await
    };
    idempotency::repeatable(app, actor, Box::pin(act), |kept| again(app, actor, kept)).await
}

/// The outcome of an earlier request that made a draft.
async fn again(app: &App, actor: &Actor, kept: Kept) -> Result<Outcome> {
    kept.outcome(app, actor).await?.ok_or(Error::NotFound)
}

/// Like [`import`], but with a permit that the caller already holds. The draft belongs to `job`, if given.
pub(super) async fn import_with(
    app: &App,
    actor: &Actor,
    import: Import,
    (tariff, note, job): (tariff::Model, String, Option<ForJob>),
    permit: SemaphorePermit<'static>,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Outcome> {
    let (file, currency, today) = (import.file, tariff.currency.clone(), local_day(app, &tariff).await?);
    let mapping = import.mapping;
    let mapped: Vec<String> =
        mapping.iter().flat_map(|mapping| mapping.bands.values().flatten().cloned()).collect();
    let given = mapping.clone().unwrap_or_default();
    let by_date = import.by_date;
    let read = spawn_blocking(move || super::files::read(&file, mapping, &currency, (today, by_date)));
    let mut read = read.await.or_fault()?;
    if read.outcome.errors > 0 || !read.outcome.questions.is_empty() {
        return Ok(read.outcome);
    }
    if read.rates.is_empty() && (read.removed.is_empty() || import.mode == ImportMode::Replace) {
        return Err(Error::field(ErrorCode::BadDeck, "csv", "The file has no rates."));
    }
    let base = Base::read(app, &tariff, import.base_version_id).await?;
    let bands: Vec<&str> = base.terms.bands.iter().map(|band| band.name.as_str()).collect();
    // a carrier has its own names for bands
    read.rename_bands(&bands);
    let super::files::ReadDeck { rates: read, removed, columns, dated, mut outcome } = read;
    outcome.questions = super::files::band_questions(&outcome, &columns, &bands, &mapped);
    super::files::compare_with_base(&mut outcome, &read, &base.rates, &given);
    if !outcome.questions.is_empty() {
        return Ok(outcome);
    }
    check_bands(&base.terms.bands, &columns)?;
    let mode = import.mode;
    if let Some(dated) = dated {
        let job = job.map(|job| job.id);
        let file = by_date::File { rows: dated, columns, mode, note, dry_run: import.dry_run, job };
        return by_date::import(app, actor, (tariff, base, permit), file, outcome).await;
    }
    let edit = move |rates: &[Rate]| Ok(merged(rates, read, &columns, &removed, mode));
    let act = of_job(Act::new("importTariff", note), job);
    let draft = Draft::new(app, actor, tariff, base, act, permit, edit).await?;
    finish(app, draft, outcome, import.dry_run, progress).await
}

/// The act of a job. The version is stored and takes effect in one transaction. Therefore, a node that dies leaves no version that waits for its
/// activation.
fn of_job(act: Act, job: Option<ForJob>) -> Act {
    let Some(ForJob { id, effective_at }) = job else { return act };
    // truncate the time to microseconds, the precision of the databases; if the time has passed meanwhile, the version takes effect immediately
    let at = effective_at.and_then(|at| DateTime::from_timestamp_micros(at.timestamp_micros()));
    let start = at.map_or(Start::Never, Start::At);
    Act { job: Some(id), start, or_draft: true, ..act }
}

/// Today in the tariff's time zone.
async fn local_day(app: &App, tariff: &tariff::Model) -> Result<NaiveDate> {
    let now = app.clock.now();
    let terms = match rows::in_force(app.store.reader(), tariff.id, now).await? {
        Some(version) => Terms::of(&version)?,
        None => Terms::first(tariff)?,
    };
    Ok(now.with_timezone(&terms.time_zone).date_naive())
}

/// Waits briefly for a permit to have a deck in memory.
pub(super) async fn deck_permit() -> Result<SemaphorePermit<'static>> {
    permit(&DECKS, "too many tariffs are being changed").await
}

/// Waits, for as long as necessary, for a permit to have a deck of this size in memory.
pub(super) async fn wait_for_permit(bytes: u64) -> Result<SemaphorePermit<'static>> {
    let share = if bytes > LARGE_DECK_BYTES { LARGE_DECK_SHARE } else { 1 };
    DECKS.acquire_many(share).await.or_fault()
}

pub(super) fn clean_note(note: &str) -> Result<String> {
    if note.trim().is_empty() { Ok(String::new()) } else { clean_name("note", note) }
}

fn check_bands(bands: &[TimeBand], columns: &DeckColumns) -> Result<()> {
    match columns.bands.keys().find(|name| !bands.iter().any(|band| band.name == **name)) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = bands.iter().map(|band| band.name.as_str()).collect();
            let message = base::message!(
                "The tariff has no band \"{name}\". The tariff's bands are: {bands}.",
                name,
                bands = known.join(", ")
            );
            Err(Error::field(ErrorCode::BadDeck, "csv", message))
        }
    }
}

pub(super) fn merged(
    base: &[Rate],
    file: Vec<Rate>,
    columns: &DeckColumns,
    removed: &BTreeSet<String>,
    mode: ImportMode,
) -> Vec<Rate> {
    if mode == ImportMode::Replace {
        return file;
    }
    let mut rates = by_prefix(base);
    rates.retain(|prefix, _| !removed.contains(prefix));
    if mode == ImportMode::ReplaceCountries {
        let named = file.iter().map(|rate| &rate.prefix).chain(removed);
        let countries: BTreeSet<&str> = named.filter_map(|prefix| country_of(prefix)).collect();
        rates.retain(|prefix, _| country_of(prefix).is_none_or(|country| !countries.contains(country)));
        rates.extend(by_prefix(&file));
        return rates.into_values().collect();
    }
    for mut rate in file {
        if let Some(before) = rates.remove(&rate.prefix) {
            columns.keep(&mut rate, before);
        }
        rates.insert(rate.prefix.clone(), rate);
    }
    rates.into_values().collect()
}

fn by_prefix(rates: &[Rate]) -> BTreeMap<String, Rate> {
    rates.iter().map(|rate| (rate.prefix.clone(), rate.clone())).collect()
}

/// Creates a draft with these rates added or changed.
///
/// # Errors
/// Fails with `INVALID_INPUT`; the error has the path of the invalid rate. Fails with `STALE_DRAFT` as in [`import`]. May also fail with `NOT_FOUND`
/// or `FORBIDDEN`.
pub async fn upsert_rates(app: &App, actor: &Actor, edit: Edit, upserts: Vec<Rate>) -> Result<Outcome> {
    let act = with_rates(app, actor, edit, upserts);
    idempotency::repeatable(app, actor, Box::pin(act), |kept| again(app, actor, kept)).await
}

async fn with_rates(app: &App, actor: &Actor, edit: Edit, upserts: Vec<Rate>) -> Result<Outcome> {
    let tariff = owned(app, actor, edit.tariff_id).await?;
    check_count("rates", upserts.len())?;
    // the base may have millions of rates, so first make the checks that do not need rates
    for (index, rate) in upserts.iter().enumerate() {
        rate.validate().map_err(|error| bad_rate(index, &error))?;
        if upserts[..index].iter().any(|earlier| earlier.prefix == rate.prefix) {
            return Err(Error::invalid(&format!("rates.{index}.prefix"), "The prefix is given twice."));
        }
    }
    let act = Act::new("upsertRates", clean_note(&edit.note)?);
    let permit = deck_permit().await?;
    let base = Base::read(app, &tariff, edit.base_version_id).await?;
    let bands = &base.terms.bands;
    for (index, rate) in upserts.iter().enumerate() {
        if let Some(name) = rate.band_prices.keys().find(|name| !bands.iter().any(|band| band.name == **name))
        {
            let message = base::message!("The tariff has no band \"{name}\".", name);
            return Err(Error::invalid(&format!("rates.{index}.bandPrices"), message));
        }
    }
    drafted(app, actor, tariff, base, act, permit, move |rates| {
        let mut rates = by_prefix(rates);
        rates.extend(upserts.into_iter().map(|rate| (rate.prefix.clone(), rate)));
        Ok(rates.into_values().collect())
    })
    .await
}

fn check_count(field: &str, count: usize) -> Result<()> {
    if (1..=MAX_EDITS).contains(&count) {
        Ok(())
    } else {
        Err(Error::invalid(
            field,
            base::message!("`{field}` must have 1 to {max} entries.", field, max = MAX_EDITS),
        ))
    }
}

fn bad_rate(index: usize, error: &RateError) -> Error {
    let field = match error.field {
        "rate_per_minute" => "pricePerMinute",
        "connection_fee" => "connectionFee",
        "initial_price" => "initialPrice",
        "initial_increment" => "initialIncrement",
        "minimum_charge" => "minimumCharge",
        "free_seconds" => "freeSeconds",
        "band" | "band_prices" => "bandPrices",
        same => same,
    };
    Error::invalid(&format!("rates.{index}.{field}"), error.message.clone())
}

/// Creates a draft without these prefixes.
///
/// # Errors
/// Fails with `INVALID_INPUT` if a prefix has no rate of its own; the error has the path of the prefix. See [`upsert_rates`] for the other errors.
pub async fn delete_rates(app: &App, actor: &Actor, edit: Edit, prefixes: Vec<String>) -> Result<Outcome> {
    let act = without_rates(app, actor, edit, prefixes);
    idempotency::repeatable(app, actor, Box::pin(act), |kept| again(app, actor, kept)).await
}

async fn without_rates(app: &App, actor: &Actor, edit: Edit, prefixes: Vec<String>) -> Result<Outcome> {
    let tariff = owned(app, actor, edit.tariff_id).await?;
    check_count("prefixes", prefixes.len())?;
    let act = Act::new("deleteRates", clean_note(&edit.note)?);
    let permit = deck_permit().await?;
    let base = Base::read(app, &tariff, edit.base_version_id).await?;
    drafted(app, actor, tariff, base, act, permit, move |rates| {
        let mut rates = by_prefix(rates);
        for (index, prefix) in prefixes.iter().enumerate() {
            let field = || format!("prefixes.{index}");
            rates
                .remove(prefix)
                .ok_or_else(|| Error::invalid(&field(), "The base version has no rate with this prefix."))?;
        }
        Ok(rates.into_values().collect())
    })
    .await
}

pub(super) async fn drafted(
    app: &App,
    actor: &Actor,
    tariff: tariff::Model,
    base: Base,
    act: Act,
    permit: SemaphorePermit<'static>,
    edit: impl FnOnce(&[Rate]) -> Result<Vec<Rate>> + Send + 'static,
) -> Result<Outcome> {
    let draft = Draft::new(app, actor, tariff, base, act, permit, edit).await?;
    finish(app, draft, Outcome::default(), false, |_| {}).await
}

/// Creates a draft with the rates of another version, based on the version in force. Use this function to return to an earlier version, or to
/// activate a stale draft unchanged.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn copy_version(app: &App, actor: &Actor, version_id: Uuid, note: &str) -> Result<Outcome> {
    let act = copy(app, actor, version_id, note);
    idempotency::repeatable(app, actor, Box::pin(act), |kept| again(app, actor, kept)).await
}

async fn copy(app: &App, actor: &Actor, version_id: Uuid, note: &str) -> Result<Outcome> {
    let source = find_version(app, actor, version_id).await?;
    let note = if note.trim().is_empty() {
        format!("Copy of version {}", source.version.number)
    } else {
        clean_note(note)?
    };
    let permit = deck_permit().await?;
    let tariff = tariff::Model::clone(&source.tariff);
    let copied = whole(app, &source.version, "versionId").await?;
    // the rates refer to the bands of their own version, so a copy needs these bands
    let base = Base { terms: Terms::of(&source.version)?, ..Base::read(app, &tariff, None).await? };
    let derived = source.version.source_revision.map(|revision| (source.version.source_version_id, revision));
    let act = Act { source: derived, ..Act::new("copyTariffVersion", note) };
    let draft = Draft::new(app, actor, tariff, base, act, permit, move |_| Ok(copied)).await?;
    finish(app, draft, Outcome::default(), false, |_| {}).await
}

async fn finish(
    app: &App,
    draft: Draft,
    mut outcome: Outcome,
    dry_run: bool,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Outcome> {
    outcome.changes = draft.changes;
    outcome.loaded = Some(draft.loaded.clone());
    outcome.comparison = Some(Comparison::of_draft(
        draft.base.as_ref().map(|base| base.id),
        draft.loaded.clone(),
        &draft.tariff.currency,
        draft.changes,
    ));
    let (tariff_id, loaded) = (draft.tariff.id, draft.loaded.clone());
    let compared = margin::of_version(app, tariff_id, &loaded, app.clock.now()).await?;
    outcome.margins = compared.margins.clone();
    if !dry_run {
        let store = app.store.clone();
        let kept = Kept::drafted(draft.tariff.id, draft.base.as_ref().map(|base| base.id), &outcome);
        // write in a separate task; if the client disconnects, the task still completes the version
        let written = tokio::spawn(async move {
            let id = draft.loaded.version_id;
            let written = draft.write(&store, &kept, &progress).await;
            if written.is_err()
                && let Err(error) = rate_writer::discard(&store, id).await
            {
                tracing::warn!(%error, version = %id, "the rates of a failed version are deleted later");
            }
            written
        });
        let written = written.await.or_fault()??;
        if let Some(from) = written.version.active_from {
            app.rates.put(loaded.clone()).await;
            outcome.margins = margin::rechecked(app, tariff_id, &loaded, from, compared).await;
            app.following.wake();
        }
        let tariff = Arc::new(written.tariff);
        outcome.refused = written.refused;
        outcome.next = written.next.map(|version| Version {
            tariff: tariff.clone(),
            version,
            state: VersionState::Scheduled,
        });
        outcome.version = Some(Version { tariff, version: written.version, state: written.state });
    }
    Ok(outcome)
}
