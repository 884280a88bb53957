//! Explains the charge of a call.

use async_graphql::{Context, Enum, ID, SimpleObject};
use graphql_macros::object;

use super::calls::Call;
use super::payload::nullable;
use super::roles::SIGNED_IN;
use super::scalars::{Kind, Money};
use super::{app, caller};
use app::explain::{self, Explanation, LevelExplanation, Step, StepKind};

/// Kind of a step in the computation of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "StepKind")]
pub enum ChargeStepKind {
    /// The talk time that counts: the measured seconds, or the paid seconds if they are fewer.
    TalkTime,
    /// The call was shorter than the rate's free seconds, so it costs nothing.
    FreeSeconds,
    /// Talk time is rounded up to billed seconds by the rate's increments.
    Increments,
    /// The one-time fee of an answered call.
    ConnectionFee,
    /// A run of consecutive billed seconds at the same price.
    Time,
    /// The sum was below the rate's minimum charge and is raised to the minimum charge.
    MinimumCharge,
    /// The tariff's rounding, applied once.
    Rounding,
    /// The charge is capped, either because it would exceed the credit reserved for the call, or because the bill was paid before the call's true end
    /// was known.
    Limit,
}

crate::compiled::enums!(ChargeStepKind);

/// One step in the computation of a charge.
#[object]
#[derive(SimpleObject)]
pub struct ChargeStep {
    /// The kind of step, which determines which of the other fields are set.
    pub kind: ChargeStepKind,
    /// Name of the time band that sets the price; null outside time bands.
    pub band: Option<String>,
    /// The second at which the run begins, counted from 0 at the answer; null unless `kind` is TIME.
    pub first_second: Option<u32>,
    /// The talk seconds (TALK_TIME), the rate's free seconds (FREE_SECONDS), the billed seconds (INCREMENTS), or the length of the run (TIME); null
    /// for other kinds of steps.
    pub seconds: Option<u32>,
    /// Price of 60 seconds; null unless `kind` is TIME.
    pub price_per_minute: Option<Money>,
    /// The amount that the step adds (CONNECTION_FEE, TIME), or the sum after the step (other kinds); null if the step does not involve money. The
    /// amount of a TIME step is shown to the nearest millionth, but the sum is exact.
    pub amount: Option<Money>,
    /// The step as an English sentence.
    pub text: String,
}

/// Charge at one level of the account tree, and its computation.
#[object]
#[derive(SimpleObject)]
#[graphql(name = "LevelCharge")]
pub struct ExplainedLevel {
    /// Number of the level: 0 is the customer, 1 the callshop, 2 the callshop's parent, and so on.
    pub level: u32,
    /// Display name of the paying account. The account of level 0 is the callshop whose customer pays.
    pub account: String,
    /// Name of the tariff.
    pub tariff: String,
    /// Number of the tariff's version.
    pub version: i32,
    /// Prefix of the matching rate.
    pub prefix: String,
    /// Destination name of the matching rate.
    pub destination: String,
    /// Minimum number of seconds billed.
    pub initial_increment: u32,
    /// Size in seconds of each billing step after the initial increment.
    pub increment: u32,
    /// Talk time in seconds, rounded up to the increments.
    pub billed_seconds: u32,
    /// Steps in the order of the computation.
    #[field(length = 10)]
    pub steps: Vec<ChargeStep>,
    /// Final charge.
    pub charge: Money,
}

/// Explanation of a call's charge. The explanation uses the rates that the call got when it was authorized.
#[object]
#[derive(SimpleObject)]
pub struct ChargeExplanation {
    /// The call that is explained.
    pub call: Call,
    /// Seconds from answer to end, rounded up; 0 if nobody answered.
    pub measured_seconds: u32,
    /// Maximum number of seconds that may be charged.
    pub covered_seconds: i32,
    /// The customer's level, followed by the levels in the caller's subtree; empty for an emergency or refused call.
    #[field(length = 4)]
    pub levels: Vec<ExplainedLevel>,
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

fn level(level: LevelExplanation, currency: &str) -> ExplainedLevel {
    ExplainedLevel {
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

/// The fields of `Query` for the explanation of a charge.
#[derive(Default)]
pub struct ExplainQuery;

#[object(root = "Query")]
impl ExplainQuery {
    /// Explains step by step how a call's charge was computed; null if the call is not found. Fails with `ILLEGAL_STATE` while the call is live.
    #[field(roles = SIGNED_IN, scope = CALLS_READ)]
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
