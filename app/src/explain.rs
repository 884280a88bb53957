//! Step-by-step explanation of a call's charges, computed from the rates that the call got when it was authorized. The explanation of an ended call
//! never changes.

use std::collections::HashMap;

use billing::money::{Micros, RoundingMode};
use billing::rating::{self, ChargeStep};
use billing::tariff::Rate;
use chrono::{DateTime, Utc};
use entity::{CallState, call};
use uuid::Uuid;

use super::calls::pricing::{self, Level};
use super::{App, calls};
use crate::auth::{Actor, Right};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Word;
use store::calls::LIVE;
use store::{accounts, calls as rows, reports};

/// The charges of an ended call, at every level that the actor may see.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The call.
    pub call: call::View,
    /// Seconds from answer to end by the proxy's clock, rounded up. If the call was ended late, this number exceeds the covered seconds.
    pub measured_seconds: u32,
    /// The levels of the call, from the customer's level up the account tree.
    pub levels: Vec<LevelExplanation>,
}

/// The charge at one level.
#[derive(Clone, Debug)]
pub struct LevelExplanation {
    /// The level's number: 0 for the customer, 1 for the callshop, 2 for the callshop's parent, and so on.
    pub level: u32,
    /// Name of the paying account. The account of level 0 is the callshop whose customer pays.
    pub account: String,
    /// Name of the tariff.
    pub tariff: String,
    /// Number of the tariff version.
    pub version: i32,
    /// The rate that matched.
    pub rate: Rate,
    /// Seconds billed.
    pub billed_seconds: u32,
    /// The steps, in the order of the computation.
    pub steps: Vec<Step>,
    /// Amount paid.
    pub charge: Micros,
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The talk time that counts toward the charge.
    TalkTime,
    /// The call is free, because its talk time is shorter than the rate's free seconds.
    FreeSeconds,
    /// The talk time is rounded up to the billing increments.
    Increments,
    /// The connection fee of an answered call.
    ConnectionFee,
    /// A run of consecutive billed seconds at one price.
    Time,
    /// The sum is raised to the minimum charge.
    MinimumCharge,
    /// The sum is rounded, once.
    Rounding,
    /// The amount charged differs from the sum. Either the amount held for the call limited the charge, or the bill was already paid.
    Limit,
}

/// A step of the computation.
#[derive(Clone, Debug)]
pub struct Step {
    /// The kind of the step.
    pub kind: StepKind,
    /// Name of the band that sets the price.
    pub band: Option<String>,
    /// First second of a run, counted from the answer.
    pub first_second: Option<u32>,
    /// Number of seconds in this step.
    pub seconds: Option<u32>,
    /// Price of a run.
    pub price_per_minute: Option<Micros>,
    /// For a fee or a run, the amount that the step adds, rounded to the nearest micro; for a minimum charge, a rounding or a limit, the new sum.
    pub amount: Option<Micros>,
    /// The step as an English sentence.
    pub text: String,
}

impl Step {
    fn new(kind: StepKind, text: String) -> Self {
        Self {
            kind,
            band: None,
            first_second: None,
            seconds: None,
            price_per_minute: None,
            amount: None,
            text,
        }
    }
}

/// Explains the charges of a call in the actor's subtree. Every actor sees the customer's level; the levels of accounts in the subtree require
/// [`Right::SeeCost`].
///
/// # Errors
/// Fails with `ILLEGAL_STATE` while the call is live. May also fail with `NOT_FOUND`.
pub async fn charge(app: &App, actor: &Actor, call_id: Uuid) -> Result<Explanation> {
    let call = calls::find(app, actor, call_id).await?;
    if LIVE.contains(&call.state) {
        let message = base::message!(
            "The call is {state}. Ask again when the call is over.",
            state = Word(call.state.as_str())
        );
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    let stored = pricing::levels_of_view(&app.rates, app.store.reader(), &call).await?;
    let names = visible(app, actor, &stored).await?;
    let versions: Vec<Uuid> = stored.iter().map(|level| level.version_id).collect();
    let tariffs = reports::tariffs_of_versions(app.store.reader(), &versions).await?;
    let booked: HashMap<i32, (u32, Micros)> = rows::charges(app.store.reader(), call.id)
        .await?
        .into_iter()
        .map(|charge| (charge.level, (charge.billed_seconds.unsigned_abs(), charge.amount.into())))
        .collect();
    let ended = call.state == CallState::Ended;
    let answered_at = call.answered_at.filter(|_| ended);
    let measured_seconds = match (answered_at, call.ended_at) {
        (Some(answered), Some(ended)) => rating::talk_seconds(answered, ended),
        _ => 0,
    };
    let mut levels = Vec::new();
    for (position, level) in (0..).zip(&stored) {
        // level 0 names the callshop that the customer pays, so every actor may see level 0
        let Some(account) = names.get(&level.account_id).filter(|name| position == 0 || name.may_see_cost)
        else {
            continue;
        };
        let (tariff, version) = tariffs
            .get(&level.version_id)
            .cloned()
            .ok_or_else(|| Error::fault("the tariff version of a call does not exist"))?;
        let booked = booked.get(&position).copied();
        let talk = talk_of_level(&call, level, position, measured_seconds, booked)?;
        let (mut billed_seconds, mut charge, mut steps) =
            level_steps(&call, level, answered_at, measured_seconds, talk)?;
        if let Some((seconds, booked)) = booked {
            if booked != charge {
                steps.push(limit(position, booked, &call.currency));
            }
            (billed_seconds, charge) = (seconds, booked);
        }
        levels.push(LevelExplanation {
            level: position.unsigned_abs(),
            account: account.name.clone(),
            tariff,
            version,
            rate: level.pricing.rate.clone(),
            billed_seconds,
            steps,
            charge,
        });
    }
    Ok(Explanation { call, measured_seconds, levels })
}

struct Visible {
    name: String,
    may_see_cost: bool,
}

/// Returns the accounts that pay at these levels, limited to the actor's subtree.
async fn visible(app: &App, actor: &Actor, levels: &[Level]) -> Result<HashMap<Uuid, Visible>> {
    let ids: Vec<Uuid> = levels.iter().map(|level| level.account_id).collect();
    let (scope, may_see_cost) = (actor.scope(), actor.may(Right::SeeCost));
    let found = accounts::by_ids(app.store.reader(), &ids).await?;
    let inside = found.into_iter().filter(|account| scope.holds(&account.path));
    Ok(inside.map(|account| (account.id, Visible { name: account.name, may_see_cost })).collect())
}

/// The talk time that counts at one level, and the reason why it differs from the measured time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    /// The whole call counts.
    Whole(u32),
    /// Only the covered seconds count.
    Covered(u32),
    /// The customer had paid for these seconds before the true end was known.
    Paid(u32),
    /// The account pays for the true call, although the customer's paid bill does not change. The value is the number of billed seconds; 0 if the
    /// call was not answered.
    Corrected(u32),
}

impl Talk {
    fn seconds(self) -> u32 {
        match self {
            Self::Whole(seconds)
            | Self::Covered(seconds)
            | Self::Paid(seconds)
            | Self::Corrected(seconds) => seconds,
        }
    }
}

/// The talk time that counts at one level. A paid bill does not change, so if the true end is reported later, the call keeps its answer and its talk
/// seconds as they were billed. The accounts still pay for the true call. `booked` is the stored charge of the level: the seconds billed and the
/// amount.
fn talk_of_level(
    call: &call::View,
    level: &Level,
    position: i32,
    measured: u32,
    booked: Option<(u32, Micros)>,
) -> Result<Talk> {
    let covered = u32::try_from(call.covered).or_fault()?;
    let talk = measured.min(covered);
    if position == 0 {
        let billed = u32::try_from(call.talk_seconds).or_fault()?;
        if billed != talk {
            return Ok(Talk::Paid(billed));
        }
    } else if let Some((seconds, _)) = booked
        && seconds != rating::billed_seconds(&level.pricing.rate, talk)
    {
        return Ok(Talk::Corrected(seconds));
    }
    Ok(if talk < measured { Talk::Covered(talk) } else { Talk::Whole(talk) })
}

fn level_steps(
    call: &call::View,
    level: &Level,
    answered_at: Option<DateTime<Utc>>,
    measured: u32,
    counted: Talk,
) -> Result<(u32, Micros, Vec<Step>)> {
    let Some(answered_at) = answered_at else {
        let text = "The call was not answered, so it is free.".to_owned();
        return Ok((0, Micros::ZERO, vec![Step { seconds: Some(0), ..Step::new(StepKind::TalkTime, text) }]));
    };
    let talk = counted.seconds();
    let charge = rating::charge(&level.pricing, answered_at, talk);
    let mut steps = vec![talk_time(call, counted, measured)];
    let is_free = charge.steps.iter().any(|step| matches!(step, ChargeStep::Free { .. }));
    if talk > 0 && !is_free {
        steps.push(increments(&level.pricing.rate, talk, charge.billed_seconds));
    }
    steps.extend(charge.steps.iter().map(|step| explained(step, &call.currency)));
    Ok((charge.billed_seconds, charge.amount, steps))
}

fn talk_time(call: &call::View, counted: Talk, measured: u32) -> Step {
    let text = match counted {
        Talk::Whole(talk) => format!("The call lasted {talk} s, rounded up to whole seconds."),
        Talk::Covered(talk) => format!(
            "The call lasted {measured} s, of which {} s were covered. Only {talk} s count toward the charge.",
            call.covered
        ),
        Talk::Paid(talk) => format!(
            "The bill was paid before the call's true end was known, so the {talk} s on the bill count toward the charge."
        ),
        Talk::Corrected(talk) => format!(
            "After the bill was paid, the proxy reported other times for the call. By these times, {talk} s are billed."
        ),
    };
    Step { seconds: Some(counted.seconds()), ..Step::new(StepKind::TalkTime, text) }
}

/// Explains why the amount charged differs from the amount computed from the prices.
fn limit(level: i32, booked: Micros, currency: &str) -> Step {
    let text = if level == 0 {
        format!(
            "The customer pays {booked} {currency}: only this amount was held for the call, or the bill was paid before the call's true end was known."
        )
    } else {
        format!("{booked} {currency} is charged, because no more was held for the call.")
    };
    Step { amount: Some(booked), ..Step::new(StepKind::Limit, text) }
}

fn increments(rate: &Rate, talk: u32, billed: u32) -> Step {
    let Rate { initial_increment: initial, increment, .. } = rate;
    let text = if talk <= *initial {
        format!("{talk} s are billed as the first {initial} s.")
    } else {
        format!("{talk} s are billed as {billed} s: the first {initial} s, then steps of {increment} s.")
    };
    Step { seconds: Some(billed), ..Step::new(StepKind::Increments, text) }
}

fn explained(step: &ChargeStep, currency: &str) -> Step {
    let of =
        |band: &Option<String>| band.as_ref().map_or(String::new(), |name| format!(" of the band {name}"));
    match step {
        ChargeStep::Free { talk_seconds, free_seconds } => {
            let text = format!(
                "{talk_seconds} s is less than the {free_seconds} free seconds, so the call is free."
            );
            let step = Step::new(StepKind::FreeSeconds, text);
            Step { seconds: Some(*free_seconds), amount: Some(Micros::ZERO), ..step }
        }
        ChargeStep::ConnectionFee { band, amount } => {
            let text = format!("The connection fee{} is {amount} {currency}.", of(band));
            Step { band: band.clone(), amount: Some(*amount), ..Step::new(StepKind::ConnectionFee, text) }
        }
        ChargeStep::Time { band, first_second, seconds, price_per_minute } => {
            let (amount, exact) = time_cost(*price_per_minute, *seconds);
            let about = if exact { "" } else { "about " };
            let from =
                if *first_second == 0 { String::new() } else { format!(" from second {first_second} on") };
            let text = format!(
                "{seconds} s{from} at the price{} of {price_per_minute} {currency} per minute cost {about}{amount} {currency}.",
                of(band)
            );
            Step {
                band: band.clone(),
                first_second: Some(*first_second),
                seconds: Some(*seconds),
                price_per_minute: Some(*price_per_minute),
                amount: Some(amount),
                ..Step::new(StepKind::Time, text)
            }
        }
        ChargeStep::MinimumCharge { amount } => {
            let text = format!("The sum is below the minimum charge and is raised to {amount} {currency}.");
            Step { amount: Some(*amount), ..Step::new(StepKind::MinimumCharge, text) }
        }
        ChargeStep::Rounding { decimals, mode, amount } => {
            let direction = match mode {
                RoundingMode::HalfUp => "half up",
                RoundingMode::Up => "up",
                RoundingMode::Down => "down",
            };
            let text = format!("Rounded {direction} to {decimals} decimals, once: {amount} {currency}.");
            Step { amount: Some(*amount), ..Step::new(StepKind::Rounding, text) }
        }
    }
}

/// Returns the cost of this many seconds, to the nearest micro, and whether this amount is exact.
fn time_cost(price_per_minute: Micros, seconds: u32) -> (Micros, bool) {
    let sixtieths = i128::from(price_per_minute.0) * i128::from(seconds);
    let nearest = (sixtieths + 30).div_euclid(60);
    (Micros(i64::try_from(nearest).unwrap_or(i64::MAX)), sixtieths % 60 == 0)
}
