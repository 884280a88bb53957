//! A change to a tariff stores an answer for its idempotency key. The result of a repeated request is made from the stored answer.

use entity::tariff;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::activation::Activated;
use super::comparison::Comparison;
use super::draft_writer::Written;
use super::drafts::Outcome;
use super::imports::Report;
use super::{Version, find, find_version, find_versions};
use crate::auth::Actor;
use crate::margin;
use crate::{App, idempotency};
use base::clock::Clock;
use base::error::{Error, Result};
use store::Tx;

/// The ids of the versions that a change made, and the data that the change reported.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    tariff: Uuid,
    /// The new version, or the version that was put in force; `None` if only the tariff's row changed.
    version: Option<Uuid>,
    /// The versions of an import by date, in the order of their dates.
    scheduled: Vec<Uuid>,
    /// The version with which the draft was compared.
    base: Option<Uuid>,
    /// The next scheduled version after a version that was put in force.
    next: Option<Uuid>,
    report: Report,
}

impl Kept {
    /// A change that makes no draft.
    pub(super) fn row(tariff: Uuid) -> Self {
        Self {
            tariff,
            version: None,
            scheduled: Vec::new(),
            base: None,
            next: None,
            report: Report::default(),
        }
    }

    /// A version that was put in force.
    pub(super) fn begun(tariff: Uuid, version: Uuid, next: Option<Uuid>) -> Self {
        Self { version: Some(version), next, ..Self::row(tariff) }
    }

    /// Drafts that are not yet written.
    pub(super) fn drafted(tariff: Uuid, base: Option<Uuid>, outcome: &Outcome) -> Self {
        Self { base, report: outcome.clone().into(), ..Self::row(tariff) }
    }

    /// What the change reported before it wrote a version.
    pub(super) fn report(&self) -> &Report {
        &self.report
    }

    /// Stores the answer in the transaction that writes the versions of one draft.
    pub(super) async fn keep(&self, tx: &Tx, actor: &Actor, clock: &Clock, written: &Written) -> Result<()> {
        let kept = Self {
            version: Some(written.version.id),
            next: written.next.as_ref().map(|next| next.id),
            ..self.clone()
        };
        idempotency::keep(tx, actor, clock.now(), &kept).await
    }

    /// Stores the answer in the transaction that writes the versions of an import by date.
    pub(super) async fn keep_all(
        &self,
        tx: &Tx,
        actor: &Actor,
        clock: &Clock,
        written: &[Written],
    ) -> Result<()> {
        let scheduled: Vec<Uuid> = written.iter().map(|written| written.version.id).collect();
        let next = written.last().and_then(|last| last.next.as_ref()).map(|next| next.id);
        let kept = Self { version: scheduled.last().copied(), scheduled, next, ..self.clone() };
        idempotency::keep(tx, actor, clock.now(), &kept).await
    }

    /// The tariff, for a repeated request.
    pub(super) async fn tariff(&self, app: &App, actor: &Actor) -> Result<tariff::Model> {
        find(app, actor, self.tariff).await
    }

    /// The outcome of a repeated request; `None` if the first request made no draft.
    pub(super) async fn outcome(self, app: &App, actor: &Actor) -> Result<Option<Outcome>> {
        let Some(id) = self.version else { return Ok(None) };
        let version = find_version(app, actor, id).await?;
        let mut scheduled = find_versions(app, actor, &self.scheduled).await?;
        scheduled.sort_by_key(|version| version.version.number);
        let changes = self.report.changes.unwrap_or_default();
        let currency = &version.tariff.currency;
        Ok(Some(Outcome {
            comparison: Some(Comparison::of_stored(self.base, id, currency, changes)),
            next: next(app, actor, self.next).await?,
            refused: None,
            scheduled,
            changes,
            loaded: None,
            rows: self.report.rows,
            problems: self.report.problems,
            errors: self.report.errors,
            fixed: self.report.warnings,
            detected: self.report.detected,
            questions: self.report.questions,
            counts: self.report.counts,
            set_aside: self.report.set_aside,
            margins: self.report.margins.unwrap_or_default(),
            version: Some(version),
        }))
    }

    /// The version that the first request put in force, for a repeated request. This method compares the prices again.
    pub(super) async fn activated(self, app: &App, actor: &Actor) -> Result<Activated> {
        let version = find_version(app, actor, self.version.ok_or(Error::NotFound)?).await?;
        let loaded = app.rates.get(app.store.reader(), version.version.id).await?;
        let at = version.version.active_from.unwrap_or_else(|| app.clock.now());
        let margins = margin::of_version(app, version.tariff.id, &loaded, at).await?;
        Ok(Activated { version, margins: margins.margins, next: next(app, actor, self.next).await? })
    }
}

/// The version that was scheduled next; `None` if it has been discarded since.
async fn next(app: &App, actor: &Actor, id: Option<Uuid>) -> Result<Option<Version>> {
    Ok(match id {
        Some(id) => find_versions(app, actor, &[id]).await?.pop(),
        None => None,
    })
}
