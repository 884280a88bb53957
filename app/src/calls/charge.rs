//! Charges ended calls at every level. A call is charged once. The charge is never more than the amount reserved for the call. Corrections are made
//! by reversal.

use std::collections::{BTreeSet, HashMap};

use billing::money::Micros;
use billing::rating;
use chrono::{DateTime, Utc};
use entity::{Book, Charges, SessionState, TransferKind, cabin_session, call};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::money::{LockedCredit, Money};
use super::pricing::{self, Level, Prices, Rated};
use super::{cover, extend};
use base::error::{OrFault as _, Result};
use store::ledger::{self, CallCharge, Entry, NewTransfer};
use store::sessions;

/// Results of charging the ended calls of a batch.
#[derive(Default)]
pub(super) struct Charged {
    /// The ids of closed, unpaid sessions that have corrected calls. The statements of these sessions must be created again.
    pub(super) restate: Vec<Uuid>,
}

/// Charges a call that just ended, at the prices in `levels`: sets the charges on the call, posts the accounts' charges as one transfer, and releases
/// the holds.
///
/// # Errors
/// Fails with a fault if the call's columns do not parse.
pub(super) fn end(
    row: &mut call::Model,
    levels: &[Level],
    money: &mut Money,
    now: DateTime<Utc>,
) -> Result<()> {
    let held = cover::holds(row)?;
    give_back(row, &held, money)?;
    settle(row, levels, &held, Bill::Open, money, now)
}

/// Releases the holds of a call that ended without an answer.
///
/// # Errors
/// Fails with a fault if the call's columns do not parse.
pub(super) fn release(row: &mut call::Model, money: &mut Money) -> Result<()> {
    let held = cover::holds(row)?;
    if held.is_empty() {
        return Ok(());
    }
    give_back(row, &held, money)
}

fn give_back(row: &mut call::Model, held: &[Micros], money: &mut Money) -> Result<()> {
    let payers = pricing::keys(row)?.into_iter().map(|level| level.account_id);
    cover::change_holds(payers, held, &[], &row.currency, money)?;
    row.holds = cover::holds_column(&[]);
    Ok(())
}

/// Whether the customer's bill can still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bill {
    /// The bill is not paid, so the call's price goes on the bill.
    Open,
    /// The bill is paid and does not change. Any further charge for the call is written off.
    Paid,
}

/// Charges one call at every level. `bounds` is the maximum charge of each level.
fn settle(
    row: &mut call::Model,
    levels: &[Level],
    bounds: &[Micros],
    bill: Bill,
    money: &mut Money,
    now: DateTime<Utc>,
) -> Result<()> {
    let (Some(answered_at), Some(ended_at)) = (row.answered_at, row.ended_at) else { return Ok(()) };
    let measured = rating::talk_seconds(answered_at, ended_at);
    let talk = measured.min(u32::try_from(row.covered).or_fault()?);
    let (mut charges, mut posted) = (Vec::new(), Vec::new());
    for (position, level) in levels.iter().enumerate() {
        let bound = bounds.get(position).copied();
        let charge = bounded(pricing::charge(level, answered_at, talk), bound);
        if position == 0 {
            let full = pricing::charge(level, answered_at, measured).amount;
            customer(row, charge, full, bill, money, now)?;
        } else if charge.amount != Micros::ZERO {
            posted.push(CallCharge {
                level: i32::try_from(position).or_fault()?,
                payer_id: level.account_id,
                payee_id: level.payee_id,
                version_id: level.version_id,
                billed_seconds: i32::try_from(charge.billed_seconds).or_fault()?,
                amount: charge.amount,
            });
        }
        charges.push(charged_at(row, position, charge)?);
    }
    row.charges = Charges::new(&charges);
    if !posted.is_empty() {
        money.transfer(NewTransfer::of_charges(row.id, &row.currency, now, posted))?;
    }
    Ok(())
}

fn bounded(charge: Rated, bound: Option<Micros>) -> Rated {
    let amount = bound.map_or(charge.amount, |bound| charge.amount.min(bound.max(Micros::ZERO)));
    Rated { amount, ..charge }
}

/// Sets the customer's price. Writes off the price of talk time beyond the covered seconds. If the bill is already paid, also writes off any charge
/// that is not on the bill.
fn customer(
    row: &mut call::Model,
    charge: Rated,
    full: Micros,
    bill: Bill,
    money: &mut Money,
    now: DateTime<Utc>,
) -> Result<()> {
    if bill == Bill::Open {
        row.charge = charge.amount.into();
        row.billed_seconds = i32::try_from(charge.billed_seconds).or_fault()?;
    }
    let given_away = full.checked_sub(row.charge.into()).or_fault()?.max(Micros::ZERO);
    row.written_off = given_away.into();
    if given_away > Micros::ZERO {
        let sold = given_away.checked_neg().or_fault()?;
        let entries = vec![
            Entry::new(row.callshop_id, Book::WriteOff, given_away),
            Entry::new(row.callshop_id, Book::Sales, sold),
        ];
        let transfer = NewTransfer::new(TransferKind::WriteOff, &row.currency, now, entries);
        money.transfer(NewTransfer { call_id: Some(row.id), ..transfer })?;
    }
    Ok(())
}

/// The charge of a level as it is stored with the call.
fn charged_at(row: &call::Model, position: usize, charge: Rated) -> Result<entity::LevelCharge> {
    // the customer's level has the billed amount; if the bill was paid before the call's true end was known, that amount differs from the price up to
    // the true end
    let (billed_seconds, amount) = match position {
        0 => (row.billed_seconds, row.charge),
        _ => (i32::try_from(charge.billed_seconds).or_fault()?, charge.amount.into()),
    };
    Ok(entity::LevelCharge { billed_seconds, amount })
}

/// Batch context for corrections: the posted transfers and the sessions of the batch's calls, and the locked credit of the paying accounts.
#[derive(Default)]
pub(super) struct Corrections {
    posted: Vec<NewTransfer>,
    sessions: HashMap<Uuid, cabin_session::Model>,
    locked_credit: LockedCredit,
}

impl Corrections {
    /// Loads and locks the rows for calls whose end may be corrected.
    pub(super) async fn load(
        conn: &impl ConnectionTrait,
        rows: &[&call::Model],
        prices: &Prices,
    ) -> Result<Self> {
        if rows.is_empty() {
            return Ok(Self::default());
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let wanted: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.session_id).collect();
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        let sessions = sessions::lock_all(conn, &wanted).await?;
        let mut paying = BTreeSet::new();
        for row in rows {
            paying.extend(extend::paying_accounts(prices.of(row)?));
        }
        Ok(Self {
            sessions: sessions.into_iter().map(|row| (row.id, row)).collect(),
            locked_credit: LockedCredit::lock(conn, paying).await?,
            posted: ledger::standing_of_calls(conn, &ids).await?,
        })
    }
}

/// Reverses the transfers of a call that had already ended, and charges the call again up to its actual end. The new charge is limited by the credit
/// and by the bill. `known` is the call before the correction. If the customer has paid, the call keeps the answer time and talk time of `known`.
///
/// # Errors
/// Fails with a fault if the call's columns do not parse.
pub(super) fn correct(
    row: &mut call::Model,
    levels: &[Level],
    known: &billing::call::Call,
    corrections: &Corrections,
    money: &mut Money,
    charged: &mut Charged,
    now: DateTime<Utc>,
) -> Result<()> {
    // the end that this event corrects may come from an earlier event of the same batch
    money.forget_call(row.id)?;
    for posted in corrections.posted.iter().filter(|posted| posted.call_id == Some(row.id)) {
        money.transfer(posted.reversal(now)?)?;
    }
    let mut bounds = Vec::new();
    for (position, level) in levels.iter().enumerate() {
        let free = position == 0 || rating::is_free(&level.pricing);
        bounds.push(if free {
            Micros::MAX
        } else {
            corrections.locked_credit.available(level.account_id, money)?
        });
    }
    let session = row.session_id.and_then(|id| corrections.sessions.get(&id));
    let paid = session.is_some_and(|row| matches!(row.state, SessionState::Settled | SessionState::Voided));
    let bill = if paid { Bill::Paid } else { Bill::Open };
    if let Some(session) = session.filter(|row| row.state == SessionState::Closed) {
        charged.restate.push(session.id);
    }
    if bill == Bill::Open {
        // `settle` charges nothing for a call that ended without an answer, so reset the price here
        (row.charge, row.billed_seconds) = (entity::Micros(0), 0);
    }
    row.written_off = entity::Micros(0);
    settle(row, levels, &bounds, bill, money, now)?;
    if row.answered_at.is_none() {
        row.charges = unanswered(row, levels)?;
    }
    if bill == Bill::Paid && known.answered_at.is_some() {
        row.answered_at = known.answered_at;
        row.talk_seconds = i32::try_from(known.talk_seconds).or_fault()?;
    }
    Ok(())
}

/// The charges of a call that turned out to be unanswered; all amounts are zero.
fn unanswered(row: &call::Model, levels: &[Level]) -> Result<Charges> {
    let nothing = Rated { billed_seconds: 0, amount: Micros::ZERO };
    let charges = (0..levels.len()).map(|position| charged_at(row, position, nothing));
    Ok(Charges::new(&charges.collect::<Result<Vec<_>>>()?))
}
