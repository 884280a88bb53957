//! Creates tariffs, and manages their versions, assignments and blocked prefixes.
//!
//! A stored tariff version never changes. An import, an edit or a copy of an earlier version creates a new draft. Activation sets `active_from`,
//! the time from which a draft is in force. A version's state is derived from `active_from`.

mod activation;
mod assignment;
mod by_date;
mod comparison;
pub mod derived;
mod draft_writer;
mod drafts;
mod files;
pub mod following;
mod impact;
pub mod imports;
mod kept;
mod lifecycle;
pub mod mappings;
mod reading;
mod terms;
mod updating;
pub mod warming;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use billing::deck::write_deck;
use billing::money::Rounding;
use billing::tariff::{Rate, TimeBand};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{AccountKind, Role, account, tariff, tariff_version};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use uuid::Uuid;

pub use activation::{Activated, activate};
pub use assignment::{Assignment, BlockOn, Blocked, MAX_BLOCKED, assign, set_blocked};
pub use comparison::{Comparison, RateChange, changes_of, compare};
pub use drafts::{
    Edit, Import, ImportMode, MAX_DECK_BYTES, MAX_EDITS, MAX_PROBLEMS, Outcome, Progress, copy_version,
    delete_rates, import, upsert_rates,
};

pub use impact::{Impact, impact_of_draft, impact_of_version, margins_of_version};
pub use lifecycle::{archive, cancel, discard, revert};
pub use reading::{is_bought, readable, readable_version};
pub use terms::Term;
pub use updating::{TariffUpdate, update};

use drafts::deck_permit;

use super::accounts::clean_name;
use super::audited::record;
use super::{App, access, idempotency, rates};
use crate::auth::{Actor, Right};
use crate::rates::{RateSearch, Terms};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::tariffs::{self as rows, Owners, RatePage};
use store::{Listed, Page};

/// Maximum number of holidays per tariff.
pub const MAX_HOLIDAYS: usize = 1_000;

/// Longest time that a request waits for its turn. Most changes and comparisons of tariffs take less time than this.
const PERMIT_WITHIN: Duration = Duration::from_secs(3);

/// State of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// The version is not activated, so no call uses it.
    Draft,
    /// The version is activated for a later time.
    Scheduled,
    /// In force.
    Active,
    /// A later version has replaced this version.
    Retired,
}

/// A version with its tariff and state.
#[derive(Clone, Debug)]
pub struct Version {
    /// The tariff.
    pub tariff: Arc<tariff::Model>,
    /// The version.
    pub version: tariff_version::Model,
    /// The version's state at the time of reading.
    pub state: VersionState,
}

/// Derives a version's state at `now`. `effective` is the tariff's version that is in force at `now`.
pub fn state(version: &tariff_version::Model, effective: Option<Uuid>, now: DateTime<Utc>) -> VersionState {
    match version.active_from {
        None => VersionState::Draft,
        Some(from) if from > now => VersionState::Scheduled,
        Some(_) if effective == Some(version.id) => VersionState::Active,
        Some(_) => VersionState::Retired,
    }
}

/// Input for a new tariff.
#[derive(Clone, Debug)]
pub struct NewTariff {
    /// The account that owns the tariff; `None` means the actor's account. Only the platform's admins can name a different account.
    pub account_id: Option<Uuid>,
    /// Display name.
    pub name: String,
    /// ISO 4217 code; `None` means the owner's currency. Only the platform can have tariffs in several currencies.
    pub currency: Option<String>,
    /// Rounding of charges. Rounding, time zone, bands and holidays apply to the first version.
    pub rounding: Rounding,
    /// IANA time zone of the bands and holidays; `None` means the owner's time zone.
    pub time_zone: Option<String>,
    /// Time bands. The first band that matches applies.
    pub bands: Vec<TimeBand>,
    /// Holidays, as dates in the tariff's time zone.
    pub holidays: Vec<NaiveDate>,
}

/// The owners whose tariffs the actor may manage: the actor's account or, for the platform's admins, all accounts of the subtree.
fn owners(actor: &Actor) -> Owners {
    match actor.role {
        Role::Admin => Owners::Subtree(actor.scope()),
        // a token that is limited to a lower account may read no tariffs: the token's limit excludes the tariffs of its creator's account, and the
        // creator may read no other tariffs
        _ if !actor.has_own_account() => Owners::Nobody,
        _ => Owners::One(actor.account_id),
    }
}

/// Creates a tariff without a version.
///
/// # Errors
/// Fails with `INVALID_INPUT`, `CURRENCY_MISMATCH`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn create(app: &App, actor: &Actor, new: NewTariff) -> Result<tariff::Model> {
    idempotency::repeatable(app, actor, create_new(app, actor, new), |id| find(app, actor, id)).await
}

async fn create_new(app: &App, actor: &Actor, new: NewTariff) -> Result<tariff::Model> {
    actor.require(Right::ManageTariffs)?;
    let owner_id = new.account_id.unwrap_or(actor.account_id);
    let owner = access::account(app.store.reader(), actor, owner_id, Right::ManageTariffs).await?;
    if owner.id != actor.account_id && actor.role != Role::Admin {
        return Err(Error::Forbidden);
    }
    let tariff = build(app, &owner, new)?;
    let row = &tariff;
    app.write_as(actor, |tx| async move {
        rows::insert(tx.conn(), row.clone()).await?;
        let after = shown(row, &Terms::first(row)?);
        record(&tx, actor, row.created_at, "createTariff", row, (Value::Null, after)).await?;
        idempotency::keep(&tx, actor, row.created_at, &row.id).await
    })
    .await?;
    Ok(tariff)
}

/// The tariff's fields that the audit log records. There can be many bands and holidays, so the audit log records only their number.
fn shown(tariff: &tariff::Model, terms: &Terms) -> Value {
    json!({
        "name": tariff.name,
        "currency": tariff.currency,
        "roundingDecimals": terms.rounding.decimals,
        "roundingMode": entity::RoundingMode::from(terms.rounding.mode).as_str(),
        "timeZone": terms.time_zone.name(),
        "bands": terms.bands.len(),
        "holidays": terms.holidays.len(),
    })
}

fn build(app: &App, owner: &account::Model, new: NewTariff) -> Result<tariff::Model> {
    if owner.kind == AccountKind::Callshop {
        return Err(Error::invalid("accountId", "A callshop cannot own tariffs; its parent assigns them."));
    }
    let currency = new.currency.unwrap_or_else(|| owner.currency.clone());
    if owner.kind != AccountKind::Platform && currency != owner.currency {
        return Err(Error::field(
            ErrorCode::CurrencyMismatch,
            "currency",
            base::message!(
                "`currency` must be {currency}, the currency of the owner.",
                currency = owner.currency
            ),
        ));
    }
    let currency = billing::money::Currency::parse(&currency)
        .map_err(|error| Error::invalid("currency", error.to_string()))?;
    let time_zone = new.time_zone.unwrap_or_else(|| owner.time_zone.clone());
    let time_zone = parse_time_zone(&time_zone)?;
    TimeBand::validate_all(&new.bands).map_err(|error| Error::invalid("bands", error.message))?;
    check_holidays(&new.holidays)?;
    let holidays = new.holidays.into_iter().collect();
    let terms = Terms { rounding: new.rounding, time_zone, bands: new.bands, holidays };
    let (name, terms) = (clean_name("name", &new.name)?, serde_json::to_value(&terms).or_fault()?);
    let (id, currency) = (Uuid::now_v7(), currency.to_string());
    Ok(tariff::Model::new(id, owner.id, name, currency, terms, app.clock.now()))
}

fn parse_time_zone(name: &str) -> Result<chrono_tz::Tz> {
    name.parse().map_err(|_| {
        Error::invalid("timeZone", "`timeZone` must be an IANA time zone, such as Europe/Lisbon.")
    })
}

fn check_holidays(holidays: &[NaiveDate]) -> Result<()> {
    if holidays.len() > MAX_HOLIDAYS {
        return Err(Error::invalid(
            "holidays",
            base::message!("`holidays` can have at most {max} dates.", max = MAX_HOLIDAYS),
        ));
    }
    Ok(())
}

/// Waits briefly for a turn to use many rates or calls.
///
/// # Errors
/// Fails with `OVERLOADED` and this reason if no turn comes within [`PERMIT_WITHIN`].
async fn permit(turns: &'static Semaphore, reason: &'static str) -> Result<SemaphorePermit<'static>> {
    match timeout(PERMIT_WITHIN, turns.acquire()).await {
        Ok(permit) => permit.or_fault(),
        Err(_) => Err(Error::Overloaded(reason)),
    }
}

async fn owned(app: &App, actor: &Actor, id: Uuid) -> Result<tariff::Model> {
    actor.require(Right::ManageTariffs)?;
    rows::find(app.store.reader(), &owners(actor), id).await?.ok_or(Error::NotFound)
}

/// Finds a tariff that the actor may manage: a tariff of the actor's account or, for the platform's admins, any tariff.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<tariff::Model> {
    owned(app, actor, id).await
}

/// Finds the tariffs with these ids that the actor may manage.
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<tariff::Model>> {
    if !actor.may(Right::ManageTariffs) {
        return Ok(Vec::new());
    }
    rows::find_all(app.store.reader(), &owners(actor), ids).await
}

/// The terms shown for each of these tariffs. The terms come from the version in force or, if no version is in force, from the newest version.
/// Tariffs without versions are omitted; their terms are [`Terms::first`]. Does not check rights, because the caller already has the tariffs.
///
/// # Errors
/// May fail with database errors.
pub async fn current_terms(app: &App, ids: &[Uuid]) -> Result<HashMap<Uuid, Terms>> {
    let versions = rows::current_versions(app.store.reader(), ids, app.clock.now()).await?;
    versions.iter().map(|version| Ok((version.tariff_id, Terms::of(version)?))).collect()
}

/// Finds the versions with these ids whose tariffs the actor may manage.
///
/// # Errors
/// May fail with database errors.
pub async fn find_versions(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<Version>> {
    if !actor.may(Right::ManageTariffs) {
        return Ok(Vec::new());
    }
    let (tariffs, versions) = rows::find_versions(app.store.reader(), &owners(actor), ids).await?;
    of_tariffs(app, tariffs, versions).await
}

/// Finds the versions with these ids, without an access check. The calling function must have checked access to the versions' tariffs.
///
/// # Errors
/// May fail with database errors.
pub async fn versions_by_ids(app: &App, ids: &[Uuid]) -> Result<Vec<Version>> {
    let (tariffs, versions) = rows::versions_by_ids(app.store.reader(), ids).await?.into_iter().unzip();
    of_tariffs(app, tariffs, versions).await
}

/// The versions whose tariffs are among `tariffs`, with their states.
async fn of_tariffs(
    app: &App,
    tariffs: Vec<tariff::Model>,
    versions: Vec<tariff_version::Model>,
) -> Result<Vec<Version>> {
    let (conn, now) = (app.store.reader(), app.clock.now());
    let tariffs: HashMap<Uuid, Arc<tariff::Model>> =
        tariffs.into_iter().map(|tariff| (tariff.id, Arc::new(tariff))).collect();
    let ids: Vec<Uuid> = tariffs.keys().copied().collect();
    let effective = rows::effective_versions(conn, &ids, now).await?;
    let version = |version: tariff_version::Model| {
        let tariff = tariffs.get(&version.tariff_id)?.clone();
        let effective = effective.get(&tariff.id).map(|(id, _)| *id);
        Some(Version { state: state(&version, effective, now), tariff, version })
    };
    Ok(versions.into_iter().filter_map(version).collect())
}

/// Lists the tariffs that the actor may manage, oldest first. Archived tariffs are included only if `archived` is true.
///
/// # Errors
/// Fails with `FORBIDDEN` for users of callshops.
pub async fn list(app: &App, actor: &Actor, archived: bool, page: Page) -> Result<Listed<tariff::Model>> {
    actor.require(Right::ManageTariffs)?;
    rows::list(app.store.reader(), &owners(actor), archived, page).await
}

/// Finds a version of a tariff that the actor may manage.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn find_version(app: &App, actor: &Actor, id: Uuid) -> Result<Version> {
    actor.require(Right::ManageTariffs)?;
    let (tariff, version) =
        rows::find_version(app.store.reader(), &owners(actor), id).await?.ok_or(Error::NotFound)?;
    let versions = with_states(app, Arc::new(tariff), vec![version]).await?;
    versions.into_iter().next().ok_or_else(|| Error::fault("the state of a version was not found"))
}

/// Lists the versions of a tariff, oldest first. For the cost tariff of the actor's account, lists only the version in force and the scheduled
/// versions.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn versions(app: &App, actor: &Actor, tariff_id: Uuid, page: Page) -> Result<Listed<Version>> {
    let (conn, tariff) = (app.store.reader(), readable(app, actor, tariff_id).await?);
    if is_bought(actor, &tariff) {
        let versions = rows::list_planned(conn, tariff.id, app.clock.now(), page).await?;
        let listed = with_states(app, Arc::new(tariff), versions.rows).await?;
        return Ok(Listed {
            total: versions.total,
            rows: listed.into_iter().map(reading::for_buyer).collect(),
        });
    }
    let versions = rows::list_versions(conn, tariff.id, page).await?;
    Ok(Listed { total: versions.total, rows: with_states(app, Arc::new(tariff), versions.rows).await? })
}

/// The tariff's version in force, if any.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn active_version(app: &App, actor: &Actor, tariff_id: Uuid) -> Result<Option<Version>> {
    let tariff = readable(app, actor, tariff_id).await?;
    let effective = rows::effective_versions(app.store.reader(), &[tariff.id], app.clock.now()).await?;
    match effective.get(&tariff.id) {
        Some((id, _)) => readable_version(app, actor, *id).await.map(Some),
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

/// Lists one page of a version's rates, sorted by prefix.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn version_rates(
    app: &App,
    actor: &Actor,
    version_id: Uuid,
    search: &RateSearch,
    page: RatePage,
) -> Result<Listed<Rate>> {
    let found = readable_version(app, actor, version_id).await?;
    app.rates.search(app.store.reader(), found.version.id, search, page).await
}

/// Exports a version as a CSV file that [`import`] can read.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn export_csv(app: &App, actor: &Actor, version_id: Uuid) -> Result<String> {
    let found = find_version(app, actor, version_id).await?;
    let _permit = deck_permit().await?;
    let rates = rates::read_all(app.store.reader(), found.version.id).await?;
    spawn_blocking(move || write_deck(&rates)).await.or_fault()
}
