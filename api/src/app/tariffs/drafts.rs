//! New versions: from a file, from edited rows, as a copy of an earlier one.

use std::collections::BTreeMap;
use std::sync::Arc;

use billing::deck::{DeckLimits, RowProblem, parse_deck};
use billing::tariff::{Rate, RateError, RateTable};
use chrono::{DateTime, Utc};
use entity::{rate, tariff, tariff_version};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{Version, VersionState, find_version, owned, owners, record};
use crate::app::access;
use crate::app::accounts::clean_name;
use crate::app::margin::{self, Margins};
use crate::app::rates::LoadedVersion;
use crate::app::{App, rates};
use crate::auth::Actor;
use crate::error::{Error, ErrorCode, Result};
use crate::store::tariffs as rows;
use crate::store::{Store, Tx};

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
    /// The file's rows change and add to the latest version's rates. Band prices, which a file has no columns for, stay.
    Merge,
}

/// A deck to import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Into which tariff.
    pub tariff_id: Uuid,
    /// The canonical CSV (`billing::deck`), at most [`MAX_DECK_BYTES`].
    pub csv: String,
    /// Whole or part.
    pub mode: ImportMode,
    /// Only say what would happen.
    pub dry_run: bool,
    /// What it is, for people; at most 100 characters.
    pub note: String,
}

/// How the rates differ from those of the latest version before.
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
    /// Against the latest version before.
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
/// Overloaded when too many decks are in memory; `BAD_DECK` for a file without a row; `ILLEGAL_STATE` when another version was made
/// meanwhile that a merge does not know; not found, forbidden.
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
    let deck = spawn_blocking(move || parse_deck(csv.as_bytes(), &limits)).await.map_err(Error::fault)?;
    let outcome =
        Outcome { problems: deck.problems, errors: deck.errors, fixed: deck.fixed, ..Outcome::default() };
    if outcome.errors > 0 {
        return Ok(outcome);
    }
    if deck.rates.is_empty() {
        return Err(Error::field(ErrorCode::BadDeck, "csv", "the file has no rates"));
    }
    let base = Base::latest(app, &tariff).await?;
    let mode = import.mode;
    let edit = move |rates| Ok(merged(rates, deck.rates, mode));
    let act = Act { action: "importTariff", note };
    let draft = Draft::new(app, actor, tariff, base, act, permit, edit).await?;
    // a file that is the whole version owes nothing to the one before
    let draft = Draft { must_follow: mode == ImportMode::Merge, ..draft };
    finish(app, draft, outcome, import.dry_run, progress).await
}

pub(super) fn deck_permit() -> Result<SemaphorePermit<'static>> {
    DECKS.try_acquire().map_err(|_| Error::Overloaded("too many tariffs are being changed"))
}

fn clean_note(note: &str) -> Result<String> {
    if note.trim().is_empty() { Ok(String::new()) } else { clean_name("note", note) }
}

fn merged(base: Vec<Rate>, file: Vec<Rate>, mode: ImportMode) -> Vec<Rate> {
    if mode == ImportMode::Replace {
        return file;
    }
    let mut rates = by_prefix(base);
    for mut rate in file {
        if let Some(before) = rates.remove(&rate.prefix) {
            rate.band_prices = before.band_prices;
        }
        rates.insert(rate.prefix.clone(), rate);
    }
    rates.into_values().collect()
}

fn by_prefix(rates: Vec<Rate>) -> BTreeMap<String, Rate> {
    rates.into_iter().map(|rate| (rate.prefix.clone(), rate)).collect()
}

/// Makes a draft from the latest version with these rates added or changed.
///
/// # Errors
/// `INVALID_INPUT` naming the rate, `ILLEGAL_STATE` as for [`import`], not found, forbidden.
pub async fn upsert_rates(
    app: &App,
    actor: &Actor,
    tariff_id: Uuid,
    upserts: Vec<Rate>,
    note: &str,
) -> Result<Outcome> {
    let tariff = owned(app, actor, tariff_id).await?;
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
    edit(app, actor, tariff, Act { action: "upsertRates", note: clean_note(note)? }, move |rates| {
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

/// Makes a draft from the latest version without these prefixes.
///
/// # Errors
/// `INVALID_INPUT` naming a prefix that has no rate of its own; otherwise as for [`upsert_rates`].
pub async fn delete_rates(
    app: &App,
    actor: &Actor,
    tariff_id: Uuid,
    prefixes: Vec<String>,
    note: &str,
) -> Result<Outcome> {
    let tariff = owned(app, actor, tariff_id).await?;
    check_count("prefixes", prefixes.len())?;
    edit(app, actor, tariff, Act { action: "deleteRates", note: clean_note(note)? }, move |rates| {
        let mut rates = by_prefix(rates);
        for (index, prefix) in prefixes.iter().enumerate() {
            let field = || format!("prefixes.{index}");
            rates
                .remove(prefix)
                .ok_or_else(|| Error::invalid(&field(), "the latest version has no such prefix"))?;
        }
        Ok(rates.into_values().collect())
    })
    .await
}

async fn edit(
    app: &App,
    actor: &Actor,
    tariff: tariff::Model,
    act: Act,
    edit: impl FnOnce(Vec<Rate>) -> Result<Vec<Rate>> + Send + 'static,
) -> Result<Outcome> {
    let permit = deck_permit()?;
    let base = Base::latest(app, &tariff).await?;
    let draft = Draft::new(app, actor, tariff, base, act, permit, edit).await?;
    finish(app, draft, Outcome::default(), false, |_| {}).await
}

/// Makes a draft that is the copy of a version, to go back to it.
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
    let base = Base::latest(app, &tariff).await?;
    let act = Act { action: "copyTariffVersion", note };
    let draft = Draft::new(app, actor, tariff, base, act, permit, move |_| Ok(copied)).await?;
    finish(app, Draft { must_follow: false, ..draft }, Outcome::default(), false, |_| {}).await
}

/// The latest version and its rates: what a draft is made from and compared with.
struct Base {
    version_id: Option<Uuid>,
    rates: Vec<Rate>,
}

impl Base {
    async fn latest(app: &App, tariff: &tariff::Model) -> Result<Self> {
        let Some(latest) = rows::latest_version(app.store.reader(), tariff.id).await? else {
            return Ok(Self { version_id: None, rates: Vec::new() });
        };
        Ok(Self { version_id: Some(latest.id), rates: rates::read_all(app.store.reader(), latest.id).await? })
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
    /// The latest version when the rates were read.
    after: Option<Uuid>,
    /// Whether it is wrong once there is a later one than `after`.
    must_follow: bool,
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
        let built = spawn_blocking(move || {
            let table = RateTable::build(edit(base.rates.clone())?);
            let table = table.map_err(|error| Error::user(ErrorCode::BadDeck, error.to_string()))?;
            let changes = compare(&base.rates, &table);
            Ok::<_, Error>((Arc::new(LoadedVersion { version_id: Uuid::now_v7(), table }), changes))
        });
        let (loaded, changes) = built.await.map_err(Error::fault)??;
        let (actor, created_at) = (actor.clone(), app.clock.now());
        Ok(Self {
            tariff,
            actor,
            after: base.version_id,
            must_follow: true,
            loaded,
            changes,
            act,
            created_at,
            _permit: permit,
        })
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
        if self.must_follow && latest.as_ref().map(|latest| latest.id) != self.after {
            return Err(Error::user(
                ErrorCode::IllegalState,
                "another version was made meanwhile: try again",
            ));
        }
        let version = tariff_version::Model {
            id: self.loaded.version_id,
            tariff_id: self.tariff.id,
            number: latest.as_ref().map_or(0, |latest| latest.number) + 1,
            active_from: None,
            rate_count: i32::try_from(self.loaded.table.len()).map_err(Error::fault)?,
            note: self.act.note.clone(),
            created_at: self.created_at,
        };
        rows::insert_version(conn, version.clone()).await?;
        let Changes { added, changed, removed, .. } = self.changes;
        let before = json!({ "version": self.after, "number": latest.map(|latest| latest.number) });
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
        outcome.version = Some(written.await.map_err(Error::fault)??);
    }
    Ok(outcome)
}
