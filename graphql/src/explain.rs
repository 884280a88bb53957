//! Why a call costs what it costs.

use async_graphql::{Context, Enum, ID, Object, SimpleObject};

use super::calls::Call;
use super::payload::nullable;
use super::roles::{Rule, SIGNED_IN};
use super::scalars::{Kind, Money};
use super::{app, caller};
use app::explain::{self, Explanation, LevelExplanation, Step, StepKind};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[("Query.explainCharge", SIGNED_IN)];

/// A step of the computation of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "StepKind")]
pub enum ChargeStepKind {
    /// What counts as talk: the measured seconds, or the covered ones if those are fewer.
    TalkTime,
    /// The call was shorter than the rate's free seconds: it costs nothing.
    FreeSeconds,
    /// Talk becomes billed seconds by the rate's increments.
    Increments,
    /// The fee of an answered call.
    ConnectionFee,
    /// A run of billed seconds at one price.
    Time,
    /// The sum was below the rate's minimum charge.
    MinimumCharge,
    /// The tariff's rounding, the only one.
    Rounding,
    /// Less is charged: no more was held for the call, or the bill was paid before the call's true end was known.
    Limit,
}

/// One step of the computation of a charge.
#[derive(SimpleObject)]
pub struct ChargeStep {
    /// What it does.
    pub kind: ChargeStepKind,
    /// The time band that sets the price; null outside bands.
    pub band: Option<String>,
    /// Of TIME: its first second, counted from the answer, 0 being the first.
    pub first_second: Option<u32>,
    /// Of TALK_TIME the talk, of FREE_SECONDS what is free, of INCREMENTS what is billed, of TIME its length.
    pub seconds: Option<u32>,
    /// Of TIME.
    pub price_per_minute: Option<Money>,
    /// What CONNECTION_FEE and TIME add (TIME to the nearest micro; the sum is exact), and what the sum is after the others.
    pub amount: Option<Money>,
    /// The same as an English sentence.
    pub text: String,
}

/// What one level of a call's chain pays, and why.
#[derive(SimpleObject)]
pub struct LevelCharge {
    /// 0 the customer, 1 the callshop, 2 its parent, and so on up.
    pub level: u32,
    /// Name of the account that pays; at level 0 the callshop, whose customer it is.
    pub account: String,
    /// Name of the tariff.
    pub tariff: String,
    /// Number of the tariff's version.
    pub version: i32,
    /// Prefix of the rate that matched.
    pub prefix: String,
    /// Destination of the rate that matched.
    pub destination: String,
    /// Seconds billed at first.
    pub initial_increment: u32,
    /// Seconds billed at a time after them.
    pub increment: u32,
    /// Seconds billed.
    pub billed_seconds: u32,
    /// How it came about, in the order of the computation.
    pub steps: Vec<ChargeStep>,
    /// What is paid.
    pub charge: Money,
}

/// Why a call costs what it costs, from the prices that were frozen on it when it was authorised.
#[derive(SimpleObject)]
pub struct ChargeExplanation {
    /// The call.
    pub call: Call,
    /// Seconds from answer to end, begun ones counted whole; 0 when nobody answered.
    pub measured_seconds: u32,
    /// Seconds that may be billed at most.
    pub covered_seconds: i32,
    /// The customer's level, and above it those of the caller's branch; none of an emergency call or a refused one.
    pub levels: Vec<LevelCharge>,
}

fn step(step: Step, currency: &str) -> ChargeStep {
    let money = |amount| Money::new(amount, currency);
    ChargeStep {
        kind: step.kind.into(),
        band: step.band,
        first_second: step.first_second,
        seconds: step.seconds,
        price_per_minute: step.price_per_minute.map(money),
        amount: step.amount.map(money),
        text: step.text,
    }
}

fn level(level: LevelExplanation, currency: &str) -> LevelCharge {
    LevelCharge {
        level: level.level,
        account: level.account,
        tariff: level.tariff,
        version: level.version,
        prefix: level.rate.prefix,
        destination: level.rate.destination,
        initial_increment: level.rate.initial_increment,
        increment: level.rate.increment,
        billed_seconds: level.billed_seconds,
        steps: level.steps.into_iter().map(|made| step(made, currency)).collect(),
        charge: Money::new(level.charge, currency),
    }
}

/// Queries of this file.
#[derive(Default)]
pub struct ExplainQuery;

#[Object]
impl ExplainQuery {
    /// Why a call that is over costs what it costs, step by step. `ILLEGAL_STATE` while it is live.
    async fn explain_charge(
        &self,
        ctx: &Context<'_>,
        call_id: ID,
    ) -> Option<async_graphql::Result<ChargeExplanation>> {
        let app = app(ctx);
        let explained = async { explain::charge(app, caller(ctx)?, Kind::Call.parse(&call_id)?).await };
        nullable(explained.await.map(|explanation| {
            let Explanation { call, measured_seconds, levels } = explanation;
            let currency = call.currency.clone();
            ChargeExplanation {
                measured_seconds,
                covered_seconds: call.covered,
                levels: levels.into_iter().map(|found| level(found, &currency)).collect(),
                call: Call::new(call, app.clock.now()),
            }
        }))
    }
}
