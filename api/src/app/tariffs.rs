//! Tariffs: making them, their versions, who pays by them, what they block.
//!
//! A version never changes once it is there. An import, an edit or the copy of an earlier version makes a new draft, and a draft that
//! is activated counts from an instant on: states follow from `active_from` alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use billing::deck::{DeckLimits, RowProblem, parse_deck, write_deck};
use billing::money::Rounding;
use billing::tariff::{Rate, RateError, RateTable, TimeBand, check_prefix};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{AccountKind, Role, account, rate, tariff, tariff_version};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::access::{self, Shop};
use super::accounts::clean_name;
use super::audit::{self, Change};
use super::credit::object;
use super::margin::{self, Margins};
use super::rates::LoadedVersion;
use super::{App, rates};
use crate::auth::{Actor, Right};
use crate::error::{Error, ErrorCode, Result};
use crate::store::tariffs::{self as rows, Owners, RatePage, RateSearch};
use crate::store::{Page, Store, Tx, accounts};

/// Largest deck, in bytes of UTF-8.
pub const MAX_DECK_BYTES: usize = 64 << 20;
/// Problems of a deck that are listed; all are counted.
pub const MAX_PROBLEMS: usize = 1_000;
/// Rates or prefixes of one edit.
pub const MAX_EDITS: usize = 1_000;
/// Holidays of a tariff.
pub const MAX_HOLIDAYS: usize = 1_000;
/// Blocked prefixes of a tariff or callshop.
pub const MAX_BLOCKED: usize = 1_000;

/// Decks in memory at once; the next one is told to come back.
static DECKS: Semaphore = Semaphore::const_new(4);

/// Where a version is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// Not activated: no call uses it.
    Draft,
    /// Counts from a later instant on.
    Scheduled,
    /// In force.
    Active,
    /// A later one took its place.
    Retired,
}

/// A version with its tariff and state.
#[derive(Clone, Debug)]
pub struct Version {
    /// The tariff.
    pub tariff: Arc<tariff::Model>,
    /// The version.
    pub version: tariff_version::Model,
    /// Its state at the time of reading.
    pub state: VersionState,
}

/// The state that follows from `active_from`, when `effective` is the tariff's version in force at `now`.
pub fn state(version: &tariff_version::Model, effective: Option<Uuid>, now: DateTime<Utc>) -> VersionState {
    match version.active_from {
        None => VersionState::Draft,
        Some(from) if from > now => VersionState::Scheduled,
        Some(_) if effective == Some(version.id) => VersionState::Active,
        Some(_) => VersionState::Retired,
    }
}

/// What a new tariff is told.
#[derive(Clone, Debug)]
pub struct NewTariff {
    /// Whose it is; the actor's account when none. Only the platform's admins give another.
    pub account_id: Option<Uuid>,
    /// For people.
    pub name: String,
    /// ISO 4217 code; the owner's when none. Only the platform has tariffs of several currencies.
    pub currency: Option<String>,
    /// How a charge is rounded.
    pub rounding: Rounding,
    /// IANA zone of the bands; the owner's when none.
    pub time_zone: Option<String>,
    /// Time bands, the first that fits wins.
    pub bands: Vec<TimeBand>,
    /// Local dates.
    pub holidays: Vec<NaiveDate>,
}

/// What the actor may manage: his account's tariffs; for the platform's admins all.
fn owners(actor: &Actor) -> Owners {
    match actor.role {
        Role::Admin => Owners::Subtree(actor.scope()),
        _ => Owners::One(actor.account_id),
    }
}

/// Makes a tariff, without a version yet.
///
/// # Errors
/// `INVALID_INPUT`, `CURRENCY_MISMATCH`, not found, forbidden.
pub async fn create(app: &App, actor: &Actor, new: NewTariff) -> Result<tariff::Model> {
    actor.require(Right::ManageTariffs)?;
    let owner_id = new.account_id.unwrap_or(actor.account_id);
    let owner = access::account(app.store.reader(), actor, owner_id, Right::ManageTariffs).await?;
    if owner.id != actor.account_id && actor.role != Role::Admin {
        return Err(Error::Forbidden);
    }
    let tariff = build(app, &owner, new)?;
    let row = &tariff;
    app.store
        .write(|tx| async move {
            rows::insert(tx.conn(), row.clone()).await?;
            record(&tx, actor, "createTariff", row, (Value::Null, shown(row)), row.created_at).await
        })
        .await?;
    Ok(tariff)
}

/// What the audit log shows of a tariff; of bands and holidays, which may be many, only how many there are.
fn shown(tariff: &tariff::Model) -> Value {
    let count = |list: &Value| list.as_array().map_or(0, Vec::len);
    json!({
        "name": tariff.name,
        "currency": tariff.currency,
        "roundingDecimals": tariff.rounding_decimals,
        "roundingMode": tariff.rounding_mode.as_str(),
        "timeZone": tariff.time_zone,
        "bands": count(&tariff.bands),
        "holidays": count(&tariff.holidays),
    })
}

async fn record(
    tx: &Tx,
    actor: &Actor,
    action: &'static str,
    tariff: &tariff::Model,
    (before, after): (Value, Value),
    at: DateTime<Utc>,
) -> Result<()> {
    let change =
        Change { account_id: tariff.account_id, action, object: ("Tariff", tariff.id), before, after };
    audit::record(tx, actor, at, change).await
}

fn build(app: &App, owner: &account::Model, new: NewTariff) -> Result<tariff::Model> {
    if owner.kind == AccountKind::Callshop {
        return Err(Error::invalid("accountId", "a callshop has the tariffs that its parent assigns"));
    }
    let currency = new.currency.unwrap_or_else(|| owner.currency.clone());
    if owner.kind != AccountKind::Platform && currency != owner.currency {
        return Err(Error::field(
            ErrorCode::CurrencyMismatch,
            "currency",
            format!("this branch uses {}", owner.currency),
        ));
    }
    let currency = billing::money::Currency::parse(&currency)
        .map_err(|error| Error::invalid("currency", error.to_string()))?;
    let time_zone = new.time_zone.unwrap_or_else(|| owner.time_zone.clone());
    let _: chrono_tz::Tz =
        time_zone.parse().map_err(|_| Error::invalid("timeZone", "no such IANA time zone"))?;
    TimeBand::validate_all(&new.bands).map_err(|error| Error::invalid("bands", error.message))?;
    if new.holidays.len() > MAX_HOLIDAYS {
        return Err(Error::invalid("holidays", format!("at most {MAX_HOLIDAYS} dates")));
    }
    let holidays: std::collections::BTreeSet<NaiveDate> = new.holidays.into_iter().collect();
    Ok(tariff::Model {
        id: Uuid::now_v7(),
        account_id: owner.id,
        name: clean_name("name", &new.name)?,
        currency: currency.to_string(),
        rounding_decimals: new.rounding.decimals.into(),
        rounding_mode: new.rounding.mode.into(),
        time_zone,
        bands: serde_json::to_value(&new.bands).map_err(Error::fault)?,
        holidays: serde_json::to_value(&holidays).map_err(Error::fault)?,
        blocked_prefixes: serde_json::Value::Array(Vec::new()),
        created_at: app.clock.now(),
    })
}

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

fn deck_permit() -> Result<SemaphorePermit<'static>> {
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
        store.write(|tx| async move { self.write_version(&tx).await }).await
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

/// Puts a draft in force, now or at a later instant. Prices below cost are told of, not refused.
///
/// # Errors
/// `ILLEGAL_STATE` for what is no draft or has no rates, `INVALID_INPUT` for an instant that has passed, not found, forbidden.
pub async fn activate(
    app: &App,
    actor: &Actor,
    version_id: Uuid,
    at: Option<DateTime<Utc>>,
) -> Result<(Version, Margins)> {
    let found = find_version(app, actor, version_id).await?;
    let now = app.clock.now();
    // microseconds, as the databases keep it
    let at = at.and_then(|at| DateTime::from_timestamp_micros(at.timestamp_micros())).unwrap_or(now);
    if at < now {
        return Err(Error::invalid("at", "an instant that is still to come, or none for now"));
    }
    check_draft(&found.version)?;
    let (tariff, owners) = (&found.tariff, &owners(actor));
    let tariff_id = tariff.id;
    let loaded = app.rates.get(app.store.reader(), version_id).await?;
    let margins = margin::of_version(app, tariff_id, &loaded, at).await?;
    let version = app
        .store
        .write(|tx| async move {
            rows::lock(tx.conn(), owners, tariff_id).await?.ok_or(Error::NotFound)?;
            let (_, version) =
                rows::find_version(tx.conn(), owners, version_id).await?.ok_or(Error::NotFound)?;
            check_draft(&version)?;
            let effective = rows::effective_versions(tx.conn(), &[tariff_id], now).await?;
            let before = effective.get(&tariff_id).map(|(id, _)| *id);
            let change = (
                json!({ "version": before, "activeFrom": null }),
                json!({ "version": version.id, "number": version.number, "activeFrom": at }),
            );
            record(&tx, actor, "activateTariffVersion", tariff, change, now).await?;
            rows::update_version(tx.conn(), tariff_version::Model { active_from: Some(at), ..version }).await
        })
        .await?;
    let state = if at > now { VersionState::Scheduled } else { VersionState::Active };
    Ok((Version { version, state, ..found }, margins))
}

fn check_draft(version: &tariff_version::Model) -> Result<()> {
    let refuse = |message: String| Err(Error::user(ErrorCode::IllegalState, message));
    match version.active_from {
        Some(from) => {
            refuse(format!("version {} was activated from {from} on: activate a copy of it", version.number))
        }
        None if version.rate_count == 0 => {
            refuse("a version without rates would refuse every call".to_owned())
        }
        None => Ok(()),
    }
}

/// What an assigned tariff is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// What the account pays its parent by.
    Cost,
    /// What a callshop's customers pay by; without one the cost tariff.
    Retail,
}

/// Gives a child the tariff that it, or a callshop's customers, pay by; `None` takes it away. Prices below cost are told of.
///
/// # Errors
/// `CURRENCY_MISMATCH`; `INVALID_INPUT` for RETAIL on what is no callshop and for a tariff of neither the parent nor the platform; not
/// found; forbidden for anyone but the parent.
pub async fn assign(
    app: &App,
    actor: &Actor,
    account_id: Uuid,
    tariff_id: Option<Uuid>,
    kind: Assignment,
) -> Result<(account::Model, Margins)> {
    let owners = &owners(actor);
    let account = app
        .store
        .write(|tx| async move {
            let mut account = access::child(tx.conn(), actor, account_id, Right::ManageTariffs).await?;
            if kind == Assignment::Retail && account.kind != AccountKind::Callshop {
                return Err(Error::invalid("kind", "only a callshop has customers with prices of their own"));
            }
            if let Some(id) = tariff_id {
                let tariff = rows::find(tx.conn(), owners, id).await?.ok_or(Error::NotFound)?;
                check_assignable(actor, &account, &tariff)?;
            }
            let (name, assigned) = match kind {
                Assignment::Cost => ("costTariff", &mut account.cost_tariff_id),
                Assignment::Retail => ("retailTariff", &mut account.retail_tariff_id),
            };
            let before = std::mem::replace(assigned, tariff_id);
            let change = Change {
                account_id,
                action: "assignTariff",
                object: (object(&account), account_id),
                before: json!({ name: before }),
                after: json!({ name: tariff_id }),
            };
            audit::record(&tx, actor, app.clock.now(), change).await?;
            accounts::update(tx.conn(), account).await
        })
        .await?;
    let margins = margin::of_callshop(app, &account, app.clock.now()).await?;
    Ok((account, margins))
}

fn check_assignable(actor: &Actor, account: &account::Model, tariff: &tariff::Model) -> Result<()> {
    let platforms = actor.role == Role::Admin && tariff.account_id == actor.account_id;
    if account.parent_id != Some(tariff.account_id) && !platforms {
        return Err(Error::invalid(
            "tariffId",
            "the tariff must be the platform's or the account's parent's",
        ));
    }
    if tariff.currency != account.currency {
        let message = format!("the account uses {}, the tariff {}", account.currency, tariff.currency);
        return Err(Error::field(ErrorCode::CurrencyMismatch, "tariffId", message));
    }
    Ok(())
}

/// What a prefix is blocked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockOn {
    /// For everyone whose calls are charged by this tariff.
    Tariff(Uuid),
    /// For one callshop.
    Callshop(Uuid),
}

/// A tariff or callshop whose blocked prefixes changed.
#[derive(Clone, Debug)]
pub enum Blocked {
    /// The tariff as it is now.
    Tariff(Box<tariff::Model>),
    /// The callshop as it is now.
    Callshop(Box<Shop>),
}

/// Blocks or frees the numbers that begin with `prefix`, from the next call on. Doing it again changes nothing.
///
/// # Errors
/// `INVALID_INPUT` for what is no prefix and for one too many; not found; forbidden for anyone but a callshop's parent.
pub async fn set_blocked(
    app: &App,
    actor: &Actor,
    on: BlockOn,
    prefix: &str,
    blocked: bool,
) -> Result<Blocked> {
    actor.require(Right::ManageTariffs)?;
    check_prefix(prefix).map_err(|error| Error::invalid("prefix", error.message))?;
    let (owners, now) = (&owners(actor), app.clock.now());
    let action = if blocked { "blockDestination" } else { "unblockDestination" };
    app.store
        .write(|tx| async move {
            let conn = tx.conn();
            match on {
                BlockOn::Tariff(id) => {
                    let mut tariff = rows::lock(conn, owners, id).await?.ok_or(Error::NotFound)?;
                    let change = change_list(&mut tariff.blocked_prefixes, prefix, blocked)?;
                    record(&tx, actor, action, &tariff, change, now).await?;
                    Ok(Blocked::Tariff(Box::new(rows::update(conn, tariff).await?)))
                }
                BlockOn::Callshop(id) => {
                    let account = access::child(conn, actor, id, Right::ManageTariffs).await?;
                    let mut settings = accounts::lock_callshop(conn, id).await?.ok_or(Error::NotFound)?;
                    let (before, after) = change_list(&mut settings.blocked_prefixes, prefix, blocked)?;
                    let change = Change { account_id: id, action, object: ("Callshop", id), before, after };
                    audit::record(&tx, actor, now, change).await?;
                    let settings = accounts::update_callshop(conn, settings).await?;
                    Ok(Blocked::Callshop(Box::new(Shop { account, settings })))
                }
            }
        })
        .await
}

/// Answers whether the prefix was blocked before, and is now.
fn change_list(list: &mut Value, prefix: &str, blocked: bool) -> Result<(Value, Value)> {
    let mut prefixes: std::collections::BTreeSet<String> =
        serde_json::from_value(list.take()).map_err(Error::fault)?;
    let before = prefixes.contains(prefix);
    if blocked {
        prefixes.insert(prefix.to_owned());
    } else {
        prefixes.remove(prefix);
    }
    if prefixes.len() > MAX_BLOCKED {
        return Err(Error::invalid(
            "prefix",
            format!("at most {MAX_BLOCKED} prefixes are blocked: block shorter ones"),
        ));
    }
    *list = serde_json::to_value(prefixes).map_err(Error::fault)?;
    Ok((json!({ "prefix": prefix, "blocked": before }), json!({ "prefix": prefix, "blocked": blocked })))
}

async fn owned(app: &App, actor: &Actor, id: Uuid) -> Result<tariff::Model> {
    actor.require(Right::ManageTariffs)?;
    rows::find(app.store.reader(), &owners(actor), id).await?.ok_or(Error::NotFound)
}

/// A tariff of the actor's account; for the platform's admins any.
///
/// # Errors
/// Not found, forbidden.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<tariff::Model> {
    owned(app, actor, id).await
}

/// The tariffs of the actor's account, oldest first; for the platform's admins all.
///
/// # Errors
/// Forbidden in callshops.
pub async fn list(app: &App, actor: &Actor, page: Page) -> Result<Vec<tariff::Model>> {
    actor.require(Right::ManageTariffs)?;
    rows::list(app.store.reader(), &owners(actor), page).await
}

/// A version of a tariff that the actor may manage.
///
/// # Errors
/// Not found, forbidden.
pub async fn find_version(app: &App, actor: &Actor, id: Uuid) -> Result<Version> {
    actor.require(Right::ManageTariffs)?;
    let (tariff, version) =
        rows::find_version(app.store.reader(), &owners(actor), id).await?.ok_or(Error::NotFound)?;
    let versions = with_states(app, Arc::new(tariff), vec![version]).await?;
    versions.into_iter().next().ok_or_else(|| Error::fault("a version was lost"))
}

/// The versions of a tariff, oldest first.
///
/// # Errors
/// Not found, forbidden.
pub async fn versions(app: &App, actor: &Actor, tariff_id: Uuid, page: Page) -> Result<Vec<Version>> {
    let tariff = owned(app, actor, tariff_id).await?;
    let versions = rows::list_versions(app.store.reader(), tariff.id, page).await?;
    with_states(app, Arc::new(tariff), versions).await
}

/// The version in force, if there is one.
///
/// # Errors
/// Not found, forbidden.
pub async fn active_version(app: &App, actor: &Actor, tariff_id: Uuid) -> Result<Option<Version>> {
    let tariff = owned(app, actor, tariff_id).await?;
    let effective = rows::effective_versions(app.store.reader(), &[tariff.id], app.clock.now()).await?;
    match effective.get(&tariff.id) {
        Some((id, _)) => find_version(app, actor, *id).await.map(Some),
        None => Ok(None),
    }
}

async fn with_states(
    app: &App,
    tariff: Arc<tariff::Model>,
    versions: Vec<tariff_version::Model>,
) -> Result<Vec<Version>> {
    let now = app.clock.now();
    let effective = rows::effective_versions(app.store.reader(), &[tariff.id], now).await?;
    let effective = effective.get(&tariff.id).map(|(id, _)| *id);
    let version =
        |version| Version { state: state(&version, effective, now), tariff: tariff.clone(), version };
    Ok(versions.into_iter().map(version).collect())
}

/// A page of a version's rates, in the order of their prefixes.
///
/// # Errors
/// Not found, forbidden.
pub async fn version_rates(
    app: &App,
    actor: &Actor,
    version_id: Uuid,
    search: &RateSearch,
    page: RatePage,
) -> Result<Vec<Rate>> {
    let found = find_version(app, actor, version_id).await?;
    let rows = rows::rates(app.store.reader(), found.version.id, search, page).await?;
    rows.into_iter().map(rates::from_row).collect()
}

/// A version as the CSV that [`import`] reads; band prices have no columns there.
///
/// # Errors
/// Not found, forbidden.
pub async fn export_csv(app: &App, actor: &Actor, version_id: Uuid) -> Result<String> {
    let found = find_version(app, actor, version_id).await?;
    let _permit = deck_permit()?;
    let rates = rates::read_all(app.store.reader(), found.version.id).await?;
    spawn_blocking(move || write_deck(&rates)).await.map_err(Error::fault)
}
