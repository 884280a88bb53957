//! An account's statement for a period. The statement shows the account's credit with its parent: the opening balance, the movements, and the closing
//! balance.

mod paper;

use std::collections::BTreeMap;

use billing::money::Micros;
use billing::table::Cell;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use entity::{TransferKind, account, tariff_version};
use uuid::Uuid;

use super::{App, access};
use crate::auth::{Actor, Right};
use crate::exports;
use crate::receipt::Locale;
use base::error::{Error, OrFault as _, Result};
use store::exports::{self as rows, CreditEntry};
use store::tariffs::{self, Owners};
use store::{Tx, Within, ledger};

/// Number of entries that one SQL query reads.
const PAGE: u64 = 5_000;
/// Maximum number of ledger entries since the beginning of the period, including entries after its end.
const MAX_ENTRIES: u64 = 5_000_000;
/// Maximum number of top-ups, adjustments and reversals that are listed one by one. The movements beyond this number are added up by kind.
const MAX_LISTED: usize = 1_000;

/// The names of the columns, for a statement in the form of a table.
pub(crate) const COLUMNS: [&str; 10] = [
    "kind",
    "at",
    "note",
    "version",
    "version_active_from",
    "calls",
    "billed_seconds",
    "currency",
    "amount",
    "balance",
];

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    /// The parent gave credit.
    TopUp,
    /// The parent corrected the credit.
    Adjustment,
    /// The parent reversed a top-up or an adjustment.
    Reversal,
    /// The account paid for calls whose prices come from one tariff version. Charges that were corrected later are included, together with their
    /// corrections.
    Calls,
}

impl LineKind {
    /// The name in tables and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "TOP_UP",
            Self::Adjustment => "ADJUSTMENT",
            Self::Reversal => "REVERSAL",
            Self::Calls => "CALLS",
        }
    }

    fn of(entry: &CreditEntry) -> Self {
        match (entry.kind, entry.reversed) {
            (TransferKind::TopUp, _) => Self::TopUp,
            (TransferKind::Call, _) | (TransferKind::Reversal, Some(TransferKind::Call)) => Self::Calls,
            (TransferKind::Reversal, _) => Self::Reversal,
            _ => Self::Adjustment,
        }
    }
}

/// A movement of the credit, or the sum of several movements.
#[derive(Clone, Debug)]
pub struct Line {
    /// The kind.
    pub kind: LineKind,
    /// When the movement was booked; `None` for a sum.
    pub at: Option<DateTime<Utc>>,
    /// Reason that the user gave; may be empty.
    pub note: String,
    /// The tariff version that priced the calls; `None` for other kinds.
    pub version: Option<tariff_version::Model>,
    /// Number of charged calls; for other kinds, the number of movements.
    pub count: i64,
    /// Seconds billed for the calls.
    pub billed_seconds: i64,
    /// Signed change in the credit.
    pub amount: Micros,
}

/// A statement. `opening` plus the amounts of `lines` is exactly `closing`.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The account.
    pub account: account::Model,
    /// The period.
    pub within: Within,
    /// When the statement was made.
    pub made_at: DateTime<Utc>,
    /// Balance before the period.
    pub opening: Micros,
    /// Top-ups, adjustments and reversals in the order of their booking, then one sum of calls for each tariff version.
    pub lines: Vec<Line>,
    /// Balance at the end of the period.
    pub closing: Micros,
}

/// The statement of an account in the actor's subtree. If the period has no end, it lasts until now.
///
/// # Errors
/// Fails with `INVALID_INPUT` for the platform, which has no parent, and if the account has too many entries since the beginning of the period. May
/// also fail with `NOT_FOUND`, and with `FORBIDDEN` for attendants.
pub async fn statement(app: &App, actor: &Actor, account_id: Uuid, within: Within) -> Result<Statement> {
    let account = access::account(app.store.reader(), actor, account_id, Right::SeeCredit).await?;
    if account.parent_id.is_none() {
        let message = "The platform has no parent, so it has no statement. Choose an account below it.";
        return Err(Error::invalid("accountId", message));
    }
    let (id, made_at) = (account.id, app.clock.now());
    // the balance and the entries are read from one snapshot, so that the figures agree
    let (balance, books) = app
        .store
        .read(|tx| async move {
            let credit = ledger::credit(tx.conn(), &[id]).await?;
            let balance = credit.get(&id).map(|credit| credit.balance).unwrap_or_default();
            Ok((balance, Books::read(&tx, id, within).await?))
        })
        .await?;
    let closing = balance.checked_sub(books.later).or_fault()?;
    let opening = closing.checked_sub(books.moved).or_fault()?;
    let lines = books.lines(app).await?;
    Ok(Statement { account, within, made_at, opening, lines, closing })
}

/// The statement from the day `from` to the day `to` in the account's time zone, both inclusive.
///
/// # Errors
/// Fails with `INVALID_INPUT` for an empty period. See also [`statement`].
pub async fn of_days(
    app: &App,
    actor: &Actor,
    account_id: Uuid,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Statement> {
    let account = access::account(app.store.reader(), actor, account_id, Right::SeeCredit).await?;
    let zone: Tz = account.time_zone.parse().or_fault()?;
    let within = exports::period(zone, Some(&from.to_string()), Some(&to.to_string()))?;
    statement(app, actor, account_id, within).await
}

/// The entries of a period, added up.
#[derive(Default)]
struct Books {
    /// Sum of the entries in the period.
    moved: Micros,
    /// Sum of the entries after the period.
    later: Micros,
    listed: Vec<Line>,
    /// Sums, by kind, of the movements that no longer fit in the list.
    further: BTreeMap<LineKind, Line>,
    calls: BTreeMap<Option<Uuid>, Line>,
}

impl Books {
    async fn read(tx: &Tx, account_id: Uuid, within: Within) -> Result<Self> {
        let mut books = Self::default();
        let mut after = within.from.map_or(Uuid::nil(), rows::before);
        let mut read = 0_u64;
        loop {
            let entries = rows::credit_entries(tx.conn(), account_id, after, PAGE).await?;
            let Some(last) = entries.last() else { return Ok(books) };
            after = last.transfer_id;
            read = read.saturating_add(PAGE);
            if read > MAX_ENTRIES {
                return Err(too_long());
            }
            for entry in entries {
                books.add(entry, within)?;
            }
        }
    }

    fn add(&mut self, entry: CreditEntry, within: Within) -> Result<()> {
        let amount = Micros::from(entry.amount);
        if within.from.is_some_and(|from| entry.at < from) {
            return Ok(());
        }
        if within.to.is_some_and(|to| entry.at >= to) {
            self.later = self.later.checked_add(amount).or_fault()?;
            return Ok(());
        }
        self.moved = self.moved.checked_add(amount).or_fault()?;
        let kind = LineKind::of(&entry);
        // a reversal subtracts the call, and the corrected charge adds it again
        let sign = if entry.reversed.is_some() && kind == LineKind::Calls { -1 } else { 1 };
        let seconds = sign * i64::from(entry.billed_seconds.unwrap_or(0));
        let sum = match kind {
            LineKind::Calls => self.calls.entry(entry.version_id).or_insert_with(|| Line::empty(kind)),
            _ if self.listed.len() < MAX_LISTED => {
                let (at, note) = (Some(entry.at), entry.note);
                self.listed.push(Line { at, note, count: 1, amount, ..Line::empty(kind) });
                return Ok(());
            }
            _ => self.further.entry(kind).or_insert_with(|| Line::empty(kind)),
        };
        sum.count += sign;
        sum.billed_seconds += if kind == LineKind::Calls { seconds } else { 0 };
        sum.amount = sum.amount.checked_add(amount).or_fault()?;
        Ok(())
    }

    /// The lines in the order of the statement.
    async fn lines(self, app: &App) -> Result<Vec<Line>> {
        let ids: Vec<Uuid> = self.calls.keys().copied().flatten().collect();
        let (_, versions) = tariffs::find_versions(app.store.reader(), &Owners::Nobody, &ids).await?;
        let mut calls: Vec<Line> = self
            .calls
            .into_iter()
            .map(|(id, line)| {
                let version = versions.iter().find(|version| Some(version.id) == id).cloned();
                Line { version, ..line }
            })
            .collect();
        calls.sort_by_key(|line| line.version.as_ref().and_then(|version| version.active_from));
        let mut lines = self.listed;
        lines.sort_by_key(|line| line.at);
        lines.extend(self.further.into_values());
        lines.extend(calls);
        Ok(lines)
    }
}

impl Line {
    fn empty(kind: LineKind) -> Self {
        Self {
            kind,
            at: None,
            note: String::new(),
            version: None,
            count: 0,
            billed_seconds: 0,
            amount: Micros::ZERO,
        }
    }
}

fn too_long() -> Error {
    let message = base::message!(
        "The account has more than {max} ledger entries since the beginning of the period. Choose a later beginning.",
        max = MAX_ENTRIES
    );
    Error::invalid("from", message)
}

impl Statement {
    /// The rows of [`COLUMNS`], with the opening balance first and the closing balance last. Times have the offset of `zone`.
    pub(crate) fn table(&self, zone: Tz) -> Vec<Vec<Cell>> {
        let time = |at: DateTime<Utc>| {
            Cell::Text(at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Millis, false))
        };
        let currency = || Cell::Text(self.account.currency.clone());
        let balance = |kind: &str, at: Option<DateTime<Utc>>, amount: Micros| {
            let mut cells = vec![Cell::Text(kind.to_owned()), at.map_or(Cell::Empty, time)];
            cells.extend([Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty]);
            cells.extend([currency(), Cell::Empty, Cell::Money(amount)]);
            cells
        };
        let row = |line: &Line| {
            let of_calls = line.kind == LineKind::Calls;
            let version = line.version.as_ref();
            vec![
                Cell::Text(line.kind.as_str().to_owned()),
                line.at.map_or(Cell::Empty, time),
                Cell::Text(line.note.clone()),
                Cell::count(version.map(|version| version.number)),
                version.and_then(|version| version.active_from).map_or(Cell::Empty, time),
                if of_calls { Cell::Count(line.count) } else { Cell::Empty },
                if of_calls { Cell::Count(line.billed_seconds) } else { Cell::Empty },
                currency(),
                Cell::Money(line.amount),
                Cell::Empty,
            ]
        };
        let mut rows = vec![balance("OPENING", self.within.from, self.opening)];
        rows.extend(self.lines.iter().map(row));
        rows.push(balance("CLOSING", Some(self.ends_at()), self.closing));
        rows
    }

    /// When the period ended, or when the statement was made if that is earlier.
    pub fn ends_at(&self) -> DateTime<Utc> {
        self.within.to.map_or(self.made_at, |to| to.min(self.made_at))
    }

    /// The statement as a PDF document.
    pub(crate) fn pdf(&self, locale: Locale) -> Vec<u8> {
        paper::pdf(self, locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: TransferKind, amount: i64, second: i64) -> CreditEntry {
        CreditEntry {
            transfer_id: Uuid::now_v7(),
            kind,
            reversed: None,
            at: DateTime::from_timestamp(second, 0).expect("a time"),
            note: String::new(),
            version_id: None,
            billed_seconds: None,
            amount: entity::Micros(amount),
        }
    }

    #[test]
    fn a_corrected_call_counts_once_with_its_present_seconds() {
        let version = Some(Uuid::now_v7());
        let call = |kind, amount| CreditEntry {
            version_id: version,
            billed_seconds: Some(60),
            ..entry(kind, amount, 5)
        };
        let mut books = Books::default();
        let undone = CreditEntry { reversed: Some(TransferKind::Call), ..call(TransferKind::Reversal, 7) };
        for entry in [call(TransferKind::Call, -7), undone, call(TransferKind::Call, -5)] {
            books.add(entry, Within::default()).expect("a sum");
        }
        let line = &books.calls[&version];
        assert_eq!((line.count, line.billed_seconds, line.amount), (1, 60, Micros(-5)));
        assert_eq!(books.moved, Micros(-5));
    }

    #[test]
    fn movements_outside_the_period_are_not_listed_and_long_lists_are_added_up() {
        let at = |second| DateTime::from_timestamp(second, 0);
        let within = Within { from: at(10), to: at(20) };
        let mut books = Books::default();
        for second in [9, 10, 19, 20] {
            books.add(entry(TransferKind::TopUp, 1 << second, second), within).expect("a sum");
        }
        assert_eq!((books.moved, books.later), (Micros((1 << 10) + (1 << 19)), Micros(1 << 20)));
        for _ in 0..MAX_LISTED {
            books.add(entry(TransferKind::Adjustment, -1, 15), within).expect("a sum");
        }
        assert_eq!(books.listed.len(), MAX_LISTED);
        let further = &books.further[&LineKind::Adjustment];
        assert_eq!((further.count, further.amount), (2, Micros(-2)));
    }
}
