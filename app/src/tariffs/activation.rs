//! Putting a draft in force. A draft was made from another version, and comes into force only right behind that one: otherwise it
//! would undo, without a word, what came between.

use chrono::{DateTime, TimeDelta, Utc};
use entity::tariff_version;
use serde_json::json;
use uuid::Uuid;

use super::{Version, VersionState, find_version, owners, record};
use crate::App;
use crate::auth::Actor;
use crate::margin::{self, Margins};
use base::error::{Error, ErrorCode, Result};
use store::tariffs as rows;

/// How far the clocks of nodes may lie apart: what another node put in force just now may begin a little ahead of this node's clock.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(2);

/// A version that was put in force.
#[derive(Clone, Debug)]
pub struct Activated {
    /// As it is now.
    pub version: Version,
    /// Prices below cost, with it in force.
    pub margins: Margins,
    /// The version that is scheduled to take its place. That one was made before, and does not have this one's changes.
    pub next: Option<Version>,
}

/// Puts a draft in force, now or at a later instant. Prices below cost are told of, not refused.
///
/// # Errors
/// `STALE_DRAFT` when another version than the one it was made from is in force, `SCHEDULE_CONFLICT` when another is scheduled for the
/// same instant or before it; `ILLEGAL_STATE` for what is no draft or has no rates, `INVALID_INPUT` for an instant that has passed;
/// not found, forbidden.
pub async fn activate(
    app: &App,
    actor: &Actor,
    version_id: Uuid,
    at: Option<DateTime<Utc>>,
) -> Result<Activated> {
    let found = find_version(app, actor, version_id).await?;
    // microseconds, as the databases keep it
    let at = at.and_then(|at| DateTime::from_timestamp_micros(at.timestamp_micros()));
    let asked = app.clock.now();
    if at.is_some_and(|at| at < asked) {
        return Err(Error::invalid("at", "an instant that is still to come, or none for now"));
    }
    check_draft(&found.version)?;
    let (tariff, owners) = (&found.tariff, &owners(actor));
    let loaded = app.rates.get(app.store.reader(), version_id).await?;
    let margins = margin::of_version(app, tariff.id, &loaded, at.unwrap_or(asked)).await?;
    let (version, next, now) = app
        .write_as(actor, |tx| async move {
            let conn = tx.conn();
            rows::lock(conn, owners, tariff.id).await?.ok_or(Error::NotFound)?;
            // the clock is read under the lock: activations that wait for each other begin in the order in which they happen
            let now = app.clock.now();
            let from = at.map_or(now, |at| at.max(now));
            let (_, version) = rows::find_version(conn, owners, version_id).await?.ok_or(Error::NotFound)?;
            check_draft(&version)?;
            let around = Around {
                before: rows::in_force(conn, tariff.id, from).await?,
                next: rows::next_version(conn, tariff.id, from).await?,
                base: match version.base_version_id {
                    Some(id) => rows::version_of(conn, tariff.id, id).await?,
                    None => None,
                },
            };
            around.check(&version, from, now)?;
            let change = (
                json!({ "version": around.before.map(|before| before.id), "activeFrom": null }),
                json!({ "version": version.id, "number": version.number, "activeFrom": from }),
            );
            record(&tx, actor, "activateTariffVersion", tariff, change, now).await?;
            let active = tariff_version::Model { active_from: Some(from), ..version };
            Ok((rows::update_version(conn, active).await?, around.next, now))
        })
        .await?;
    let scheduled = version.active_from.is_some_and(|from| from > now);
    let state = if scheduled { VersionState::Scheduled } else { VersionState::Active };
    let next =
        next.map(|version| Version { tariff: found.tariff.clone(), version, state: VersionState::Scheduled });
    Ok(Activated { version: Version { version, state, ..found }, margins, next })
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

/// The versions around the instant at which a draft is to come into force.
struct Around {
    /// In force until then.
    before: Option<tariff_version::Model>,
    /// Scheduled behind it.
    next: Option<tariff_version::Model>,
    /// What the draft was made from.
    base: Option<tariff_version::Model>,
}

impl Around {
    fn check(&self, draft: &tariff_version::Model, from: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
        let conflict = |message: String| Err(Error::field(ErrorCode::ScheduleConflict, "at", message));
        let begins = |version: &tariff_version::Model| version.active_from.unwrap_or_default();
        if let Some(next) = &self.next
            && from <= now
            && begins(next) <= now + CLOCK_SKEW
        {
            return conflict(format!("version {} takes effect just now: look at it first", next.number));
        }
        if let Some(before) = &self.before
            && from > now
            && begins(before) == from
        {
            return conflict(format!(
                "version {} is scheduled for that instant: choose another",
                before.number
            ));
        }
        if self.before.as_ref().map(|before| before.id) == draft.base_version_id {
            return Ok(());
        }
        if let Some(base) = &self.base
            && begins(base) > from
        {
            return conflict(format!(
                "the draft was made from version {}, which takes effect at {}: choose a later instant",
                base.number,
                begins(base)
            ));
        }
        match &self.before {
            Some(before) if begins(before) > now => conflict(format!(
                "version {} takes effect at {}, and the draft does not have its changes: choose an earlier instant, or make the \
                 change again with baseVersionId",
                before.number,
                begins(before)
            )),
            before => {
                let number = before.as_ref().map_or(0, |before| before.number);
                Err(Error::user(
                    ErrorCode::StaleDraft,
                    format!(
                        "version {number} is in force, and the draft was not made from it: make the change again, or activate a copy \
                         of the draft if its rates are meant as they are"
                    ),
                ))
            }
        }
    }
}
