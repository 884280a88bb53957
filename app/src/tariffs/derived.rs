//! Derived tariffs: a tariff whose prices follow another tariff of the same account, or the prices that the account itself pays.
//!
//! A derivation is a rule ([`DerivationRule`]) and a source. [`super::following`] derives a version from each version of the source that is in force
//! or scheduled.

use std::collections::HashMap;

use billing::derived::{DerivationRule, RuleError};
use chrono::{DateTime, Utc};
use entity::{AccountKind, account, tariff, tariff_derivation};
use serde::Deserialize as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::activation::check_open;
use super::imports::Failure;
use super::{owned, owners, record};
use crate::accounts::clean_name;
use crate::auth::Actor;
use crate::rates::Terms;
use crate::{App, access, idempotency};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{Tx, accounts, tariff_derivations as rows, tariffs};

/// Maximum number of derivations in a chain, in which each tariff is derived from the next. The tariff at the end of a chain is not derived.
pub const MAX_CHAIN: usize = 5;
/// Maximum number of an account's derived tariffs.
pub const MAX_DERIVED: u64 = 200;

/// The tariff to derive.
#[derive(Clone, Debug)]
pub enum Target {
    /// A tariff that exists.
    Tariff(Uuid),
    /// A new tariff with this name, which gets the owner, currency and terms of its source.
    New(String),
}

/// The source of a derived tariff's prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Another tariff of the account.
    Tariff(Uuid),
    /// The prices that the account pays its parent. The prices change when the parent assigns another tariff.
    OwnCost,
}

/// A derivation to create or change.
#[derive(Clone, Debug)]
pub struct Derive {
    /// The tariff to derive.
    pub target: Target,
    /// The source.
    pub source: Source,
    /// How prices are derived.
    pub rule: DerivationRule,
    /// Whether derived versions take effect with their source; otherwise, they stay drafts.
    pub automatic: bool,
}

/// A tariff's derivation.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// The row.
    pub row: tariff_derivation::Model,
    /// How prices are derived.
    pub rule: DerivationRule,
    /// Why the tariff does not follow its source; `None` if it does.
    pub problem: Option<Failure>,
}

impl Derivation {
    fn of(row: tariff_derivation::Model) -> Result<Self> {
        let rule = DerivationRule::deserialize(&row.rule).or_fault()?;
        let problem = row.problem.as_ref().map(Failure::deserialize).transpose().or_fault()?;
        Ok(Self { row, rule, problem })
    }

    /// Whether the prices follow the prices that the tariff's owner pays.
    pub fn is_own_cost(&self) -> bool {
        self.row.source_tariff_id.is_none()
    }
}

/// Derives a tariff from a source, or changes the rule or the source of a derived tariff. The versions are derived soon afterward by
/// [`super::following`]. If nothing changes, nothing is derived again.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the rule is out of range, if the source is the tariff itself or is derived from it, or if a chain would be longer
/// than [`MAX_CHAIN`]. Fails with `CURRENCY_MISMATCH` if the source has another currency, and with `ILLEGAL_STATE` for an archived tariff, for an
/// account without a cost tariff, or if the account already has [`MAX_DERIVED`] derived tariffs. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn derive(app: &App, actor: &Actor, derive: Derive) -> Result<tariff::Model> {
    let act = derive_now(app, actor, derive);
    idempotency::repeatable(app, actor, act, |id| super::find(app, actor, id)).await
}

async fn derive_now(app: &App, actor: &Actor, derive: Derive) -> Result<tariff::Model> {
    check_rule(&derive.rule)?;
    let tariff = target(app, actor, &derive).await?;
    let (rule, now) = (&serde_json::to_value(derive.rule).or_fault()?, app.clock.now());
    let (derive, tariff) = (&derive, &tariff);
    let done = app
        .write_as(actor, |tx| async move {
            let conn = tx.conn();
            // without this lock, two concurrent derivations in one account could form a circle
            let scope = store::Scope::subtree(&tariff.owner.path);
            let owner = accounts::lock(conn, &scope, tariff.owner.id).await?.ok_or(Error::NotFound)?;
            let source = source(&tx, actor, &owner, derive.source).await?;
            let row = tariff.open(&tx, actor, &source, now).await?;
            check_currency(&source, &row)?;
            let before = rows::find(conn, row.id).await?;
            let source_id = named(derive.source);
            if let Some(source_id) = source_id {
                check_chain(&tx, row.id, source_id).await?;
            }
            let after = tariff_derivation::Model {
                tariff_id: row.id,
                source_tariff_id: source_id,
                rule: rule.clone(),
                automatic: derive.automatic,
                revision: before.as_ref().map_or(0, |before| before.revision) + 1,
                followed: None,
                problem: None,
                next_at: None,
                created_at: before.as_ref().map_or(now, |before| before.created_at),
                updated_at: now,
            };
            idempotency::keep(&tx, actor, now, &row.id).await?;
            if before.as_ref().is_some_and(|before| shown(before) == shown(&after)) {
                return Ok(row);
            }
            let change = (before.as_ref().map_or(Value::Null, shown), shown(&after));
            record(&tx, actor, now, "deriveTariff", &row, change).await?;
            if before.is_some() {
                rows::update(conn, after).await?;
            } else if rows::count(conn, owner.id).await? >= MAX_DERIVED {
                let message =
                    base::message!("An account can have at most {max} derived tariffs.", max = MAX_DERIVED);
                return Err(Error::user(ErrorCode::IllegalState, message));
            } else {
                rows::insert(conn, after).await?;
            }
            Ok(row)
        })
        .await?;
    app.following.wake();
    Ok(done)
}

/// Ends the derivation of a tariff. The tariff keeps its versions. Does nothing if the tariff is not derived.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn stop(app: &App, actor: &Actor, tariff_id: Uuid) -> Result<tariff::Model> {
    owned(app, actor, tariff_id).await?;
    let owners = &owners(actor);
    app.write_as(actor, |tx| async move {
        let conn = tx.conn();
        let tariff = tariffs::lock(conn, owners, tariff_id).await?.ok_or(Error::NotFound)?;
        if let Some(before) = rows::find(conn, tariff_id).await? {
            let change = (shown(&before), Value::Null);
            record(&tx, actor, app.clock.now(), "stopDerivingTariff", &tariff, change).await?;
            rows::delete(conn, tariff_id).await?;
        }
        Ok(tariff)
    })
    .await
}

/// The derivations of these tariffs. Does not check rights, because the caller already has the tariffs.
///
/// # Errors
/// Fails with a fault if a stored rule does not parse. May also fail with database errors.
pub async fn of_tariffs(app: &App, ids: &[Uuid]) -> Result<HashMap<Uuid, Derivation>> {
    let found = rows::find_all(app.store.reader(), ids).await?;
    found.into_iter().map(|row| Ok((row.tariff_id, Derivation::of(row)?))).collect()
}

/// The tariff that a derivation follows now; `None` if the derivation follows the owner's cost tariff, but the owner has none. Does not check rights.
///
/// # Errors
/// May fail with database errors.
pub async fn source_of(app: &App, derivation: &Derivation) -> Result<Option<Uuid>> {
    let found = rows::followed(app.store.reader(), derivation.row.tariff_id).await?;
    Ok(found.and_then(|found| found.source_id))
}

/// The first time at which the source has, or will have, prices that the derived tariff does not follow; `None` if a derived version takes effect
/// with each version of the source. Does not check rights, because the caller already has the tariff.
///
/// # Errors
/// May fail with database errors.
pub async fn source_starts_first(app: &App, derivation: &Derivation) -> Result<Option<DateTime<Utc>>> {
    let (conn, now, row) = (app.store.reader(), app.clock.now(), &derivation.row);
    let Some(source) = source_of(app, derivation).await? else { return Ok(None) };
    let planned = rows::planned(conn, &[source], now).await?;
    for version in planned.get(&source).into_iter().flatten() {
        let at = version.active_from.max(now);
        let ours = rows::latest(conn, row.tariff_id, at).await?;
        if ours.and_then(|ours| ours.source_version_id) != Some(version.id) {
            return Ok(Some(version.active_from));
        }
    }
    Ok(None)
}

fn check_rule(rule: &DerivationRule) -> Result<()> {
    rule.validate().map_err(|error| match error {
        RuleError::Percent => Error::invalid("percent", "`percent` must be between -100 and 10000."),
        RuleError::Addition => Error::invalid("addition", "`addition` is out of range."),
        RuleError::MinimumMargin => Error::invalid(
            "minimumMargin",
            "`minimumMargin` must not be negative or above the highest price.",
        ),
        RuleError::PriceEnding => {
            let message = "`priceEnding` must be above 0 and below 1000, such as 0.09. To round prices up to cents, use `priceStep`.";
            Error::invalid("priceEnding", message)
        }
        RuleError::PriceStep => {
            Error::invalid("priceStep", "`priceStep` must be above 0 and below 1000, such as 0.01.")
        }
        RuleError::EndingAndStep => Error::invalid("priceStep", "Give either `priceEnding` or `priceStep`."),
    })
}

fn named(source: Source) -> Option<Uuid> {
    match source {
        Source::Tariff(id) => Some(id),
        Source::OwnCost => None,
    }
}

/// The derivation's fields that the audit log records.
fn shown(row: &tariff_derivation::Model) -> Value {
    json!({ "source": row.source_tariff_id, "rule": row.rule, "automatic": row.automatic })
}

/// The tariff to derive, with its owner.
struct Chosen {
    owner: account::Model,
    tariff: Option<tariff::Model>,
    /// The name of a new tariff.
    name: String,
}

/// The tariff to derive. A new tariff belongs to the source's owner, or to the actor's account if the source is that account's cost tariff.
async fn target(app: &App, actor: &Actor, derive: &Derive) -> Result<Chosen> {
    let conn = app.store.reader();
    let (tariff, name, owner_id) = match (&derive.target, derive.source) {
        (Target::Tariff(id), _) => {
            let tariff = owned(app, actor, *id).await?;
            let owner_id = tariff.account_id;
            (Some(tariff), String::new(), owner_id)
        }
        (Target::New(name), Source::Tariff(id)) => {
            (None, clean_name("name", name)?, owned(app, actor, id).await?.account_id)
        }
        (Target::New(name), Source::OwnCost) => {
            actor.require(crate::auth::Right::ManageTariffs)?;
            if !actor.has_own_account() {
                return Err(Error::Forbidden);
            }
            (None, clean_name("name", name)?, actor.account_id)
        }
    };
    Ok(Chosen { owner: access::by_id(conn, owner_id).await?, tariff, name })
}

impl Chosen {
    /// Locks the tariff, or creates the new tariff.
    async fn open(
        &self,
        tx: &Tx,
        actor: &Actor,
        source: &tariff::Model,
        now: DateTime<Utc>,
    ) -> Result<tariff::Model> {
        let conn = tx.conn();
        if let Some(tariff) = &self.tariff {
            let row = tariffs::lock(conn, &owners(actor), tariff.id).await?.ok_or(Error::NotFound)?;
            check_open(&row)?;
            return Ok(row);
        }
        let current = tariffs::current_versions(conn, &[source.id], now).await?.into_iter().next();
        let terms = match &current {
            Some(version) => Terms::of(version)?,
            None => Terms::first(source)?,
        };
        let first = serde_json::to_value(&terms).or_fault()?;
        let (id, name) = (Uuid::now_v7(), self.name.clone());
        let row = tariff::Model::new(id, self.owner.id, name, source.currency.clone(), first, now);
        tariffs::insert(conn, row.clone()).await?;
        record(tx, actor, now, "createTariff", &row, (Value::Null, super::shown(&row, &terms))).await?;
        Ok(row)
    }
}

/// The source, if the owner of the derived tariff may read it.
async fn source(tx: &Tx, actor: &Actor, owner: &account::Model, source: Source) -> Result<tariff::Model> {
    let conn = tx.conn();
    match source {
        Source::Tariff(id) => {
            let found = tariffs::find(conn, &owners(actor), id).await?;
            let unknown = || Error::invalid("source.tariffId", "The owner of the tariff has no such tariff.");
            found.filter(|found| found.account_id == owner.id).ok_or_else(unknown)
        }
        Source::OwnCost => {
            if owner.kind == AccountKind::Platform {
                let message = "The platform pays nobody, so it has no cost. Give `source.tariffId`.";
                return Err(Error::invalid("source.ownCost", message));
            }
            let assigned = match owner.cost_tariff_id {
                Some(id) => tariffs::by_id(conn, id).await?,
                None => None,
            };
            assigned.ok_or_else(no_cost)
        }
    }
}

/// The error for an account that has no cost tariff.
pub(super) fn no_cost() -> Error {
    let message = "The account has no cost tariff. Its parent assigns one with `assignTariff`.";
    Error::user(ErrorCode::IllegalState, message)
}

/// Fails unless the derived tariff has the currency of its source.
pub(super) fn check_currency(source: &tariff::Model, derived: &tariff::Model) -> Result<()> {
    if source.currency == derived.currency {
        return Ok(());
    }
    let message = base::message!(
        "The source has prices in {source}, and the tariff in {derived}. Derive a tariff in the currency of its source.",
        source = source.currency,
        derived = derived.currency
    );
    Err(Error::field(ErrorCode::CurrencyMismatch, "source", message))
}

/// Checks that the source is not derived from the tariff, and that no chain of derivations becomes too long. The calling function must have locked
/// the account that owns the tariff.
async fn check_chain(tx: &Tx, tariff_id: Uuid, source_id: Uuid) -> Result<()> {
    let conn = tx.conn();
    let (mut above, mut next) = (1, Some(source_id));
    while let Some(id) = next {
        if id == tariff_id {
            let message = "The source is the tariff itself or is derived from it. Choose another source.";
            return Err(Error::invalid("source.tariffId", message));
        }
        let derivation = rows::find(conn, id).await?;
        above += usize::from(derivation.is_some());
        if above > MAX_CHAIN {
            return Err(too_long());
        }
        next = derivation.and_then(|derivation| derivation.source_tariff_id);
    }
    let mut level = vec![tariff_id];
    for below in 0.. {
        let derived = rows::of_sources(conn, &level).await?;
        if derived.is_empty() {
            return Ok(());
        }
        if above + below + 1 > MAX_CHAIN {
            return Err(too_long());
        }
        level = derived.into_iter().map(|row| row.tariff_id).collect();
    }
    Ok(())
}

fn too_long() -> Error {
    let message = base::message!(
        "A chain can have at most {max} derived tariffs. Choose a source nearer to the first tariff.",
        max = MAX_CHAIN
    );
    Error::invalid("source.tariffId", message)
}
