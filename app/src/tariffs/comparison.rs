//! Compares two versions, or a draft with its base version: the number of prefixes of each kind, and the prefixes page by page.
//!
//! Stored versions are read in blocks. Both versions are read up to the same prefix, so a comparison needs little memory and only short queries.

use std::ops::ControlFlow;
use std::sync::Arc;

use billing::rate_changes::{RateChangeCounts, RateChangeKind, RatePair, pairs};
use billing::tariff::Rate;
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, Semaphore};
use uuid::Uuid;

use super::{Term, Version, find_version, permit};
use crate::App;
use crate::auth::Actor;
use crate::rates::{LoadedVersion, Terms, from_row};
use base::error::{Error, ErrorCode, Result};
use store::page::Total;
use store::tariffs::{RateFilter, RatePage, rates, version};
use store::{Listed, Reader};

/// Number of rates that the first queries read. Most pages need few rates, but a search for a rare kind may need many, so each further block is
/// larger than the block before.
const FIRST_BLOCK: u64 = 500;
/// Largest number of rates that one query reads.
const LARGEST_BLOCK: u64 = 10_000;

/// Limits the number of comparisons that run at the same time. A single request may ask for many comparisons.
static COMPARED: Semaphore = Semaphore::const_new(4);

/// Two lists of rates to compare.
#[derive(Clone, Debug)]
pub struct Comparison {
    before: Side,
    after: Side,
    currency: String,
    counts: Arc<OnceCell<RateChangeCounts>>,
}

#[derive(Clone, Debug)]
enum Side {
    /// No rates: a first version is compared with nothing.
    Nothing,
    /// A stored version.
    Stored(Uuid),
    /// The rates of a dry run's draft, which is not stored.
    Loaded(Arc<LoadedVersion>),
}

/// A prefix of either version, with its rate in each version. At least one of the two rates is present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateChange {
    /// The rate in the earlier version.
    pub before: Option<Rate>,
    /// The rate in the later version.
    pub after: Option<Rate>,
}

impl RateChange {
    fn of(pair: RatePair<'_>) -> Self {
        Self { before: pair.before.cloned(), after: pair.after.cloned() }
    }

    /// The later rate or, if the prefix was removed, the earlier rate.
    pub fn rate(&self) -> Option<&Rate> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// The prefix, in E.164 digits.
    pub fn prefix(&self) -> &str {
        self.rate().map_or("", |rate| rate.prefix.as_str())
    }

    /// How the prefix differs.
    pub fn kind(&self) -> RateChangeKind {
        RatePair { before: self.before.as_ref(), after: self.after.as_ref() }.kind()
    }
}

/// Compares two versions of tariffs that the actor may manage. The versions may belong to different tariffs in the same currency.
///
/// # Errors
/// Fails with `CURRENCY_MISMATCH`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn compare(app: &App, actor: &Actor, from: Uuid, to: Uuid) -> Result<Comparison> {
    let (from, to) = (find_version(app, actor, from).await?, find_version(app, actor, to).await?);
    if from.tariff.currency != to.tariff.currency {
        let message = base::message!(
            "The versions have prices in {from} and {to}. Compare versions in one currency.",
            from = from.tariff.currency,
            to = to.tariff.currency
        );
        return Err(Error::field(ErrorCode::CurrencyMismatch, "to", message));
    }
    Ok(Comparison::new(Side::Stored(from.version.id), Side::Stored(to.version.id), &to.tariff.currency))
}

/// Compares a version with the version that it replaces or would replace: its base version. The first version is compared with nothing. Checks no
/// rights, because the caller already has the version.
pub fn changes_of(version: &Version) -> Comparison {
    let before = version.version.base_version_id.map_or(Side::Nothing, Side::Stored);
    Comparison::new(before, Side::Stored(version.version.id), &version.tariff.currency)
}

impl Comparison {
    fn new(before: Side, after: Side, currency: &str) -> Self {
        Self { before, after, currency: currency.to_owned(), counts: Arc::default() }
    }

    /// Compares a draft, which need not be stored, with the version that it started from. `counts` are the numbers of differences, which the caller
    /// has already counted.
    pub(super) fn of_draft(
        base: Option<Uuid>,
        draft: Arc<LoadedVersion>,
        currency: &str,
        counts: RateChangeCounts,
    ) -> Self {
        let before = base.map_or(Side::Nothing, Side::Stored);
        let counts = Arc::new(OnceCell::from(counts));
        Self { counts, ..Self::new(before, Side::Loaded(draft), currency) }
    }

    /// Compares a stored version with the version on which it is based. `counts` are the numbers of differences, which the caller has already
    /// counted.
    pub(super) fn of_stored(
        base: Option<Uuid>,
        version: Uuid,
        currency: &str,
        counts: RateChangeCounts,
    ) -> Self {
        let before = base.map_or(Side::Nothing, Side::Stored);
        let counts = Arc::new(OnceCell::from(counts));
        Self { counts, ..Self::new(before, Side::Stored(version), currency) }
    }

    /// The currency of both versions' prices.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// Counts the prefixes of each kind on the first use, and returns the same counts afterward.
    ///
    /// # Errors
    /// Fails with a fault for an invalid row. May also fail with database errors.
    pub async fn counts(&self, app: &App) -> Result<RateChangeCounts> {
        let counted = self.counts.get_or_try_init(|| async {
            let mut counts = RateChangeCounts::default();
            let count = |pair: RatePair<'_>| {
                counts.add(pair.kind());
                ControlFlow::Continue(())
            };
            self.walk(app.store.reader(), Bounds::default(), count).await?;
            Ok::<_, Error>(counts)
        });
        counted.await.copied()
    }

    /// The parts of the terms that differ; none if there is no earlier version.
    ///
    /// # Errors
    /// See [`Comparison::counts`].
    pub async fn changed_terms(&self, app: &App) -> Result<Vec<Term>> {
        let conn = app.store.reader();
        let (before, after) = (self.before.terms(conn).await?, self.after.terms(conn).await?);
        Ok(before.zip(after).map(|(before, after)| Term::differing(&before, &after)).unwrap_or_default())
    }

    /// Lists one page of the prefixes in their order: only the prefixes of this kind, or all prefixes if `kind` is `None`.
    ///
    /// # Errors
    /// See [`Comparison::counts`].
    pub async fn page(
        &self,
        app: &App,
        kind: Option<RateChangeKind>,
        page: RatePage,
    ) -> Result<Listed<RateChange>> {
        let total = match page.counted {
            true => {
                let counts = self.counts(app).await?;
                Some(Total::of(kind.map_or_else(|| counts.total(), |kind| counts.of(kind))))
            }
            false => None,
        };
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let bounds = Bounds { after: page.after, before: page.before, descending: page.descending };
        let mut rows = Vec::new();
        let collect = |pair: RatePair<'_>| {
            if kind.is_none_or(|kind| kind == pair.kind()) {
                rows.push(RateChange::of(pair));
            }
            if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        self.walk(app.store.reader(), bounds, collect).await?;
        Ok(Listed { rows, total })
    }

    /// The first differences, sorted by prefix; at most `limit`.
    ///
    /// # Errors
    /// Fails with a fault for an invalid row. May also fail with database errors.
    pub(super) async fn differences(&self, app: &App, limit: usize) -> Result<Vec<RateChange>> {
        let mut found = Vec::new();
        let collect = |pair: RatePair<'_>| {
            if pair.kind() != RateChangeKind::Unchanged {
                found.push(RateChange::of(pair));
            }
            if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        // a node runs few imports at a time, so this comparison needs no permit
        self.visit(app.store.reader(), Bounds::default(), collect).await?;
        Ok(found)
    }

    /// Visits the prefixes within the bounds, in order, until `visit` returns `Break`.
    ///
    /// # Errors
    /// Fails with `OVERLOADED` if too many versions are compared at the same time.
    async fn walk(
        &self,
        conn: &Reader,
        bounds: Bounds,
        visit: impl FnMut(RatePair<'_>) -> ControlFlow<()> + Send,
    ) -> Result<()> {
        let _permit = permit(&COMPARED, "too many tariff versions are being compared").await?;
        self.visit(conn, bounds, visit).await
    }

    async fn visit(
        &self,
        conn: &Reader,
        mut bounds: Bounds,
        mut visit: impl FnMut(RatePair<'_>) -> ControlFlow<()> + Send,
    ) -> Result<()> {
        let mut limit = FIRST_BLOCK;
        loop {
            let before = self.before.block(conn, &bounds, limit).await?;
            let after = self.after.block(conn, &bounds, limit).await?;
            let end = complete_until(&[&before, &after], limit, bounds.descending);
            let known = |rate: &&Rate| match &end {
                None => true,
                Some(end) if bounds.descending => rate.prefix >= *end,
                Some(end) => rate.prefix <= *end,
            };
            let (old, new) = (before.iter().take_while(known), after.iter().take_while(known));
            for pair in pairs(old, new, bounds.descending) {
                if visit(pair).is_break() {
                    return Ok(());
                }
            }
            let Some(end) = end else { return Ok(()) };
            if bounds.descending {
                bounds.before = Some(end);
            } else {
                bounds.after = Some(end);
            }
            limit = (limit * 4).min(LARGEST_BLOCK);
        }
    }
}

/// The prefix up to which both blocks are complete; `None` if both blocks reach the end of their version.
fn complete_until(blocks: &[&Vec<Rate>], limit: u64, descending: bool) -> Option<String> {
    let full = blocks.iter().filter(|block| block.len() as u64 >= limit);
    let ends = full.filter_map(|block| block.last()).map(|rate| &rate.prefix);
    let end = if descending { ends.max() } else { ends.min() };
    end.cloned()
}

/// The range of prefixes to read. Both ends of the range are exclusive.
#[derive(Clone, Debug, Default)]
struct Bounds {
    after: Option<String>,
    before: Option<String>,
    descending: bool,
}

impl Side {
    async fn terms(&self, conn: &Reader) -> Result<Option<Terms>> {
        match self {
            Self::Nothing => Ok(None),
            Self::Stored(id) => version(conn, *id).await?.as_ref().map(Terms::of).transpose(),
            Self::Loaded(draft) => Ok(Some(draft.terms.clone())),
        }
    }

    /// The first `limit` rates within the bounds, in the direction that the bounds give.
    async fn block(&self, conn: &Reader, bounds: &Bounds, limit: u64) -> Result<Vec<Rate>> {
        let Bounds { after, before, descending } = bounds.clone();
        match self {
            Self::Nothing => Ok(Vec::new()),
            Self::Stored(id) => {
                let page = RatePage { after, before, limit, descending, counted: false };
                let rows = rates(conn, *id, &RateFilter::default(), page).await?.rows;
                rows.into_iter().map(from_row).collect()
            }
            Self::Loaded(draft) => {
                let rates = draft.table.iter().as_slice();
                let start = after.map_or(0, |after| rates.partition_point(|rate| rate.prefix <= after));
                let end =
                    before.map_or(rates.len(), |before| rates.partition_point(|rate| rate.prefix < before));
                let within = rates.get(start..end).unwrap_or_default().iter();
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                Ok(if descending {
                    within.rev().take(limit).cloned().collect()
                } else {
                    within.take(limit).cloned().collect()
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(prefixes: &[&str]) -> Vec<Rate> {
        let json = |prefix: &&str| {
            serde_json::json!({ "prefix": prefix, "destination": "Place", "price_per_minute": 1, "connection_fee": 0,
                "initial_increment": 1, "increment": 1 })
        };
        prefixes.iter().map(|prefix| serde_json::from_value(json(prefix)).expect("a rate")).collect()
    }

    #[test]
    fn a_block_is_compared_as_far_as_both_sides_are_known() {
        let (short, full, other) = (block(&["1"]), block(&["1", "2"]), block(&["3", "4"]));
        let until = |a: &Vec<Rate>, b: &Vec<Rate>, descending| complete_until(&[a, b], 2, descending);
        assert_eq!(until(&short, &short, false), None);
        assert_eq!(until(&short, &full, false).as_deref(), Some("2"));
        assert_eq!(until(&full, &other, false).as_deref(), Some("2"));
        assert_eq!(until(&full, &other, true).as_deref(), Some("4"));
    }
}
