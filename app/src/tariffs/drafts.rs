//! New versions: from a file, from edited rows, as a copy of an earlier one.

use std::collections::BTreeMap;
use std::sync::Arc;

use billing::deck::{DeckColumns, DeckLimits, RowProblem, parse_deck};
use billing::tariff::{Rate, RateError, RateTable};
use chrono::{DateTime, Utc};
use entity::{rate, tariff, tariff_version};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{Version, VersionState, find_version, owned, owners, record};
use crate::access;
use crate::accounts::clean_name;
use crate::auth::Actor;
use crate::margin::{self, Margins};
use crate::rates::LoadedVersion;
use crate::{App, rates};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::tariffs as rows;
use store::{Store, Tx};

/// Largest deck, in bytes of UTF-8.
pub const MAX_DECK_BYTES: usize = 64 << 20;
/// Problems of a deck that are listed; all are counted.
pub const MAX_PROBLEMS: usize = 1_000;
/// Rates or prefixes of one edit.
pub const MAX_EDITS: usize = 1_000;

/// Decks in memory at once; the next one is told to come back.
static DECKS: Semaphore = Semaphore::const_new(4);

/// What an import does with the rates that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// The file is the whole version.
    Replace,
    /// The file's rows change and add to the rates of the version that it builds on. What the file has no column for stays.
    Merge,
}

/// A deck to import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Into which tariff.
    pub tariff_id: Uuid,
    /// The canonical CSV (`billing::deck`), at most [`MAX_DECK_BYTES`].
    pub csv: String,
    /// The version that it builds on, as for [`Edit`].
    pub base_version_id: Option<Uuid>,
    /// Whole or part.
    pub mode: ImportMode,
    /// Only say what would happen.
    pub dry_run: bool,
    /// What it is, for people; at most 100 characters.
    pub note: String,
}

/// A change of a tariff's rates.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Of which tariff.
    pub tariff_id: Uuid,
    /// The version that it builds on: a draft, or one that is scheduled or in force; the one in force when none.
    pub base_version_id: Option<Uuid>,
    /// What it is, for people; at most 100 characters.
    pub note: String,
}

/// How the rates differ from those of the version that a draft builds on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Prefixes that are new.
    pub added: u64,
    /// Prefixes whose rate differs.
    pub changed: u64,
    /// Prefixes that are gone.
    pub removed: u64,
    /// Prefixes with the same rate.
    pub unchanged: u64,
}

/// What an import or edit came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The new draft; none after a dry run and when a row was bad.
    pub version: Option<Version>,
    /// Against the version that it builds on.
    pub changes: Changes,
    /// Bad and mended rows, at most [`MAX_PROBLEMS`].
    pub problems: Vec<RowProblem>,
    /// Bad cells and rows: any, and nothing was imported.
    pub errors: u64,
    /// Cells that were mended.
    pub fixed: u64,
    /// Where customers would pay less than their callshop.
    pub margins: Margins,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rates written.
    pub done: u64,
    /// Rates to write.
    pub total: u64,
}

/// Makes a draft from a CSV. With an error in any row nothing is imported, and the outcome lists the problems. `progress` is told after
/// each block of rates.
///
/// # Errors
/// Overloaded when too many decks are in memory; `BAD_DECK` for a file without a row, or with a band that the tariff does not have;
/// `STALE_DRAFT` for a base that is no longer in force; not found, forbidden.
pub async fn import(
    app: &App,
    actor: &Actor,
    import: Import,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Outcome> {
    let tariff = owned(app, actor, import.tariff_id).await?;
    let note = clean_note(&import.note)?;
    let permit = deck_permit()?;
    let limits =
        DeckLimits { max_bytes: MAX_DECK_BYTES, max_problems: MAX_PROBLEMS, ..DeckLimits::default() };
    let csv = import.csv;
    let deck = spawn_blocking(move || parse_deck(csv.as_bytes(), &limits)).await.or_fault()?;
    let outcome =
        Outcome { problems: deck.problems, errors: deck.errors, fixed: deck.fixed, ..Outcome::default() };
    if outcome.errors > 0 {
        return Ok(outcome);
    }
    if deck.rates.is_empty() {
        return Err(Error::field(ErrorCode::BadDeck, "csv", "the file has no rates"));
    }
    check_bands(&tariff, &deck.columns)?;
    let base = Base::read(app, &tariff, import.base_version_id).await?;
    let mode = import.mode;
    let edit = move |rates| Ok(merged(rates, deck.rates, &deck.columns, mode));
    let act = Act { action: "importTariff", note };
    let draft = Draft::new(app, actor, tariff, base, act, permit, edit).await?;
    finish(app, draft, outcome, import.dry_run, progress).await
}

pub(super) fn deck_permit() -> Result<SemaphorePermit<'static>> {
    DECKS.try_acquire().map_err(|_| Error::Overloaded("too many tariffs are being changed"))
}

fn clean_note(note: &str) -> Result<String> {
    if note.trim().is_empty() { Ok(String::new()) } else { clean_name("note", note) }
}

fn check_bands(tariff: &tariff::Model, columns: &DeckColumns) -> Result<()> {
    let bands = rates::bands(tariff)?;
    match columns.bands.keys().find(|name| !bands.iter().any(|band| band.name == **name)) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = bands.iter().map(|band| band.name.as_str()).collect();
            let message = format!("this tariff has no band {name:?}: its bands are {known:?}");
            Err(Error::field(ErrorCode::BadDeck, "csv", message))
        }
    }
}

fn merged(base: Vec<Rate>, file: Vec<Rate>, columns: &DeckColumns, mode: ImportMode) -> Vec<Rate> {
    if mode == ImportMode::Replace {
        return file;
    }
    let mut rates = by_prefix(base);
    for mut rate in file {
        if let Some(before) = rates.remove(&rate.prefix) {
            columns.keep(&mut rate, before);
        }
        rates.insert(rate.prefix.clone(), rate);
    }
    rates.into_values().collect()
}

fn by_prefix(rates: Vec<Rate>) -> BTreeMap<String, Rate> {
    rates.into_iter().map(|rate| (rate.prefix.clone(), rate)).collect()
}

/// Makes a draft with these rates added or changed.
///
/// # Errors
/// `INVALID_INPUT` naming the rate, `STALE_DRAFT` as for [`import`], not found, forbidden.
pub async fn upsert_rates(app: &App, actor: &Actor, edit: Edit, upserts: Vec<Rate>) -> Result<Outcome> {
    let tariff = owned(app, actor, edit.tariff_id).await?;
    check_count("rates", upserts.len())?;
    let bands = rates::bands(&tariff)?;
    for (index, rate) in upserts.iter().enumerate() {
        rate.validate().map_err(|error| bad_rate(index, &error))?;
        if let Some(name) = rate.band_prices.keys().find(|name| !bands.iter().any(|band| band.name == **name))
        {
            let message = format!("this tariff has no band {name:?}");
            return Err(Error::invalid(&format!("rates.{index}.bandPrices"), message));
        }
        if upserts[..index].iter().any(|earlier| earlier.prefix == rate.prefix) {
            return Err(Error::invalid(&format!("rates.{index}.prefix"), "given twice"));
        }
    }
    let act = Act { action: "upsertRates", note: clean_note(&edit.note)? };
    drafted(app, actor, tariff, edit.base_version_id, act, move |rates| {
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
        Err(Error::invalid(field, format!("1 to {MAX_EDITS}")))
    }
}

fn bad_rate(index: usize, error: &RateError) -> Error {
    let field = match error.field {
        "rate_per_minute" => "pricePerMinute",
        "connection_fee" => "connectionFee",
        "initial_increment" => "initialIncrement",
        "minimum_charge" => "minimumCharge",
        "free_seconds" => "freeSeconds",
        "band" | "band_prices" => "bandPrices",
        same => same,
    };
    Error::invalid(&format!("rates.{index}.{field}"), error.message.clone())
}

/// Makes a draft without these prefixes.
///
/// # Errors
/// `INVALID_INPUT` naming a prefix that has no rate of its own; otherwise as for [`upsert_rates`].
pub async fn delete_rates(app: &App, actor: &Actor, edit: Edit, prefixes: Vec<String>) -> Result<Outcome> {
    let tariff = owned(app, actor, edit.tariff_id).await?;
    check_count("prefixes", prefixes.len())?;
    let act = Act { action: "deleteRates", note: clean_note(&edit.note)? };
    drafted(app, actor, tariff, edit.base_version_id, act, move |rates| {
        let mut rates = by_prefix(rates);
        for (index, prefix) in prefixes.iter().enumerate() {
            let field = || format!("prefixes.{index}");
            rates.remove(prefix).ok_or_else(|| {
                Error::invalid(&field(), "the version that this builds on has no such prefix")
            })?;
        }
        Ok(rates.into_values().collect())
    })
    .await
}

async fn drafted(
    app: &App,
    actor: &Actor,
    tariff: tariff::Model,
    base_version_id: Option<Uuid>,
    act: Act,
    edit: impl FnOnce(Vec<Rate>) -> Result<Vec<Rate>> + Send + 'static,
) -> Result<Outcome> {
    let permit = deck_permit()?;
    let base = Base::read(app, &tariff, base_version_id).await?;
    let draft = Draft::new(app, actor, tariff, base, act, permit, edit).await?;
    finish(app, draft, Outcome::default(), false, |_| {}).await
}

/// Makes a draft that is the copy of a version and takes the place of the one in force: to go back to an earlier one, or to put a
/// draft in force as it is although others came between.
///
/// # Errors
/// Not found, forbidden.
pub async fn copy_version(app: &App, actor: &Actor, version_id: Uuid, note: &str) -> Result<Outcome> {
    let source = find_version(app, actor, version_id).await?;
    let note = if note.trim().is_empty() {
        format!("Copy of version {}", source.version.number)
    } else {
        clean_note(note)?
    };
    let permit = deck_permit()?;
    let tariff = tariff::Model::clone(&source.tariff);
    let copied = rates::read_all(app.store.reader(), version_id).await?;
    let base = Base::read(app, &tariff, None).await?;
    let act = Act { action: "copyTariffVersion", note };
    let draft = Draft::new(app, actor, tariff, base, act, permit, move |_| Ok(copied)).await?;
    finish(app, draft, Outcome::default(), false, |_| {}).await
}

/// A version and its rates: what a draft is made from and compared with.
struct Base {
    version: Option<tariff_version::Model>,
    rates: Vec<Rate>,
}

impl Base {
    /// The version in force, or the one that the caller names. The newest is no base: it may be next month's.
    async fn read(app: &App, tariff: &tariff::Model, named: Option<Uuid>) -> Result<Self> {
        let (conn, now) = (app.store.reader(), app.clock.now());
        let in_force = rows::in_force(conn, tariff.id, now).await?;
        let version = match named {
            None => in_force,
            Some(id) => Some(Self::named(rows::version_of(conn, tariff.id, id).await?, in_force, now)?),
        };
        let rates = match &version {
            Some(version) => rates::read_all(conn, version.id).await?,
            None => Vec::new(),
        };
        Ok(Self { version, rates })
    }

    fn named(
        version: Option<tariff_version::Model>,
        in_force: Option<tariff_version::Model>,
        now: DateTime<Utc>,
    ) -> Result<tariff_version::Model> {
        let field = "baseVersionId";
        let version = version.ok_or_else(|| Error::invalid(field, "this tariff has no such version"))?;
        if super::state(&version, in_force.map(|version| version.id), now) == VersionState::Retired {
            let message = format!(
                "version {} is no longer in force: leave this out, or copy that version to go back to it",
                version.number
            );
            return Err(Error::field(ErrorCode::StaleDraft, field, message));
        }
        Ok(version)
    }

    /// The version that a draft made from this one may come into force behind: this one, or what this draft itself waits for.
    fn precedes(&self) -> Option<Uuid> {
        self.version.as_ref().and_then(|version| match version.active_from {
            Some(_) => Some(version.id),
            None => version.base_version_id,
        })
    }
}

/// Which mutation makes a draft, and what it is for people.
struct Act {
    action: &'static str,
    note: String,
}

/// A version that is to be.
struct Draft {
    tariff: tariff::Model,
    actor: Actor,
    /// The version whose rates it began with.
    base: Option<tariff_version::Model>,
    /// The version that it may come into force behind.
    precedes: Option<Uuid>,
    /// Its rates, under the id it will have.
    loaded: Arc<LoadedVersion>,
    changes: Changes,
    act: Act,
    created_at: DateTime<Utc>,
    /// Held until the last rate is written, also when the caller has gone away.
    _permit: SemaphorePermit<'static>,
}

impl Draft {
    async fn new(
        app: &App,
        actor: &Actor,
        tariff: tariff::Model,
        base: Base,
        act: Act,
        permit: SemaphorePermit<'static>,
        edit: impl FnOnce(Vec<Rate>) -> Result<Vec<Rate>> + Send + 'static,
    ) -> Result<Self> {
        let precedes = base.precedes();
        let built = spawn_blocking(move || {
            let table = RateTable::build(edit(base.rates.clone())?);
            let table = table.map_err(|error| Error::user(ErrorCode::BadDeck, error.to_string()))?;
            let changes = compare(&base.rates, &table);
            let loaded = Arc::new(LoadedVersion { version_id: Uuid::now_v7(), table });
            Ok::<_, Error>((loaded, changes, base.version))
        });
        let (loaded, changes, base) = built.await.or_fault()??;
        let (actor, created_at) = (actor.clone(), app.clock.now());
        Ok(Self { tariff, actor, base, precedes, loaded, changes, act, created_at, _permit: permit })
    }

    /// Writes the rates a block at a time, so that calls are charged between two blocks, and at last the version: until then
    /// nobody sees the rates.
    async fn write(
        &self,
        store: &Store,
        progress: &(impl Fn(Progress) + Sync),
    ) -> Result<tariff_version::Model> {
        let rates: Vec<rate::Model> = self
            .loaded
            .table
            .iter()
            .map(|rate| rates::to_row(self.loaded.version_id, rate))
            .collect::<Result<_>>()?;
        let total = rates.len() as u64;
        let mut done = 0;
        for block in rates.chunks(rows::rates_per_insert(store.backend())) {
            store.write(|tx| async move { rows::insert_rates(tx.conn(), block).await }).await?;
            done += block.len() as u64;
            progress(Progress { done, total });
        }
        access::write_as(store, &self.actor, |tx| async move { self.write_version(&tx).await }).await
    }

    async fn write_version(&self, tx: &Tx) -> Result<tariff_version::Model> {
        let conn = tx.conn();
        rows::lock(conn, &owners(&self.actor), self.tariff.id).await?.ok_or(Error::NotFound)?;
        let latest = rows::latest_version(conn, self.tariff.id).await?;
        let version = tariff_version::Model {
            id: self.loaded.version_id,
            tariff_id: self.tariff.id,
            number: latest.map_or(0, |latest| latest.number) + 1,
            active_from: None,
            rate_count: i32::try_from(self.loaded.table.len()).or_fault()?,
            note: self.act.note.clone(),
            base_version_id: self.precedes,
            created_at: self.created_at,
        };
        rows::insert_version(conn, version.clone()).await?;
        let Changes { added, changed, removed, .. } = self.changes;
        let base = self.base.as_ref();
        let before = json!({ "version": base.map(|base| base.id), "number": base.map(|base| base.number) });
        let after = json!({
            "version": version.id, "number": version.number, "rates": version.rate_count, "added": added, "changed": changed,
            "removed": removed,
        });
        record(tx, &self.actor, self.act.action, &self.tariff, (before, after), self.created_at).await?;
        Ok(version)
    }
}

/// What differs between two sorted lists.
fn compare(before: &[Rate], after: &RateTable) -> Changes {
    let mut changes = Changes::default();
    let mut before = before.iter().peekable();
    for rate in after.iter() {
        while before.next_if(|old| old.prefix < rate.prefix).is_some() {
            changes.removed += 1;
        }
        match before.next_if(|old| old.prefix == rate.prefix) {
            None => changes.added += 1,
            Some(old) if old == rate => changes.unchanged += 1,
            Some(_) => changes.changed += 1,
        }
    }
    changes.removed += before.count() as u64;
    changes
}

async fn finish(
    app: &App,
    draft: Draft,
    mut outcome: Outcome,
    dry_run: bool,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Outcome> {
    outcome.changes = draft.changes;
    outcome.margins = margin::of_version(app, draft.tariff.id, &draft.loaded, app.clock.now()).await?;
    if !dry_run {
        let store = app.store.clone();
        // a task of its own: a caller that goes away in the middle must not leave half a version behind
        let written = tokio::spawn(async move {
            let id = draft.loaded.version_id;
            let written = draft.write(&store, &progress).await;
            if written.is_err() {
                let discarded =
                    store.write(|tx| async move { rows::discard_rates(tx.conn(), id).await }).await;
                if let Err(error) = discarded {
                    tracing::warn!(%error, version = %id, "rates of a version that failed are left behind");
                }
            }
            written.map(|version| Version {
                tariff: Arc::new(draft.tariff),
                version,
                state: VersionState::Draft,
            })
        });
        outcome.version = Some(written.await.or_fault()??);
    }
    Ok(outcome)
}
