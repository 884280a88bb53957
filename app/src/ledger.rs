//! Reads an account's books, and audits all invariants.

use std::collections::BTreeMap;

use billing::money::Micros;
use chrono::DateTime;
use entity::{Book, PaymentMethod, account, ledger_entry, ledger_transfer, register_shift, user};
use serde::Deserialize;
use uuid::Uuid;

use super::calls::pricing;
use super::{App, access};
use crate::auth::{Actor, Right};
use base::error::{OrFault as _, Result};
use store::invariants::{self, Finding, INVARIANTS, MAX_FINDINGS, Unit};
use store::partitions::Gap;
use store::{Listed, Page, Store, Tx, Within, accounts, ledger as rows, retention};

/// The effect of one transfer on one book.
#[derive(Clone, Debug)]
pub struct Line {
    /// The transfer.
    pub transfer: ledger_transfer::Model,
    /// The change in the book's balance.
    pub amount: Micros,
    /// The transfer's currency.
    pub currency: String,
    /// The transfer's entries in the book. Only DRAWER can have more than one entry per transfer.
    pub entries: Vec<ledger_entry::Model>,
    /// The other entries of the transfer in the actor's subtree, with their accounts.
    pub others: Vec<(ledger_entry::Model, account::Model)>,
    /// The user who made the transfer; `None` if no user made the transfer, or if the user is outside the actor's subtree.
    pub user: Option<user::Model>,
    /// Id of the transfer that reversed this transfer; `None` if it was not reversed.
    pub reversed_by: Option<Uuid>,
}

/// Lists one page of the transfers that changed one book of an account in a time range. The account must be in the actor's subtree.
///
/// # Errors
/// Fails with `FORBIDDEN` for attendants. May also fail with `NOT_FOUND`.
pub async fn list(
    app: &App,
    actor: &Actor,
    account_id: Uuid,
    book: Book,
    within: Within,
    page: Page,
) -> Result<Listed<Line>> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, account_id, Right::SeeCredit).await?;
    // postings and charges are read from one snapshot: otherwise a page could have a corrected charge without the reversal of the charge before it
    let found = app
        .store
        .read(|tx| async move { rows::transfers_of(tx.conn(), account.id, book, within, page).await });
    let Listed { rows: ids, total } = found.await?;
    let transfers = rows::transfers(conn, &ids).await?;
    let mut reversed: BTreeMap<Uuid, Uuid> = rows::reversals(conn, &ids).await?;
    let entries = rows::entries(conn, &ids).await?;
    let mut seen = seen_accounts(app, actor, entries.iter().map(|entry| entry.account_id)).await?;
    let users: Vec<Uuid> = transfers.iter().filter_map(|transfer| transfer.user_id).collect();
    let users = accounts::users_by_ids(conn, &users).await?;
    // a user may belong to an account that has no entry in these transfers
    seen.extend(seen_accounts(app, actor, users.iter().map(|user| user.account_id)).await?);
    let lines = transfers.into_iter().map(|transfer| {
        let of_it = || entries.iter().filter(|entry| entry.transfer_id == transfer.id).cloned();
        let (own, other): (Vec<_>, Vec<_>) =
            of_it().partition(|entry| entry.account_id == account.id && entry.book == book);
        let others = other.into_iter().filter_map(|entry| {
            let account = seen.get(&entry.account_id)?.clone();
            Some((entry, account))
        });
        let user = users.iter().find(|user| Some(user.id) == transfer.user_id);
        Ok(Line {
            amount: Micros::try_sum(own.iter().map(|entry| entry.amount.into())).or_fault()?,
            currency: transfer.currency.clone(),
            entries: own,
            others: others.collect(),
            user: user.filter(|user| seen.contains_key(&user.account_id)).cloned(),
            reversed_by: reversed.remove(&transfer.id),
            transfer,
        })
    });
    let mut lines: Vec<Line> = lines.collect::<Result<_>>()?;
    lines.sort_by_key(|line| ids.iter().position(|id| *id == line.transfer.id));
    Ok(Listed { rows: lines, total })
}

/// The balances of one book of an account in the actor's subtree, by currency. The account's own currency is always included.
///
/// # Errors
/// Fails with `FORBIDDEN` for attendants. May also fail with `NOT_FOUND`.
pub async fn balances(
    app: &App,
    actor: &Actor,
    account_id: Uuid,
    book: Book,
) -> Result<BTreeMap<String, Micros>> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, account_id, Right::SeeCredit).await?;
    let mut balances = rows::balances(conn, account.id, book).await?;
    balances.entry(account.currency).or_default();
    Ok(balances)
}

/// The accounts with these ids, limited to the actor's subtree.
async fn seen_accounts(
    app: &App,
    actor: &Actor,
    ids: impl Iterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, account::Model>> {
    let ids: Vec<Uuid> = ids.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let scope = actor.scope();
    let found = accounts::by_ids(app.store.reader(), &ids).await?;
    Ok(found
        .into_iter()
        .filter(|account| scope.holds(&account.path))
        .map(|account| (account.id, account))
        .collect())
}

/// Name of the invariant about partitions.
const MONTHS: &str = "no month of calls is missing";
/// Name of the invariant about holds.
const HOLDS: &str = "held amounts equal the holds of live calls";
/// Name of the invariant about Z reports.
const Z_REPORTS: &str = "Z reports agree with the ledger";

/// The result of checking one invariant.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Name of the invariant.
    pub name: &'static str,
    /// The violations of the invariant, one line each, at most [`MAX_FINDINGS`]. The list is empty if the invariant holds.
    pub findings: Vec<String>,
    /// Whether there are violations beyond those listed.
    pub more: bool,
}

impl Checked {
    fn new(name: &'static str, unit: Unit, mut findings: Vec<Finding>) -> Self {
        let more = findings.len() > MAX_FINDINGS;
        findings.truncate(MAX_FINDINGS);
        Self { name, findings: findings.iter().map(|finding| line(finding, unit)).collect(), more }
    }
}

fn line(finding: &Finding, unit: Unit) -> String {
    let id = finding.id.map_or_else(String::new, |id| format!(" {id}"));
    let figure = |value: i64| match unit {
        Unit::Money => Micros(value).to_string(),
        Unit::Count => value.to_string(),
    };
    format!("{}{id}: {}, should be {}", finding.what, figure(finding.found), figure(finding.expected))
}

/// The line that reports a missing month of calls and explains how to fix it.
fn lost_line(gap: &Gap) -> String {
    format!(
        "{gap}, although calls of that time were charged: somebody removed a partition. Other violations may result from this. Attach the partition \
         again, or declare it removed (docs/operations.md, History): {}",
        gap.mended_by().join("; ")
    )
}

/// Number of invariants that [`audit`] checks.
pub fn invariant_count() -> usize {
    INVARIANTS.len() + 3
}

/// Checks every invariant on a single snapshot of the database. Before each check, calls `begin` with the invariant's name.
///
/// # Errors
/// May fail with database errors.
pub async fn audit(store: &Store, mut begin: impl FnMut(&'static str) + Send) -> Result<Vec<Checked>> {
    let begin = &mut begin;
    store
        .read(|tx| async move {
            invariants::take_time(tx.conn()).await?;
            let kept_from = retention::calls_kept_from(tx.conn()).await?;
            let mut checked = Vec::new();
            // check for missing months first, because a missing month also violates other invariants
            begin(MONTHS);
            let lost = invariants::lost_months(tx.conn(), kept_from).await?;
            checked.push(Checked {
                name: MONTHS,
                findings: lost.iter().map(lost_line).collect(),
                more: false,
            });
            let kept_from = kept_from.unwrap_or(DateTime::UNIX_EPOCH);
            for invariant in INVARIANTS {
                begin(invariant.name);
                let findings = invariant.check(tx.conn(), kept_from).await?;
                checked.push(Checked::new(invariant.name, invariant.unit, findings));
            }
            begin(HOLDS);
            checked.push(Checked::new(HOLDS, Unit::Money, holds(&tx).await?));
            begin(Z_REPORTS);
            checked.push(Checked::new(Z_REPORTS, Unit::Money, z_reports(&tx).await?));
            Ok(checked)
        })
        .await
}

/// For each account, compares the stored held amount with the sum of the holds of the account's live calls.
async fn holds(tx: &Tx) -> Result<Vec<Finding>> {
    let mut sums: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
    for (account, held) in invariants::held(tx.conn()).await? {
        sums.entry(account).or_default().1 = held;
    }
    let mut after = None;
    loop {
        let calls = invariants::live_calls(tx.conn(), after).await?;
        let Some(last) = calls.last() else { break };
        after = Some(last.id);
        for call in &calls {
            let holds: Vec<i64> = serde_json::from_value(call.holds.clone()).or_fault()?;
            // skip level 0, the customer, because no account's credit is reserved for that level
            for (level, hold) in pricing::keys(call)?.iter().zip(holds).skip(1) {
                let (expected, _) = sums.entry(level.account_id).or_default();
                *expected = expected.saturating_add(hold);
            }
        }
    }
    let wrong = sums.into_iter().filter(|(_, (expected, found))| expected != found);
    Ok(wrong
        .map(|(id, (expected, found))| Finding {
            id: Some(id),
            what: "held amount of account".to_owned(),
            expected,
            found,
        })
        .take(MAX_FINDINGS + 1)
        .collect())
}

/// The fields that the audit reads from a Z report's line for one payment method.
#[derive(Deserialize)]
struct ReportedMethod {
    method: PaymentMethod,
    expected: String,
}

/// Compares the expected amounts in closed shifts' Z reports with the drawer in the ledger.
async fn z_reports(tx: &Tx) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut after = None;
    while findings.len() <= MAX_FINDINGS {
        let shifts = invariants::closed_shifts(tx.conn(), after).await?;
        let Some(last) = shifts.last() else { break };
        after = Some(last.id);
        let ids: Vec<Uuid> = shifts.iter().map(|shift| shift.id).collect();
        let mut posted = invariants::uncounted(tx.conn(), &ids).await?;
        for shift in &shifts {
            let Some(methods) = reported(shift)? else {
                let what = "Z report of a closed shift".to_owned();
                findings.push(Finding { id: Some(shift.id), what, expected: 1, found: 0 });
                continue;
            };
            for (method, expected) in methods {
                let found = posted.remove(&(shift.id, method)).unwrap_or(0);
                findings.extend(differs(shift.id, method, expected, found));
            }
        }
        findings.extend(posted.into_iter().filter_map(|((id, method), found)| differs(id, method, 0, found)));
    }
    findings.truncate(MAX_FINDINGS + 1);
    Ok(findings)
}

fn differs(id: Uuid, method: PaymentMethod, expected: i64, found: i64) -> Option<Finding> {
    let what = format!("{} of shift", method.as_str());
    (expected != found).then_some(Finding { id: Some(id), what, expected, found })
}

/// The expected amounts in a Z report; `None` if the shift has no report.
fn reported(shift: &register_shift::Model) -> Result<Option<Vec<(PaymentMethod, i64)>>> {
    let methods = shift.z_report.as_ref().and_then(|report| report.get("methods")).cloned();
    let Some(methods) = methods else { return Ok(None) };
    let methods: Vec<ReportedMethod> = serde_json::from_value(methods).or_fault()?;
    let parsed = methods.into_iter().map(|reported| {
        let expected = Micros::parse(&reported.expected).or_fault()?;
        Ok((reported.method, expected.0))
    });
    parsed.collect::<Result<_>>().map(Some)
}
