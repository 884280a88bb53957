//! For how long a call is covered, and what is held for that: the purses of every level and the session's own bounds.

use billing::credit::{self, Answer, Grant, Purse};
use billing::money::Micros;
use billing::rating;
use entity::{SessionMode, cabin_session, call};
use uuid::Uuid;

use super::authorize::Refusal;
use super::money::{Money, Purses};
use super::pricing::{self, Level};
use base::error::{OrFault as _, Result};
use store::calls::Spent;

/// What a customer's session leaves for a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Talk seconds.
    seconds: Option<u32>,
    /// What the call may cost him.
    money: Option<Micros>,
    mode: SessionMode,
}

impl Terms {
    /// From what the session's calls came to and what its other live calls may come to.
    pub(super) fn new(
        session: &cabin_session::Model,
        spent: Spent,
        live: &[call::Model],
        own: Option<Uuid>,
    ) -> Result<Self> {
        let others = || {
            live.iter().filter(|call| call.session_id == Some(session.id)).filter(|call| Some(call.id) != own)
        };
        let talk: u32 = others().map(|call| u32::try_from(call.covered).unwrap_or(0)).sum();
        let mut held = Micros::ZERO;
        for call in others() {
            let hold = holds(call)?.first().copied().unwrap_or_default();
            held = held.checked_add(hold).or_fault()?;
        }
        let bound = match session.mode {
            SessionMode::Prepaid => Some(session.deposit),
            SessionMode::Postpaid => session.spending_limit,
        };
        let left = |bound: entity::Micros| {
            let used = spent.charge.checked_add(held).unwrap_or(Micros::MAX);
            Micros::from(bound).checked_sub(used).unwrap_or(Micros::ZERO)
        };
        let seconds = session.time_limit.map(|limit| {
            u32::try_from(limit).unwrap_or(0).saturating_sub(spent.seconds.saturating_add(talk))
        });
        Ok(Self { seconds, money: bound.map(left), mode: session.mode })
    }
}

/// Whether a session bounds its calls at all.
pub(super) fn is_bounded(session: &cabin_session::Model) -> bool {
    session.mode == SessionMode::Prepaid || session.spending_limit.is_some() || session.time_limit.is_some()
}

/// A call to be covered, before it rings or while it is up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Its prices, the customer's first.
    pub(super) levels: &'a [Level],
    /// When it is answered.
    pub(super) answer: Answer,
    /// What is covered and held already; nothing before it rings.
    pub(super) covered: u32,
    /// Held at each level.
    pub(super) holds: &'a [Micros],
    /// Seconds of the longest call allowed.
    pub(super) cap: u32,
    /// Seconds of the longest slice; none takes all at once.
    pub(super) slice: Option<u32>,
}

/// The next slice that session and accounts pay for, or why there is none.
pub(super) fn cover(
    wanted: Wanted<'_>,
    terms: Terms,
    purses: &Purses,
    money: &Money,
) -> Result<std::result::Result<Grant, Refusal>> {
    let cap = match terms.seconds {
        Some(0) => return Ok(Err(Refusal::TimeLimit)),
        Some(left) => wanted.cap.min(left),
        None => wanted.cap,
    };
    let held = |level: usize| wanted.holds.get(level).copied().unwrap_or_default();
    let all_free = wanted.levels.iter().all(|level| rating::is_free(&level.pricing));
    let mut pays = Vec::with_capacity(wanted.levels.len());
    for (position, level) in wanted.levels.iter().enumerate() {
        let available = match position {
            0 if rating::is_free(&level.pricing) => Micros::MAX,
            0 => terms.money.unwrap_or(Micros::MAX),
            // a level that is free needs no credit, and its row no lock
            _ if all_free || rating::is_free(&level.pricing) => Micros::MAX,
            _ => match purses.available(level.account_id, money)? {
                Micros::MAX => Micros::MAX,
                available => available.checked_add(held(position)).or_fault()?,
            },
        };
        pays.push(Purse { pricing: &level.pricing, available });
    }
    let reach = match credit::reach(&pays, wanted.answer, cap) {
        Ok(reach) => reach,
        Err(0) if terms.mode == SessionMode::Prepaid => return Ok(Err(Refusal::DepositUsedUp)),
        Err(0) => return Ok(Err(Refusal::SpendingLimit)),
        Err(1) => return Ok(Err(Refusal::NoCredit)),
        Err(_) => return Ok(Err(Refusal::ServiceUnavailable)),
    };
    if wanted.covered > 0 && reach <= wanted.covered {
        return Ok(Ok(Grant { covered: wanted.covered, holds: wanted.holds.to_vec() }));
    }
    Ok(Ok(credit::grant(&pays, wanted.answer, wanted.covered, reach, wanted.slice)))
}

/// What is held for a call, by level; nothing once it is over.
///
/// # Errors
/// A fault when the column does not hold it.
pub(super) fn holds(call: &call::Model) -> Result<Vec<Micros>> {
    let holds: Vec<i64> = serde_json::from_value(call.holds.clone()).or_fault()?;
    Ok(holds.into_iter().map(Micros).collect())
}

/// The column that [`holds`] reads.
pub(super) fn holds_column(holds: &[Micros]) -> serde_json::Value {
    holds.iter().map(|hold| hold.0).collect::<Vec<_>>().into()
}

/// Notes the change from what is held for a call to what is to be held, at every account's level.
pub(super) fn change_holds(
    levels: &[pricing::Level],
    before: &[Micros],
    after: &[Micros],
    currency: &str,
    money: &mut Money,
) -> Result<()> {
    let at = |holds: &[Micros], level: usize| holds.get(level).copied().unwrap_or_default();
    for (position, level) in levels.iter().enumerate().skip(1) {
        let change = at(after, position).checked_sub(at(before, position)).or_fault()?;
        if change != Micros::ZERO {
            money.hold(level.account_id, currency, change)?;
        }
    }
    Ok(())
}
