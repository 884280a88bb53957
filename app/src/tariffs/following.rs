//! Keeps derived tariffs up to date with their sources.
//!
//! Each second, every node lists the sources' versions that are in force or scheduled, and compares this list with the versions that the derived
//! tariffs follow. If the lists differ, one node derives the missing versions. A derived version is written like an import, in blocks of rates
//! outside the call writer, and takes effect at the same instant as its source. If deriving fails, the failure is stored with the derivation, and the
//! node tries again later. A failed derivation does not delay the source.

use std::sync::Arc;
use std::time::Duration;

use billing::derived::DerivationRule;
use billing::tariff::Rate;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{tariff, tariff_version};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::activation::check_open;
use super::derived::{check_currency, no_cost};
use super::draft_writer::{Act, Base, Start};
use super::drafts::{drafted, wait_for_permit};
use super::imports::Failure;
use super::lifecycle::{cancel, discard};
use crate::App;
use crate::auth::Actor;
use crate::rates::{self, Terms};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::tariff_derivations::{self as rows, Followed, Planned};
use store::{accounts, tariffs};

/// Interval between checks of the sources.
const EVERY: Duration = Duration::from_secs(1);
/// Number of derivations that one query reads.
const PAGE: u64 = 500;
/// How long a node may work on one derivation. After this time, the node counts as dead, and another node may take over.
const WORKS: TimeDelta = TimeDelta::minutes(5);
/// Time until the next attempt after a problem.
const RETRY: TimeDelta = TimeDelta::seconds(30);

/// Starts this node's next check early, after a change on this node.
#[derive(Debug, Default)]
pub struct Following(Notify);

impl Following {
    /// Makes the loop check the sources immediately.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Derives versions until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.following.0.notified() => {}
            () = stop.cancelled() => return,
        }
        let looked = tokio::select! {
            looked = step(&app) => looked,
            // if a version is being written, its rates are deleted later (`crate::retention`), and another node derives the version again
            () = stop.cancelled() => return,
        };
        if let Err(error) = looked {
            tracing::warn!(%error, "failed to check the derived tariffs; the next check is in a second");
        }
    }
}

/// Derives the missing versions of all derived tariffs.
///
/// # Errors
/// May fail with database errors. A derivation that fails does not stop the others.
pub async fn step(app: &App) -> Result<()> {
    let (conn, mut after) = (app.store.reader(), None);
    loop {
        let now = app.clock.now();
        let page = rows::page(conn, after, PAGE).await?;
        let sources: Vec<Uuid> = page.iter().filter_map(|found| found.source_id).collect();
        let planned =
            if page.is_empty() { Default::default() } else { rows::planned(conn, &sources, now).await? };
        for found in &page {
            let plan = found.source_id.and_then(|id| planned.get(&id)).map_or(&[][..], Vec::as_slice);
            look_at(app, found, plan, now).await?;
        }
        match page.last() {
            Some(last) if page.len() as u64 == PAGE => after = Some(last.derivation.tariff_id),
            _ => return Ok(()),
        }
    }
}

/// Derives the missing versions of one tariff, unless another node is working on the same derivation.
async fn look_at(app: &App, found: &Followed, plan: &[Planned], now: DateTime<Utc>) -> Result<()> {
    let (row, key) = (&found.derivation, plan_key(plan));
    let is_waiting = row.next_at.is_some_and(|at| at > now);
    let is_done = row.problem.is_none() && row.followed.as_ref() == Some(&key);
    if is_waiting || (is_done && found.source_id.is_some()) {
        return Ok(());
    }
    let taken = app.store.write(|tx| async move { rows::take(tx.conn(), row, now, now + WORKS).await });
    if !taken.await? {
        return Ok(());
    }
    let (followed, problem) = match Box::pin(follow(app, found, plan)).await {
        Ok(()) => (Some(&key), None),
        Err(error) => (None, Some(told(error))),
    };
    let next_at = problem.is_some().then(|| app.clock.now() + RETRY);
    let problem = &problem.map(serde_json::to_value).transpose().or_fault()?;
    let end = app.store.write(|tx| async move {
        rows::end(tx.conn(), row, followed.cloned(), problem.clone(), next_at).await
    });
    end.await
}

/// The versions of a plan, as they are stored.
fn plan_key(plan: &[Planned]) -> Value {
    plan.iter().map(|version| json!([version.id, version.active_from.timestamp_micros()])).collect()
}

/// The reason why a tariff could not follow its source, worded for the tariff's owner.
fn told(error: Error) -> Failure {
    match error {
        Error::User(error) => Failure::new(error.code, error.message),
        error => {
            tracing::error!(%error, "a tariff could not be derived");
            let message = "The server could not derive the tariff. It tries again in a moment.";
            Failure::new(ErrorCode::TryLater, message)
        }
    }
}

async fn follow(app: &App, found: &Followed, plan: &[Planned]) -> Result<()> {
    let conn = app.store.reader();
    let row = &found.derivation;
    let tariff = tariffs::by_id(conn, row.tariff_id).await?.ok_or(Error::NotFound)?;
    check_open(&tariff)?;
    let source = tariffs::by_id(conn, found.source_id.ok_or_else(no_cost)?).await?.ok_or(Error::NotFound)?;
    check_currency(&source, &tariff)?;
    let platform = accounts::platform(conn).await?.ok_or_else(|| Error::fault("there is no platform"))?;
    let follower = Follower {
        app,
        actor: Actor::operator(&platform),
        source,
        tariff,
        rule: DerivationRule::deserialize(&row.rule).or_fault()?,
        revision: row.revision,
        automatic: row.automatic,
    };
    follower.withdraw(plan).await?;
    for version in plan {
        if !follower.follows(version).await? {
            follower.derive(version).await?;
        }
    }
    Ok(())
}

/// A derived tariff whose versions are being derived.
struct Follower<'a> {
    app: &'a App,
    /// The server itself.
    actor: Actor,
    source: tariff::Model,
    tariff: tariff::Model,
    rule: DerivationRule,
    revision: i32,
    automatic: bool,
}

impl Follower<'_> {
    /// Whether `ours` was derived from the version `source` with the current rule.
    fn is_of(&self, ours: &tariff_version::Model, source: Uuid) -> bool {
        ours.source_version_id == Some(source) && ours.source_revision == Some(self.revision)
    }

    /// Cancels and discards derived versions that no longer follow a version of the source, because the source's schedule or the rule changed. A
    /// draft is kept if a person has made another version from it.
    async fn withdraw(&self, plan: &[Planned]) -> Result<()> {
        let pending = rows::pending(self.app.store.reader(), self.tariff.id, self.app.clock.now()).await?;
        for ours in pending {
            let same = |source: &&Planned| {
                self.is_of(&ours, source.id) && ours.active_from.is_none_or(|from| from == source.active_from)
            };
            // a person may have scheduled a derived draft for another time
            let is_wanted =
                plan.iter().any(|source| same(&source) || (!self.automatic && self.is_of(&ours, source.id)));
            if is_wanted {
                continue;
            }
            if ours.active_from.is_some() {
                cancel(self.app, &self.actor, ours.id).await?;
            }
            match discard(self.app, &self.actor, ours.id).await {
                Err(Error::User(error)) if error.code == ErrorCode::IllegalState => {}
                done => drop(done?),
            }
        }
        Ok(())
    }

    /// Whether a derived version takes effect together with this version of the source. Without `automatic`, a derived draft is enough. If a person
    /// has put another version in force since then, that version is ignored, so that the person's change is not undone.
    async fn follows(&self, source: &Planned) -> Result<bool> {
        let (conn, now) = (self.app.store.reader(), self.app.clock.now());
        let latest = rows::latest(conn, self.tariff.id, source.active_from.max(now)).await?;
        if latest.is_some_and(|ours| self.is_of(&ours, source.id)) {
            return Ok(true);
        }
        if self.automatic {
            return Ok(false);
        }
        let pending = rows::pending(conn, self.tariff.id, now).await?;
        Ok(pending.iter().any(|ours| self.is_of(ours, source.id)))
    }

    /// Derives a version. The version keeps the derived tariff's rounding, but takes its time zone, bands and holidays from the source, because the
    /// rates refer to them.
    async fn derive(&self, source: &Planned) -> Result<()> {
        let (app, conn) = (self.app, self.app.store.reader());
        let permit = wait_for_permit(0).await?;
        let version = tariffs::version(conn, source.id).await?.ok_or(Error::NotFound)?;
        let now = app.clock.now();
        let is_scheduled = source.active_from > now;
        let before = tariffs::in_force(conn, self.tariff.id, source.active_from.max(now)).await?;
        let base = Base::read(app, &self.tariff, before.map(|before| before.id)).await?;
        let terms = Terms { rounding: base.terms.rounding, ..Terms::of(&version)? };
        let rates = rates::read_all(conn, version.id).await?;
        let start = match (self.automatic, is_scheduled) {
            (false, _) => Start::Never,
            (true, false) => Start::Now,
            (true, true) => Start::At(source.active_from),
        };
        let note = format!("Derived from {}, version {}", self.source.name, version.number);
        let note = note.chars().take(100).collect();
        let act =
            Act { start, source: Some((Some(version.id), self.revision)), ..Act::new("deriveTariff", note) };
        let (base, rule) = (Base { terms, ..base }, self.rule);
        let derived = move |_: &[Rate]| derived(&rates, &rule);
        drafted(app, &self.actor, self.tariff.clone(), base, act, permit, derived).await?;
        app.following.wake();
        Ok(())
    }
}

fn derived(rates: &[Rate], rule: &DerivationRule) -> Result<Vec<Rate>> {
    let one = |rate: &Rate| {
        rule.rate(rate).map_err(|error| {
            let message = base::message!(
                "Prefix {prefix}: {error} Change the rule, or the rate of the source.",
                prefix = rate.prefix,
                error = error.message
            );
            Error::user(ErrorCode::BadDeck, message)
        })
    };
    rates.iter().map(one).collect()
}
