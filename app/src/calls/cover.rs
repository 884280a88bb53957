//! Computes how many seconds a call may last, and how much credit is reserved for the call. The result depends on the credit at each level and on the
//! session's limits.

use billing::credit::{self, Answer, FundingSource, Grant};
use billing::money::Micros;
use billing::rating;
use entity::{SessionMode, cabin_session, call};
use uuid::Uuid;

use super::authorize::Refusal;
use super::money::{LockedCredit, Money};
use super::pricing::Level;
use base::error::{Error, OrFault as _, Result};
use store::calls::Spent;

/// The part of a session's limits that is left for one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionAllowance {
    /// Remaining talk time in seconds; `None` if there is no time limit.
    seconds: Option<u32>,
    /// Remaining money; `None` for a postpaid session without a spending limit.
    money: Option<Micros>,
    mode: SessionMode,
}

impl SessionAllowance {
    /// Computes what is left of the session's limits. The time and money that the session has used (`spent`), and those that its other live calls
    /// have reserved, are subtracted. `own` is the id of the call itself, if the call is already live.
    pub(super) fn new(
        session: &cabin_session::Model,
        spent: Spent,
        live: &[call::Model],
        own: Option<Uuid>,
    ) -> Result<Self> {
        let others = || {
            live.iter().filter(|call| call.session_id == Some(session.id)).filter(|call| Some(call.id) != own)
        };
        let (mut talk, mut held) = (0_u32, Micros::ZERO);
        for call in others() {
            let of_customer = holds(call)?.first().copied();
            let of_customer = of_customer.ok_or_else(|| {
                Error::fault("a live call in a session has no hold at the customer's level")
            })?;
            held = held.checked_add(of_customer).or_fault()?;
            talk = talk.saturating_add(u32::try_from(call.covered).or_fault()?);
        }
        let bound = match session.mode {
            SessionMode::Prepaid => Some(session.deposit),
            SessionMode::Postpaid => session.spending_limit,
        };
        let left = |bound: entity::Micros| {
            let used = spent.charge.checked_add(held).unwrap_or(Micros::MAX);
            Micros::from(bound).checked_sub(used).unwrap_or(Micros::ZERO)
        };
        let limit = session.time_limit.map(u32::try_from).transpose().or_fault()?;
        let seconds = limit.map(|limit| limit.saturating_sub(spent.seconds.saturating_add(talk)));
        Ok(Self { seconds, money: bound.map(left), mode: session.mode })
    }

    /// The part of the deposit that is left for the call; `None` if the customer pays later.
    pub(super) fn deposit(&self) -> Option<Micros> {
        self.money.filter(|_| self.mode == SessionMode::Prepaid)
    }
}

/// The talk time that is reserved for a call now, and the total talk time that the call may get.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    /// The time reserved so far, including the next slice.
    pub(super) grant: Grant,
    /// The seconds of talk that the session and the accounts can pay for now, counted from the answer.
    pub(super) reach: u32,
}

/// Whether a deposit, a spending limit or a time limit bounds the session's calls.
pub(super) fn is_bounded(session: &cabin_session::Model) -> bool {
    session.mode == SessionMode::Prepaid || session.spending_limit.is_some() || session.time_limit.is_some()
}

/// A request to reserve money for more talk time, before the call rings or while it is in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct CoverRequest<'a> {
    /// The call's prices at each level, the customer's price first.
    pub(super) levels: &'a [Level],
    /// The time of the answer, or the interval in which the call may be answered.
    pub(super) answer: Answer,
    /// Seconds for which money is already reserved; 0 before the call rings.
    pub(super) covered: u32,
    /// Amounts already reserved, per level; empty before the call rings.
    pub(super) holds: &'a [Micros],
    /// Maximum call duration in seconds.
    pub(super) cap: u32,
    /// Maximum length in seconds of the next slice of talk time; `None` reserves money for as much time as possible in one step.
    pub(super) slice: Option<u32>,
}

/// Computes the next slice of talk time that the session and the accounts can pay for. If the session and the accounts cannot pay for any more talk
/// time, returns the refusal.
pub(super) fn cover(
    wanted: CoverRequest<'_>,
    terms: SessionAllowance,
    locked_credit: &LockedCredit,
    money: &Money,
) -> Result<std::result::Result<Cover, Refusal>> {
    let cap = match terms.seconds {
        Some(0) => return Ok(Err(Refusal::TimeLimit)),
        Some(left) => wanted.cap.min(left),
        None => wanted.cap,
    };
    check_holds(wanted.levels, wanted.holds)?;
    // before the call rings, no amount is held
    let held = |level: usize| wanted.holds.get(level).copied().unwrap_or_default();
    let all_free = wanted.levels.iter().all(|level| rating::is_free(&level.pricing));
    let mut pays = Vec::with_capacity(wanted.levels.len());
    for (position, level) in wanted.levels.iter().enumerate() {
        let available = match position {
            0 if rating::is_free(&level.pricing) => Micros::MAX,
            0 => terms.money.unwrap_or(Micros::MAX),
            // a level without a price needs no credit, so its balance need not be locked
            _ if all_free || rating::is_free(&level.pricing) => Micros::MAX,
            _ => match locked_credit.available(level.account_id, money)? {
                Micros::MAX => Micros::MAX,
                available => available.checked_add(held(position)).or_fault()?,
            },
        };
        pays.push(FundingSource { pricing: &level.pricing, available });
    }
    let reach = match credit::reach(&pays, wanted.answer, cap) {
        Ok(reach) => reach,
        Err(0) if terms.mode == SessionMode::Prepaid => return Ok(Err(Refusal::DepositUsedUp)),
        Err(0) => return Ok(Err(Refusal::SpendingLimit)),
        Err(1) => return Ok(Err(Refusal::NoCredit)),
        Err(_) => return Ok(Err(Refusal::ServiceUnavailable)),
    };
    if wanted.covered > 0 && reach <= wanted.covered {
        let grant = Grant { covered: wanted.covered, holds: wanted.holds.to_vec() };
        return Ok(Ok(Cover { grant, reach: wanted.covered }));
    }
    let grant = credit::grant(&pays, wanted.answer, wanted.covered, reach, wanted.slice);
    Ok(Ok(Cover { reach: reach.max(grant.covered), grant }))
}

/// The amounts reserved for a call, per level; empty once the call has ended.
///
/// # Errors
/// Fails with a fault if the column does not parse.
pub(super) fn holds(call: &call::Model) -> Result<Vec<Micros>> {
    let holds: Vec<i64> = serde_json::from_value(call.holds.clone()).or_fault()?;
    Ok(holds.into_iter().map(Micros).collect())
}

/// Fails if the call has holds, but not exactly one hold for each level.
fn check_holds(levels: &[Level], holds: &[Micros]) -> Result<()> {
    if holds.is_empty() || holds.len() == levels.len() {
        return Ok(());
    }
    let (held, priced) = (holds.len(), levels.len());
    Err(Error::fault(format!("a call has holds at {held} levels but prices at {priced}")))
}

/// The holds as a column value, which [`holds`] can parse.
pub(super) fn holds_column(holds: &[Micros]) -> serde_json::Value {
    holds.iter().map(|hold| hold.0).collect::<Vec<_>>().into()
}

/// Adds the change in the call's hold (from `before` to `after`) to `money`, for every level that an account pays. `payers` are the paying accounts of
/// the levels.
pub(super) fn change_holds(
    payers: impl IntoIterator<Item = Uuid>,
    before: &[Micros],
    after: &[Micros],
    currency: &str,
    money: &mut Money,
) -> Result<()> {
    // no amount is held before the call rings or after it ends. A call whose holds do not match its levels must still be able to end; `callshop
    // audit` reports such a call
    let at = |holds: &[Micros], level: usize| holds.get(level).copied().unwrap_or_default();
    for (position, payer) in payers.into_iter().enumerate().skip(1) {
        let change = at(after, position).checked_sub(at(before, position)).or_fault()?;
        if change != Micros::ZERO {
            money.hold(payer, currency, change)?;
        }
    }
    Ok(())
}
