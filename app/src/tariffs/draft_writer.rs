//! A draft: its base version, and how its rates and its version are written.

use std::sync::Arc;

use billing::rate_changes::{self, RateChangeCounts};
use billing::tariff::{Rate, RateTable};
use chrono::{DateTime, Utc};
use entity::{ActivityKind, tariff, tariff_version};
use serde_json::json;
use tokio::sync::SemaphorePermit;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::activation::{self, check_open};
use super::drafts::Progress;
use super::imports::made;
use super::kept::Kept;
use super::{VersionState, owners, record, terms};
use crate::auth::Actor;
use crate::feed::Subject;
use crate::rates::{LoadedVersion, Terms};
use crate::{App, access, notices, rates};
use base::clock::Clock;
use base::error::{Error, ErrorCode, OrFault as _, Result, UserError};
use store::rate_writer::{self, NewRate};
use store::tariffs as rows;
use store::{Store, Tx};

const DISCARDED: &str = "The base version was discarded. Make the change again.";

/// Reads all rates of a version.
///
/// # Errors
/// Fails with `STALE_DRAFT`, naming `field`, for a version whose rates are being deleted. The rates are deleted before the version.
pub(super) async fn whole(app: &App, version: &tariff_version::Model, field: &str) -> Result<Vec<Rate>> {
    let rates = rates::read_all(app.store.reader(), version.id).await?;
    if usize::try_from(version.rate_count) == Ok(rates.len()) {
        return Ok(rates);
    }
    Err(Error::field(ErrorCode::StaleDraft, field, DISCARDED))
}

/// The base version with its rates. A draft is created from the base, and is compared with it.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) version: Option<tariff_version::Model>,
    /// The draft's rounding, bands and holidays. The draft's terms are those of its base version or, without a base version, those of the tariff.
    pub(super) terms: Terms,
    pub(super) rates: Arc<Vec<Rate>>,
}

impl Base {
    /// Reads the named version. If no version is named, reads the version in force, because the newest version may be scheduled for next month.
    pub(super) async fn read(app: &App, tariff: &tariff::Model, named: Option<Uuid>) -> Result<Self> {
        let (conn, now) = (app.store.reader(), app.clock.now());
        let in_force = rows::in_force(conn, tariff.id, now).await?;
        let version = match named {
            None => in_force,
            Some(id) => Some(Self::named(rows::version_of(conn, tariff.id, id).await?, in_force, now)?),
        };
        let (terms, rates) = match &version {
            Some(version) => (Terms::of(version)?, whole(app, version, "baseVersionId").await?),
            None => (Terms::first(tariff)?, Vec::new()),
        };
        let rates = Arc::new(rates);
        Ok(Self { version, terms, rates })
    }

    fn named(
        version: Option<tariff_version::Model>,
        in_force: Option<tariff_version::Model>,
        now: DateTime<Utc>,
    ) -> Result<tariff_version::Model> {
        let field = "baseVersionId";
        let version = version.ok_or_else(|| Error::invalid(field, "The tariff has no such version."))?;
        if super::state(&version, in_force.map(|version| version.id), now) == VersionState::Retired {
            let message = base::message!(
                "Version {number} is no longer in force. Omit `baseVersionId`, or copy that version to go back to it.",
                number = version.number
            );
            return Err(Error::field(ErrorCode::StaleDraft, field, message));
        }
        Ok(version)
    }

    /// The version after which a draft with this base may take effect. The result is the id of the base version or, if the base version is itself a
    /// draft, the id of that draft's own base.
    fn precedes(&self) -> Option<Uuid> {
        self.version.as_ref().and_then(|version| match version.active_from {
            Some(_) => Some(version.id),
            None => version.base_version_id,
        })
    }
}

/// When a new draft takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The version remains a draft.
    Never,
    /// Immediately.
    Now,
    /// At this time.
    At(DateTime<Utc>),
}

/// The mutation that creates a draft, and the other changes that it makes in the same transaction.
#[derive(Debug)]
pub(super) struct Act {
    /// The mutation's name, for the audit log.
    pub(super) action: &'static str,
    /// The draft's note.
    pub(super) note: String,
    /// When the draft takes effect.
    pub(super) start: Start,
    /// Whether the version is stored even if it cannot take effect at its start. It then stays a draft, and [`Written::refused`] gives the reason.
    pub(super) or_draft: bool,
    /// The tariff's new name, if it changes.
    pub(super) rename: Option<String>,
    /// The job that creates the draft, and the node that runs it. If the job was canceled, no draft is created.
    pub(super) job: Option<(Uuid, Uuid)>,
    /// The version from which the draft is derived, and the revision of the rule.
    pub(super) source: Option<(Option<Uuid>, i32)>,
}

impl Act {
    pub(super) fn new(action: &'static str, note: String) -> Self {
        Self { action, note, start: Start::Never, or_draft: false, rename: None, job: None, source: None }
    }
}

/// A draft that is not yet stored.
pub(super) struct Draft {
    pub(super) tariff: tariff::Model,
    pub(super) actor: Actor,
    /// The version whose rates were the starting point.
    pub(super) base: Option<tariff_version::Model>,
    /// The version after which the draft may take effect.
    pub(super) precedes: Option<Uuid>,
    /// The draft's rates, under the id of the new version.
    pub(super) loaded: Arc<LoadedVersion>,
    pub(super) changes: RateChangeCounts,
    pub(super) act: Act,
    clock: Clock,
    created_at: DateTime<Utc>,
    /// The permit is kept until the last rate is written, even if the client has disconnected. If one file makes several drafts, only one of them has
    /// the permit.
    permit: Option<SemaphorePermit<'static>>,
}

impl Draft {
    pub(super) async fn new(
        app: &App,
        actor: &Actor,
        tariff: tariff::Model,
        base: Base,
        act: Act,
        permit: impl Into<Option<SemaphorePermit<'static>>>,
        edit: impl FnOnce(&[Rate]) -> Result<Vec<Rate>> + Send + 'static,
    ) -> Result<Self> {
        let permit = permit.into();
        check_open(&tariff)?;
        let precedes = base.precedes();
        let built = spawn_blocking(move || {
            let table = RateTable::build(edit(&base.rates)?);
            let table = table.map_err(|error| Error::user(ErrorCode::BadDeck, error.to_string()))?;
            let changes = rate_changes::count(base.rates.iter(), table.iter());
            let loaded = Arc::new(LoadedVersion { version_id: Uuid::now_v7(), terms: base.terms, table });
            Ok::<_, Error>((loaded, changes, base.version))
        });
        let (loaded, changes, base) = built.await.or_fault()??;
        let (actor, created_at) = (actor.clone(), app.clock.now());
        let clock = app.clock.clone();
        Ok(Self { tariff, actor, base, precedes, loaded, changes, act, clock, created_at, permit })
    }

    /// Writes the rates first, and the version's row last. The rates become visible only with the version's row.
    pub(super) async fn write(
        &self,
        store: &Store,
        kept: &Kept,
        progress: &(impl Fn(Progress) + Sync),
    ) -> Result<Written> {
        self.write_rates(store, progress).await?;
        let write = |tx: Tx| async move {
            let written = self.write_version(&tx).await?;
            if let Some(job) = self.act.job {
                made(&tx, job, (std::slice::from_ref(&written), false), kept.report()).await?;
            }
            kept.keep(&tx, &self.actor, &self.clock, &written).await?;
            Ok(written)
        };
        access::write_as(store, &self.actor, write).await
    }

    /// Writes the rates in blocks ([`rate_writer`]), so that calls can be charged between two blocks.
    pub(super) async fn write_rates(
        &self,
        store: &Store,
        progress: &(impl Fn(Progress) + Sync),
    ) -> Result<()> {
        let (id, begun_at) = (self.loaded.version_id, self.created_at);
        store.write(|tx| async move { rate_writer::begin(tx.conn(), id, begun_at).await }).await?;
        let mut writer = store.rates().version(id);
        let total = self.loaded.table.len() as u64;
        let mut done = 0;
        for block in self.loaded.table.iter().as_slice().chunks(store.rates().block()) {
            let rows: Vec<NewRate<'_>> = block.iter().map(rates::new_row).collect::<Result<_>>()?;
            writer.write(&rows).await?;
            done += block.len() as u64;
            progress(Progress { done, total });
        }
        Ok(())
    }

    /// Discards the draft without writing it. Returns the draft's permit, if it has one.
    pub(super) fn into_permit(self) -> Option<SemaphorePermit<'static>> {
        self.permit
    }

    pub(super) async fn write_version(&self, tx: &Tx) -> Result<Written> {
        let conn = tx.conn();
        let mut tariff =
            rows::lock(conn, &owners(&self.actor), self.tariff.id).await?.ok_or(Error::NotFound)?;
        check_open(&tariff)?;
        if let Some(id) = self.precedes {
            let base = rows::version_of(conn, tariff.id, id).await?;
            // a version whose rates are being deleted has a `rate_count` of 0
            let read = self.base.as_ref().filter(|base| base.id == id);
            let base = base.filter(|found| read.is_none_or(|read| read.rate_count == found.rate_count));
            base.ok_or_else(|| Error::field(ErrorCode::StaleDraft, "baseVersionId", DISCARDED))?;
        }
        if !rate_writer::end(conn, self.loaded.version_id).await? {
            return Err(Error::Overloaded("writing the rates took too long"));
        }
        let latest = rows::latest_version(conn, self.tariff.id).await?;
        let terms = &self.loaded.terms;
        let version = tariff_version::Model {
            id: self.loaded.version_id,
            tariff_id: self.tariff.id,
            number: latest.map_or(0, |latest| latest.number).max(tariff.last_number.unwrap_or(0)) + 1,
            active_from: None,
            starts_later: false,
            rounding_decimals: terms.rounding.decimals.into(),
            rounding_mode: terms.rounding.mode.into(),
            time_zone: terms.time_zone.name().to_owned(),
            bands: serde_json::to_value(&terms.bands).or_fault()?,
            holidays: serde_json::to_value(&terms.holidays).or_fault()?,
            rate_count: i32::try_from(self.loaded.table.len()).or_fault()?,
            note: self.act.note.clone(),
            base_version_id: self.precedes,
            source_version_id: self.act.source.and_then(|(version, _)| version),
            source_revision: self.act.source.map(|(_, revision)| revision),
            created_at: self.created_at,
        };
        rows::insert_version(conn, version.clone()).await?;
        let mut before = json!({
            "version": self.base.as_ref().map(|base| base.id),
            "number": self.base.as_ref().map(|base| base.number),
        });
        let RateChangeCounts { added, raised, lowered, changed, removed, .. } = self.changes;
        let mut after = json!({
            "version": version.id, "number": version.number, "rates": version.rate_count, "added": added,
            "changed": raised + lowered + changed, "removed": removed,
        });
        if let Some(base) = &self.base {
            terms::record(&mut before, &mut after, (&Terms::of(base)?, terms));
        }
        if let Some(name) = &self.act.rename {
            before["name"] = json!(tariff.name);
            after["name"] = json!(name);
            tariff = rows::update(conn, tariff::Model { name: name.clone(), ..tariff }).await?;
        }
        let at = match self.act.start {
            Start::Never => None,
            Start::Now => Some(None),
            Start::At(at) => Some(Some(at)),
        };
        let written = match at {
            Some(at) => match activation::begin(tx, &tariff, version.clone(), at, &self.clock).await {
                Ok(begun) => {
                    after["activeFrom"] = json!(begun.version.active_from);
                    let (version, state, next) = (begun.version, begun.state, begun.next);
                    Written { version, state, next, tariff, refused: None }
                }
                Err(Error::User(refused)) if self.act.or_draft => Written {
                    version,
                    state: VersionState::Draft,
                    next: None,
                    tariff,
                    refused: Some(refused),
                },
                Err(error) => return Err(error),
            },
            None => {
                if version.source_version_id.is_some() {
                    let subject = Some(Subject::TariffVersion(version.id));
                    notices::emit(
                        tx,
                        tariff.account_id,
                        ActivityKind::VersionDerived,
                        subject,
                        self.created_at,
                    )?;
                }
                Written { version, state: VersionState::Draft, next: None, tariff, refused: None }
            }
        };
        let change = (before, after);
        record(tx, &self.actor, self.created_at, self.act.action, &written.tariff, change).await?;
        Ok(written)
    }
}

/// A stored draft.
pub(super) struct Written {
    pub(super) tariff: tariff::Model,
    pub(super) version: tariff_version::Model,
    /// [`VersionState::Draft`], unless the draft was put in force or scheduled.
    pub(super) state: VersionState,
    /// The next scheduled version after a draft that was put in force.
    pub(super) next: Option<tariff_version::Model>,
    /// Why the version stays a draft although it was to take effect ([`Act::or_draft`]).
    pub(super) refused: Option<UserError>,
}
