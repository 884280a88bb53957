//! Activates drafts. A draft is based on another version, and can take effect only directly after that version. If a draft took effect at any time
//! other than directly after its base version, it would silently undo the changes of the versions in between.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use entity::{ActivityKind, tariff, tariff_version};
use serde_json::json;
use uuid::Uuid;

use super::kept::Kept;
use super::{Version, VersionState, find_version, owners, record};
use crate::auth::Actor;
use crate::margin::{self, Margins};
use crate::{App, audit, idempotency, notices};
use base::clock::Clock;
use base::error::{Error, ErrorCode, Result};
use base::message::Message;
use store::{Tx, accounts, tariffs as rows};

/// Maximum difference between nodes' clocks. A version that another node has just activated may begin slightly later than this node's current time.
pub(super) const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(2);

/// An activated version.
#[derive(Clone, Debug)]
pub struct Activated {
    /// The version after activation.
    pub version: Version,
    /// Prices below cost while the version is in force.
    pub margins: Margins,
    /// The version that is already scheduled to follow the activated version. The scheduled version is older than the activated version, and does not
    /// have the activated version's changes.
    pub next: Option<Version>,
}

/// Activates a draft, now or at a later time. Prices below cost are returned as warnings and do not prevent activation.
///
/// # Errors
/// Fails with `STALE_DRAFT` if the draft is not based on the version that is in force when the draft takes effect. Fails with `SCHEDULE_CONFLICT` if
/// another version is scheduled for the same or an earlier time. Fails with `ILLEGAL_STATE` if the version is not a draft or has no rates. Fails with
/// `INVALID_INPUT` if `at` has passed. Fails with `ILLEGAL_STATE` for an archived tariff. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn activate(
    app: &App,
    actor: &Actor,
    version_id: Uuid,
    at: Option<DateTime<Utc>>,
) -> Result<Activated> {
    let act = activate_draft(app, actor, version_id, at);
    idempotency::repeatable(app, actor, act, async |kept: Kept| kept.activated(app, actor).await).await
}

async fn activate_draft(
    app: &App,
    actor: &Actor,
    version_id: Uuid,
    at: Option<DateTime<Utc>>,
) -> Result<Activated> {
    let found = find_version(app, actor, version_id).await?;
    // truncate the time to microseconds, the precision of the databases
    let at = at.and_then(|at| DateTime::from_timestamp_micros(at.timestamp_micros()));
    let asked = app.clock.now();
    if at.is_some_and(|at| at < asked) {
        return Err(Error::invalid("at", "`at` must be in the future, or null for now."));
    }
    check_draft(&found.version, asked)?;
    let (tariff, owners) = (&found.tariff, &owners(actor));
    let loaded = app.rates.get(app.store.reader(), version_id).await?;
    let compared = margin::of_version(app, tariff.id, &loaded, at.unwrap_or(asked)).await?;
    let begun = app
        .write_as(actor, |tx| async move {
            let conn = tx.conn();
            let tariff = rows::lock(conn, owners, tariff.id).await?.ok_or(Error::NotFound)?;
            let (_, version) = rows::find_version(conn, owners, version_id).await?.ok_or(Error::NotFound)?;
            let begun = begin(&tx, &tariff, version, at, &app.clock).await?;
            let change = (
                json!({ "version": begun.replaced, "activeFrom": null }),
                json!({ "version": begun.version.id, "number": begun.version.number, "activeFrom": begun.version.active_from }),
            );
            record(&tx, actor, begun.at, "activateTariffVersion", &tariff, change).await?;
            let kept = Kept::begun(tariff.id, version_id, begun.next.as_ref().map(|next| next.id));
            idempotency::keep(&tx, actor, begun.at, &kept).await?;
            Ok(begun)
        })
        .await?;
    let from = begun.version.active_from.unwrap_or(begun.at);
    let margins = margin::rechecked(app, tariff.id, &loaded, from, compared).await;
    app.following.wake();
    let next = begun.next.map(|version| Version {
        tariff: found.tariff.clone(),
        version,
        state: VersionState::Scheduled,
    });
    Ok(Activated { version: Version { version: begun.version, state: begun.state, ..found }, margins, next })
}

/// A draft that was put in force or scheduled.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub(super) version: tariff_version::Model,
    /// [`VersionState::Active`] or [`VersionState::Scheduled`].
    pub(super) state: VersionState,
    /// The version that is in force until the draft takes effect.
    pub(super) replaced: Option<Uuid>,
    /// The next scheduled version after the draft.
    pub(super) next: Option<tariff_version::Model>,
    /// The time of the change.
    pub(super) at: DateTime<Utc>,
}

/// Puts a draft in force at `at`, or now. The transaction must have locked the tariff. The caller records the change in the audit log.
///
/// # Errors
/// Fails as [`activate`] does, before anything is written. Therefore, the transaction may still commit after an error that the user can correct.
pub(super) async fn begin(
    tx: &Tx,
    tariff: &tariff::Model,
    draft: tariff_version::Model,
    at: Option<DateTime<Utc>>,
    clock: &Clock,
) -> Result<Begun> {
    check_open(tariff)?;
    let conn = tx.conn();
    // read the clock while the lock is held; concurrent activations then begin in the order in which they commit
    let now = clock.now();
    check_draft(&draft, now)?;
    let from = at.map_or(now, |at| at.max(now));
    let around = Around {
        before: rows::in_force(conn, tariff.id, from).await?,
        next: rows::next_version(conn, tariff.id, from).await?,
        base: match draft.base_version_id {
            Some(id) => rows::version_of(conn, tariff.id, id).await?,
            None => None,
        },
    };
    around.check(&draft, from, now)?;
    let starts_later = from > now;
    let kind = if starts_later { ActivityKind::VersionScheduled } else { ActivityKind::VersionInForce };
    announce(tx, tariff, (kind, draft.id), now).await?;
    let active = tariff_version::Model { active_from: Some(from), starts_later, ..draft };
    Ok(Begun {
        version: rows::update_version(conn, active).await?,
        state: if starts_later { VersionState::Scheduled } else { VersionState::Active },
        replaced: around.before.map(|before| before.id),
        next: around.next,
        at: now,
    })
}

/// Emits events about a change to the version. The events go to the tariff's owner, to each callshop that sells at this tariff's prices, and to each
/// account, other than a callshop, whose costs this tariff sets.
pub(super) async fn announce(
    tx: &Tx,
    tariff: &tariff::Model,
    (kind, version_id): (ActivityKind, Uuid),
    now: DateTime<Utc>,
) -> Result<()> {
    notices::version_changed(tx, tariff, kind, version_id, now).await?;
    for shop in accounts::selling_by(tx.conn(), tariff.id).await? {
        audit::announce(tx, shop, ActivityKind::PricesChanged, now);
    }
    Ok(())
}

/// Fails with `ILLEGAL_STATE` for an archived tariff, which gets no new versions.
pub(super) fn check_open(tariff: &tariff::Model) -> Result<()> {
    match tariff.archived_at {
        None => Ok(()),
        Some(_) => Err(Error::user(
            ErrorCode::IllegalState,
            "The tariff is archived. Take it out of the archive first, with `archiveTariff` and `archived: false`.",
        )),
    }
}

/// A time in the time zone of a version, with the zone's offset.
pub(super) fn local(version: &tariff_version::Model, at: DateTime<Utc>) -> String {
    let zone: Tz = version.time_zone.parse().unwrap_or(Tz::UTC);
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn check_draft(version: &tariff_version::Model, now: DateTime<Utc>) -> Result<()> {
    let refuse = |message: Message| Err(Error::user(ErrorCode::IllegalState, message));
    match version.active_from {
        Some(from) if from > now => refuse(base::message!(
            "Version {number} is already scheduled for {at}. To choose another time, cancel the schedule first, with `cancelTariffVersion`.",
            number = version.number,
            at = local(version, from)
        )),
        Some(from) => refuse(base::message!(
            "Version {number} was activated with effect from {from}; activate a copy of it.",
            number = version.number,
            from = local(version, from)
        )),
        None if version.rate_count == 0 => {
            refuse("The version has no rates, so every call would be refused. Add rates first.".into())
        }
        None => Ok(()),
    }
}

/// The versions around the time at which a draft is to take effect.
struct Around {
    /// The version in force until the draft takes effect.
    before: Option<tariff_version::Model>,
    /// The first version that is scheduled for a time after the draft takes effect.
    next: Option<tariff_version::Model>,
    /// The draft's base version.
    base: Option<tariff_version::Model>,
}

impl Around {
    fn check(&self, draft: &tariff_version::Model, from: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
        let conflict = |message: Message| Err(Error::field(ErrorCode::ScheduleConflict, "at", message));
        let begins = |version: &tariff_version::Model| version.active_from.unwrap_or_default();
        if let Some(next) = &self.next
            && from <= now
            && begins(next) <= now + CLOCK_SKEW
        {
            return conflict(base::message!(
                "Version {number} is taking effect right now; check it first.",
                number = next.number
            ));
        }
        if let Some(before) = &self.before
            && from > now
            && begins(before) == from
        {
            return conflict(base::message!(
                "Version {number} is scheduled for the same time. Choose another time.",
                number = before.number
            ));
        }
        if self.before.as_ref().map(|before| before.id) == draft.base_version_id {
            return Ok(());
        }
        if let Some(base) = &self.base
            && begins(base) > from
        {
            return conflict(base::message!(
                "The draft is based on version {number}, which takes effect at {at}. Choose a later time.",
                number = base.number,
                at = local(base, begins(base))
            ));
        }
        match &self.before {
            Some(before) if begins(before) > now => conflict(base::message!(
                "Version {number} takes effect at {at}, but the draft lacks that version's changes. Choose an earlier time, or make the \
                 change again with `baseVersionId`.",
                number = before.number,
                at = local(before, begins(before))
            )),
            before => {
                let number = before.as_ref().map_or(0, |before| before.number);
                Err(Error::user(
                    ErrorCode::StaleDraft,
                    base::message!(
                        "Version {number} is in force, and the draft is not based on it. Make the change again. To use the draft's rates \
                         unchanged, activate a copy of the draft.",
                        number
                    ),
                ))
            }
        }
    }
}
