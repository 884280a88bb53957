//! Reading the ledger: an account's books, and whether the whole of it holds together.

use std::collections::BTreeMap;

use billing::money::Micros;
use chrono::DateTime;
use entity::{Book, PaymentMethod, account, ledger_entry, ledger_transfer, register_shift, user};
use serde::Deserialize;
use uuid::Uuid;

use super::calls::pricing;
use super::{App, access};
use crate::auth::{Actor, Right};
use crate::error::{Error, Result};
use crate::store::invariants::{self, Finding, INVARIANTS, MAX_FINDINGS, Unit};
use crate::store::partitions::Gap;
use crate::store::{Page, Store, Tx, accounts, ledger as rows, retention};

/// What one transfer did to one book.
#[derive(Clone, Debug)]
pub struct Line {
    /// The transfer.
    pub transfer: ledger_transfer::Model,
    /// What it changed the book by.
    pub amount: Micros,
    /// The transfer's currency.
    pub currency: String,
    /// Its entries in the book: more than one only of DRAWER.
    pub entries: Vec<ledger_entry::Model>,
    /// Its entries in other books of the actor's branch, with their accounts.
    pub others: Vec<(ledger_entry::Model, account::Model)>,
    /// Who did it, if that is somebody of the actor's branch.
    pub user: Option<user::Model>,
    /// The transfer that took it back.
    pub reversed_by: Option<Uuid>,
}

/// A page of what changed one book of an account in the actor's subtree, by transfer.
///
/// # Errors
/// Not found; forbidden for attendants.
pub async fn list(app: &App, actor: &Actor, account_id: Uuid, book: Book, page: Page) -> Result<Vec<Line>> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, account_id, Right::SeeCredit).await?;
    let ids = rows::transfers_of(conn, account.id, book, page).await?;
    let transfers = rows::transfers(conn, &ids).await?;
    let mut reversed: BTreeMap<Uuid, Uuid> = rows::reversals(conn, &ids).await?;
    let entries = rows::entries(conn, &ids).await?;
    let mut seen = seen_accounts(app, actor, entries.iter().map(|entry| entry.account_id)).await?;
    let users: Vec<Uuid> = transfers.iter().filter_map(|transfer| transfer.user_id).collect();
    let users = accounts::users_by_ids(conn, &users).await?;
    // who belongs to an account that has no entry here
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
            amount: Micros::try_sum(own.iter().map(|entry| entry.amount.into())).map_err(Error::fault)?,
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
    Ok(lines)
}

/// The balances of one book of an account in the actor's subtree, by currency. The account's own is always there.
///
/// # Errors
/// Not found; forbidden for attendants.
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

/// Those of the accounts that are in the actor's subtree.
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
const MONTHS: &str = "every month of calls is there that was not dropped in order";
/// Name of the invariant about holds.
const HOLDS: &str = "what is held is what live calls hold";
/// Name of the invariant about Z reports.
const Z_REPORTS: &str = "Z reports agree with the ledger";

/// An invariant that was looked at.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Its name.
    pub name: &'static str,
    /// What breaks it, a line each: at most [`MAX_FINDINGS`].
    pub findings: Vec<String>,
    /// There are more.
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

/// What happened, and what to do.
fn lost_line(gap: &Gap) -> String {
    format!(
        "{gap}, though calls of then were charged: a partition was taken away by hand. What else is broken may be for want of it. Bring it \
         back, or say that it stays away (docs/operations.md, History): {}",
        gap.mended_by().join("; ")
    )
}

/// How many invariants there are.
pub fn invariant_count() -> usize {
    INVARIANTS.len() + 3
}

/// Looks at every invariant, all on one state of the database; `begin` is told the name of each before it is looked at.
///
/// # Errors
/// Database errors.
pub async fn audit(store: &Store, mut begin: impl FnMut(&'static str) + Send) -> Result<Vec<Checked>> {
    let begin = &mut begin;
    store
        .read(|tx| async move {
            invariants::take_time(tx.conn()).await?;
            let kept_from = retention::calls_kept_from(tx.conn()).await?;
            let mut checked = Vec::new();
            // first: what is not there is found missing by others, too
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

/// What the live calls hold of each account, level by level, against what is written there.
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
            let holds: Vec<i64> = serde_json::from_value(call.holds.clone()).map_err(Error::fault)?;
            // level 0 is the customer's
            for (level, hold) in pricing::levels(call)?.iter().zip(holds).skip(1) {
                let (expected, _) = sums.entry(level.account_id).or_default();
                *expected = expected.saturating_add(hold);
            }
        }
    }
    let wrong = sums.into_iter().filter(|(_, (expected, found))| expected != found);
    Ok(wrong
        .map(|(id, (expected, found))| Finding {
            id: Some(id),
            what: "held of account".to_owned(),
            expected,
            found,
        })
        .take(MAX_FINDINGS + 1)
        .collect())
}

/// What a Z report says of one method, as far as it is looked at here.
#[derive(Deserialize)]
struct ReportedMethod {
    method: PaymentMethod,
    expected: String,
}

/// What closed shifts' Z reports expected in the drawer, against what the ledger has there.
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
            for (method, expected) in reported(shift)? {
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

fn reported(shift: &register_shift::Model) -> Result<Vec<(PaymentMethod, i64)>> {
    let methods = shift.z_report.as_ref().and_then(|report| report.get("methods")).cloned();
    let Some(methods) = methods else { return Ok(Vec::new()) };
    let methods: Vec<ReportedMethod> = serde_json::from_value(methods).map_err(Error::fault)?;
    let parsed = methods.into_iter().map(|reported| {
        let expected = Micros::parse(&reported.expected).map_err(Error::fault)?;
        Ok((reported.method, expected.0))
    });
    parsed.collect()
}
