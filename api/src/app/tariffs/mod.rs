//! Tariffs: making them, their versions, who pays by them, what they block.
//!
//! A version never changes once it is there. An import, an edit or the copy of an earlier version makes a new draft, and a draft that
//! is activated counts from an instant on: states follow from `active_from` alone.

mod activation;
mod assignment;
mod drafts;

use std::collections::HashMap;
use std::sync::Arc;

use billing::deck::write_deck;
use billing::money::Rounding;
use billing::tariff::{Rate, TimeBand};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{AccountKind, Role, account, tariff, tariff_version};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use uuid::Uuid;

pub use activation::{Activated, activate};
pub use assignment::{Assignment, BlockOn, Blocked, MAX_BLOCKED, assign, set_blocked};
pub use drafts::{
    Changes, Edit, Import, ImportMode, MAX_DECK_BYTES, MAX_EDITS, MAX_PROBLEMS, Outcome, Progress,
    copy_version, delete_rates, import, upsert_rates,
};

use drafts::deck_permit;

use super::accounts::clean_name;
use super::audit::{self, Change};
use super::{App, access, rates};
use crate::app::rates::RateSearch;
use crate::auth::{Actor, Right};
use crate::error::{Error, ErrorCode, Result};
use crate::store::tariffs::{self as rows, Owners, RatePage};
use crate::store::{Page, Tx};

/// Holidays of a tariff.
pub const MAX_HOLIDAYS: usize = 1_000;

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
    app.write_as(actor, |tx| async move {
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

/// The tariffs of these ids that the actor may manage.
///
/// # Errors
/// Database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<tariff::Model>> {
    if !actor.may(Right::ManageTariffs) {
        return Ok(Vec::new());
    }
    rows::find_all(app.store.reader(), &owners(actor), ids).await
}

/// The versions of these ids of tariffs that the actor may manage.
///
/// # Errors
/// Database errors.
pub async fn find_versions(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<Version>> {
    if !actor.may(Right::ManageTariffs) {
        return Ok(Vec::new());
    }
    let (conn, now) = (app.store.reader(), app.clock.now());
    let (tariffs, versions) = rows::find_versions(conn, &owners(actor), ids).await?;
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
    app.rates.search(app.store.reader(), found.version.id, search, page).await
}

/// A version as the CSV that [`import`] reads.
///
/// # Errors
/// Not found, forbidden.
pub async fn export_csv(app: &App, actor: &Actor, version_id: Uuid) -> Result<String> {
    let found = find_version(app, actor, version_id).await?;
    let _permit = deck_permit()?;
    let rates = rates::read_all(app.store.reader(), found.version.id).await?;
    spawn_blocking(move || write_deck(&rates)).await.map_err(Error::fault)
}
