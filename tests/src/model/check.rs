//! Compares the rows of a branch with the model.

use std::collections::BTreeMap;

use app::{register, sessions};
use entity::{
    Book, CallState, PaymentMethod, SessionState, cabin_session, call, ledger_balance, ledger_entry,
};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

use super::Wrong;
use super::books::{Call, LONGEST, Session, State};
use super::drive::{Drive, owner};
use super::ops::SHOPS;

macro_rules! same {
    ($what:expr, $expected:expr, $found:expr) => {
        let (expected, found) = (&$expected, &$found);
        if expected != found {
            return Err(format!("{} should be {expected:?}, is {found:?}", $what));
        }
    };
}

fn failed(error: impl std::fmt::Display) -> Wrong {
    error.to_string()
}

/// The checks that run after every step.
pub(super) async fn step(drive: &Drive<'_>) -> Result<(), Wrong> {
    balances(drive).await?;
    entries(drive).await?;
    calls(drive).await?;
    sessions_(drive).await
}

fn ids(drive: &Drive<'_>) -> Vec<Uuid> {
    drive.branch.accounts.iter().map(|account| account.id).collect()
}

/// Checks that balances and holds match the model, that no account exceeds its limit, and that the branch sums to zero.
async fn balances(drive: &Drive<'_>) -> Result<(), Wrong> {
    let ids = ids(drive);
    let rows =
        ledger_balance::Entity::find().filter(ledger_balance::Column::AccountId.is_in(ids.iter().copied()));
    let rows = rows.all(drive.program.app.store.reader()).await.map_err(failed)?;
    let mut found: BTreeMap<(usize, Book), i64> = BTreeMap::new();
    for row in rows {
        let account = ids
            .iter()
            .position(|id| *id == row.account_id)
            .ok_or("a balance of an account outside the branch")?;
        found.insert((account, row.book), row.balance.0);
        let held = if row.book == Book::Credit { drive.books.held(account) } else { 0 };
        same!(format!("held of account {account} {:?}", row.book), held, row.held.0);
        if row.book == Book::Credit
            && let Some(limit) = drive.books.limits[account]
            && row.balance.0 + limit - row.held.0 < 0
        {
            return Err(format!("account {account} has exceeded its limit of {limit}: {row:?}"));
        }
    }
    same!("the sum of all balances", 0, found.values().sum::<i64>());
    found.retain(|_, balance| *balance != 0);
    let mut expected = drive.books.balances.clone();
    expected.retain(|_, balance| *balance != 0);
    same!("balances", expected, found);
    Ok(())
}

/// A row that has an account, a book, a shift, a method, and the sum of the entries.
type Sum = (Uuid, Book, Option<Uuid>, Option<PaymentMethod>, i64);
/// A call's state, covered seconds, holds, talk seconds, charge and write-off, and whether the call's end is an estimate.
type Shown = (State, i64, Vec<i64>, [i64; 3], bool);

/// Checks that balances and drawers match the sums of their entries. Drawers are compared by shift and method.
async fn entries(drive: &Drive<'_>) -> Result<(), Wrong> {
    use ledger_entry::Column;
    let ids = ids(drive);
    let rows: Vec<Sum> = ledger_entry::Entity::find()
        .select_only()
        .columns([Column::AccountId, Column::Book, Column::ShiftId, Column::Method])
        // on PostgreSQL, SUM of BIGINT is NUMERIC
        .column_as(Column::Amount.sum().cast_as("BIGINT"), "amount")
        .filter(Column::AccountId.is_in(ids.iter().copied()))
        .group_by(Column::AccountId)
        .group_by(Column::Book)
        .group_by(Column::ShiftId)
        .group_by(Column::Method)
        .into_tuple()
        .all(drive.program.app.store.reader())
        .await
        .map_err(failed)?;
    let (mut books, mut drawers) = (BTreeMap::new(), BTreeMap::new());
    for (account, book, shift, method, amount) in rows {
        let account =
            ids.iter().position(|id| *id == account).ok_or("an entry of an account outside the branch")?;
        *books.entry((account, book)).or_insert(0) += amount;
        if let Some(drawer) = shift.zip(method) {
            *drawers.entry(drawer).or_insert(0) += amount;
        }
    }
    books.retain(|_, sum| *sum != 0);
    drawers.retain(|_, sum| *sum != 0);
    let mut expected = drive.books.balances.clone();
    expected.retain(|_, balance| *balance != 0);
    same!("sums of entries", expected, books);
    let mut expected = drive.books.drawers.clone();
    expected.retain(|_, balance| *balance != 0);
    same!("drawers", expected, drawers);
    Ok(())
}

/// The fields that are both in a call's row and in the model.
fn of_row(row: &call::Model) -> Result<Shown, Wrong> {
    let state = match row.state {
        CallState::Authorized => State::Authorized,
        CallState::Ringing => State::Ringing,
        CallState::Answered => State::Answered,
        CallState::Ended => State::Ended,
        CallState::Failed => State::Failed,
        CallState::Abandoned => State::Abandoned,
        CallState::Refused => State::Refused,
    };
    let holds = serde_json::from_value(row.holds.clone()).map_err(failed)?;
    let money = [i64::from(row.talk_seconds), row.charge.0, row.written_off.0];
    Ok((state, i64::from(row.covered), holds, money, row.estimated))
}

async fn calls(drive: &Drive<'_>) -> Result<(), Wrong> {
    let shops = SHOPS.map(|shop| drive.branch.accounts[shop].id);
    let rows = call::Entity::find().filter(call::Column::CallshopId.is_in(shops));
    let rows = rows.all(drive.program.app.store.reader()).await.map_err(failed)?;
    let mut rows: BTreeMap<String, call::Model> =
        rows.into_iter().map(|row| (row.request_id.clone(), row)).collect();
    for call in &drive.books.calls {
        let row = rows.remove(&call.request).ok_or_else(|| format!("{call:?} has no row"))?;
        let money = [call.talk, call.charge, call.written_off];
        let expected = (call.state, call.covered, call.holds.clone(), money, call.estimated);
        same!(format!("call {:?} of {call:?}", row.id), expected, of_row(&row)?);
        let session = call.session.map(|session| drive.books.sessions[session].id);
        if call.state != State::Refused {
            same!(format!("session of {call:?}"), session, row.session_id);
            same!(
                format!("answer of {call:?}"),
                call.answered,
                row.answered_at.map(|at| at.timestamp_micros())
            );
        }
        bounded(drive, call)?;
    }
    same!("calls that were never made", 0, rows.len());
    Ok(())
}

/// Checks that no account is charged for more seconds than the call reserved, and that no call reserved more seconds than its limits allow.
fn bounded(drive: &Drive<'_>, call: &Call) -> Result<(), Wrong> {
    if call.covered > LONGEST || call.talk > call.covered {
        return Err(format!("longer than allowed or covered: {call:?}"));
    }
    let most = call.levels.first().map_or(0, |(_, price)| price.cost(call.covered));
    if call.charge > most {
        return Err(format!("charged {}, but only {most} was reserved: {call:?}", call.charge));
    }
    let Some(session) = call.session.filter(|_| call.is_live()).map(|session| &drive.books.sessions[session])
    else {
        return Ok(());
    };
    if session.seconds.is_some_and(|limit| call.covered > limit) {
        return Err(format!("covered for longer than the session's time limit: {call:?}"));
    }
    Ok(())
}

async fn sessions_(drive: &Drive<'_>) -> Result<(), Wrong> {
    let shops = SHOPS.map(|shop| drive.branch.accounts[shop].id);
    let rows = cabin_session::Entity::find().filter(cabin_session::Column::CallshopId.is_in(shops));
    let rows = rows.all(drive.program.app.store.reader()).await.map_err(failed)?;
    same!("sessions", drive.books.sessions.len(), rows.len());
    let rows: BTreeMap<Uuid, cabin_session::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    for session in &drive.books.sessions {
        let row = rows.get(&session.id).ok_or_else(|| format!("{session:?} has no row"))?;
        session_(drive, session, row)?;
    }
    // a prepaid customer's calls never reserve more than the rest of the deposit
    for (index, session) in drive.books.sessions.iter().enumerate() {
        let bound = if session.prepaid { Some(session.deposit.values().sum()) } else { session.spending };
        let calls = || drive.books.calls.iter().filter(|call| call.session == Some(index));
        if calls().any(|call| call.corrected) {
            // the final charge of a corrected call may exceed the amount that other calls left for it
            continue;
        }
        let held: i64 =
            calls().filter(|call| call.is_live()).map(|call| call.holds.first().unwrap_or(&0)).sum();
        if held > 0 && bound.is_some_and(|bound: i64| held > bound - drive.books.calls_total(index)) {
            return Err(format!("the calls hold {held}, more than is left of {session:?}"));
        }
    }
    Ok(())
}

fn session_(drive: &Drive<'_>, session: &Session, row: &cabin_session::Model) -> Result<(), Wrong> {
    let what = format!("session {session:?}");
    same!(what, session.state, row.state);
    same!(what, drive.branch.cabins[session.cabin], row.cabin_id);
    same!(what, session.deposit.values().sum::<i64>(), row.deposit.0);
    same!(what, session.receipt, row.receipt_number);
    same!(what, (session.cash_rounding, session.refunded), (row.cash_rounding.0, row.refunded.0));
    same!(what, session.carried_over, row.carried_over);
    if matches!(session.state, SessionState::Closed | SessionState::Settled) {
        let bill = session.bill.unwrap_or_default();
        let parts = [bill.calls, bill.items, bill.discounts, bill.rounding, bill.total()];
        let found = [row.calls_total, row.items_total, row.discounts_total, row.rounding, row.total];
        same!(what, parts.map(Some), found.map(|part| part.map(|part| part.0)));
    }
    Ok(())
}

/// The checks that run at the end of a case.
pub(super) async fn whole(drive: &Drive<'_>) -> Result<(), Wrong> {
    transfers(drive).await?;
    charges(drive).await?;
    let app = &drive.program.app;
    for (index, session) in drive.books.sessions.iter().enumerate() {
        let actor = owner(drive, session.shop);
        let found = sessions::statement(app, &actor, session.id).await.map_err(failed)?.statement;
        let bill = if session.state == SessionState::Settled { session.bill } else { None };
        let bill = bill.unwrap_or_else(|| drive.books.bill(index));
        let parts = [bill.calls, bill.items, bill.discounts, bill.rounding, bill.total()];
        let found =
            [found.calls_total, found.items_total, found.discounts_total, found.rounding, found.total]
                .map(|part| part.0);
        same!(format!("statement of {session:?}"), parts, found);
    }
    for (shop, account) in SHOPS.into_iter().enumerate() {
        if drive.books.shifts[shop].is_none() {
            continue;
        }
        let id = drive.branch.accounts[account].id;
        let (report, _) = register::x_report(app, &owner(drive, shop), id).await.map_err(failed)?;
        let register::XReport::Full(report) = report else {
            return Err("the owner must see the expected amounts".to_owned());
        };
        for line in report.methods {
            let expected = drive.books.in_drawer(shop, line.method);
            same!(format!("X report, {:?}", line.method), expected, line.expected.0);
        }
    }
    Ok(())
}

/// Checks that every transfer sums to zero and stays within the branch.
async fn transfers(drive: &Drive<'_>) -> Result<(), Wrong> {
    use ledger_entry::Column;
    let rows = ledger_entry::Entity::find().filter(Column::AccountId.is_in(ids(drive)));
    let mut sums: BTreeMap<Uuid, i64> = BTreeMap::new();
    for row in
        rows.order_by_asc(Column::TransferId).all(drive.program.app.store.reader()).await.map_err(failed)?
    {
        *sums.entry(row.transfer_id).or_default() += row.amount.0;
    }
    sums.retain(|_, sum| *sum != 0);
    same!("transfers that do not sum to zero", BTreeMap::new(), sums);
    Ok(())
}

/// Compares the charges of each call at each level.
async fn charges(drive: &Drive<'_>) -> Result<(), Wrong> {
    let calls: Vec<Uuid> = drive.books.calls.iter().map(|call| call.id).collect();
    let rows = call::Entity::find().filter(call::Column::Id.is_in(calls));
    let mut found: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    for row in rows.all(drive.program.app.store.reader()).await.map_err(failed)? {
        let charges = row.charges.read().ok_or("charges that cannot be read")?;
        if !charges.is_empty() {
            found.insert(row.id, charges.iter().map(|charge| charge.amount.0).collect());
        }
    }
    for call in drive.books.calls.iter().filter(|call| !call.charges.is_empty()) {
        same!(format!("charges of {call:?}"), Some(call.charges.clone()), found.remove(&call.id));
    }
    same!("charges of calls that cost nothing", BTreeMap::new(), found);
    Ok(())
}
