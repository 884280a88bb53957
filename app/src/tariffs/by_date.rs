//! Imports a deck whose rows have several dates: one version for each date, each scheduled at the beginning of its day. All versions are scheduled in
//! one transaction, so either all of them or none take effect.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use billing::day::beginning;
use billing::deck::DeckColumns;
use billing::rate_changes;
use billing::tariff::{MAX_RATES, Rate};
use chrono::NaiveDate;
use entity::tariff;
use tokio::sync::SemaphorePermit;
use uuid::Uuid;

use super::comparison::Comparison;
use super::draft_writer::{Act, Base, Draft, Start, Written};
use super::drafts::{ImportMode, Outcome, merged};
use super::files::DatedRows;
use super::imports::made;
use super::kept::Kept;
use super::{Version, VersionState};
use crate::auth::Actor;
use crate::{App, access, margin};
use base::clock::Clock;
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{Store, rate_writer};

/// Maximum number of versions that one file can create.
const MAX_DAYS: usize = 20;

/// A deck with dates.
pub(super) struct File {
    pub(super) rows: DatedRows,
    pub(super) columns: DeckColumns,
    pub(super) mode: ImportMode,
    pub(super) note: String,
    pub(super) dry_run: bool,
    /// The job that creates the versions, and the node that runs it. The last version counts as the job's version.
    pub(super) job: Option<(Uuid, Uuid)>,
}

/// Creates and schedules the versions. Rows without a date, or with a date that has passed, take effect immediately, unless they change nothing. The
/// changes and warnings of the outcome are those of the last version, compared with the base version.
///
/// # Errors
/// Fails with `BAD_DECK` if the file would make too many versions or rates. See [`super::import`] and [`super::activate`] for the other errors.
pub(super) async fn import(
    app: &App,
    actor: &Actor,
    (tariff, base, permit): (tariff::Model, Base, SemaphorePermit<'static>),
    file: File,
    mut outcome: Outcome,
) -> Result<Outcome> {
    let drafts = drafts(app, actor, (&tariff, base, permit), file_days(&file)?, &file).await?;
    let Some(last) = drafts.last() else {
        return Err(Error::field(ErrorCode::BadDeck, "csv", "The file has no rates."));
    };
    let base = drafts.first().and_then(|draft| draft.base.as_ref()).map(|base| base.id);
    outcome.changes = last.changes;
    outcome.loaded = Some(last.loaded.clone());
    outcome.comparison =
        Some(Comparison::of_draft(base, last.loaded.clone(), &tariff.currency, last.changes));
    let (loaded, first) = (last.loaded.clone(), drafts.first().map(|first| first.loaded.clone()));
    let compared = margin::of_version(app, tariff.id, &loaded, app.clock.now()).await?;
    outcome.margins = compared.margins.clone();
    if file.dry_run {
        return Ok(outcome);
    }
    let store = app.store.clone();
    let (kept, clock) = (Kept::drafted(tariff.id, base, &outcome), app.clock.clone());
    // write in a separate task; if the client disconnects, the task still completes the versions
    let written = tokio::spawn(async move { write(&store, &drafts, (&kept, &clock)).await });
    let written = written.await.or_fault()??;
    let version = |written: Written| Version {
        tariff: Arc::new(written.tariff),
        version: written.version,
        state: written.state,
    };
    if let Some(first) =
        first.filter(|_| written.first().is_some_and(|first| first.state == VersionState::Active))
    {
        app.rates.put(first).await;
    }
    if let Some(from) = written.last().and_then(|last| last.version.active_from) {
        outcome.margins = margin::rechecked(app, tariff.id, &loaded, from, compared).await;
    }
    outcome.next = written.last().and_then(|last| {
        let version = last.next.clone()?;
        Some(Version { tariff: Arc::new(last.tariff.clone()), version, state: VersionState::Scheduled })
    });
    outcome.scheduled = written.into_iter().map(version).collect();
    outcome.version = outcome.scheduled.last().cloned();
    Ok(outcome)
}

/// The days of the versions, today first.
fn file_days(file: &File) -> Result<Vec<NaiveDate>> {
    let days: Vec<NaiveDate> =
        std::iter::once(file.rows.today).chain(file.rows.days.iter().copied()).collect();
    if days.len() > MAX_DAYS {
        let message = base::message!(
            "The rows have {days} dates. One import can make at most {max} versions. Import the file for single dates with `effective_on`.",
            days = days.len(),
            max = MAX_DAYS
        );
        return Err(Error::field(ErrorCode::BadDeck, "csv", message));
    }
    Ok(days)
}

/// One draft for each day. Each draft takes effect after the draft of the previous day. A draft's rates are those of the base version, changed by the
/// rows that are in force on the draft's day.
async fn drafts(
    app: &App,
    actor: &Actor,
    (tariff, base, permit): (&tariff::Model, Base, SemaphorePermit<'static>),
    days: Vec<NaiveDate>,
    file: &File,
) -> Result<Vec<Draft>> {
    let (mut permit, mut drafts, mut total) = (Some(permit), Vec::<Draft>::new(), 0);
    let time_zone = base.terms.time_zone;
    for day in days {
        let (rates, removed) = file.rows.rows.on(Some(day));
        let is_today = day == file.rows.today;
        if rates.is_empty() && file.mode == ImportMode::Replace {
            // a complete deck replaces nothing until one of its rows is in force
            continue;
        }
        let start = if is_today {
            Start::Now
        } else {
            Start::At(beginning(time_zone, day).ok_or_else(|| Error::fault("a day is out of range"))?)
        };
        let act = Act { start, ..Act::new("importTariff", file.note.clone()) };
        let (columns, mode) = (file.columns.clone(), file.mode);
        let waiting = waiting(file, &rates, &removed);
        let edit = move |base: &[Rate]| {
            let mut rates = rates;
            // until a code's first date, the code keeps its rate
            rates.extend(base.iter().filter(|rate| waiting.contains(&rate.prefix)).cloned());
            Ok(merged(base, rates, &columns, &removed, mode))
        };
        let made = Draft::new(app, actor, tariff.clone(), base.clone(), act, permit.take(), edit);
        let mut draft = made.await?;
        let before = drafts.last().map(|draft| &draft.loaded.table);
        let is_same = match before {
            Some(before) => rate_changes::count(before.iter(), draft.loaded.table.iter()).differences() == 0,
            None => is_today && draft.changes.differences() == 0,
        };
        if is_same {
            permit = draft.into_permit().or(permit);
            continue;
        }
        total += draft.loaded.table.len();
        if total > MAX_RATES {
            let message = base::message!(
                "All versions together would have more than {max} rates. Import the file for single dates with `effective_on`.",
                max = MAX_RATES
            );
            return Err(Error::field(ErrorCode::BadDeck, "csv", message));
        }
        if let Some(before) = drafts.last() {
            draft.precedes = Some(before.loaded.version_id);
        }
        drafts.push(draft);
    }
    if let Some(last) = drafts.last_mut() {
        last.act.job = file.job;
    }
    Ok(drafts)
}

/// The file's codes that have no row in force yet on a given day. `rates` and `removed` are the rates and the removed codes of that day.
fn waiting(file: &File, rates: &[Rate], removed: &BTreeSet<String>) -> HashSet<String> {
    let reached: HashSet<&str> =
        rates.iter().map(|rate| rate.prefix.as_str()).chain(removed.iter().map(String::as_str)).collect();
    let codes = file.rows.rows.rates.iter().map(|row| row.prefix());
    codes.filter(|code| !reached.contains(code)).map(str::to_owned).collect()
}

/// Writes the rates of all drafts first. Then writes all versions in one transaction.
async fn write(store: &Store, drafts: &[Draft], answer: (&Kept, &Clock)) -> Result<Vec<Written>> {
    let written = write_all(store, drafts, answer).await;
    if written.is_err() {
        for draft in drafts {
            let id = draft.loaded.version_id;
            if let Err(error) = rate_writer::discard(store, id).await {
                tracing::warn!(%error, version = %id, "the rates of a failed version are deleted later");
            }
        }
    }
    written
}

async fn write_all(store: &Store, drafts: &[Draft], (kept, clock): (&Kept, &Clock)) -> Result<Vec<Written>> {
    for draft in drafts {
        draft.write_rates(store, &|_| {}).await?;
    }
    let Some(first) = drafts.first() else { return Ok(Vec::new()) };
    access::write_as(store, &first.actor, |tx| async move {
        let mut written = Vec::new();
        for draft in drafts {
            written.push(draft.write_version(&tx).await?);
        }
        if let Some(job) = drafts.last().and_then(|last| last.act.job) {
            made(&tx, job, (&written, true), kept.report()).await?;
        }
        kept.keep_all(&tx, &first.actor, clock, &written).await?;
        Ok(written)
    })
    .await
}
