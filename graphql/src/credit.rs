//! Credit: how it stands, top-ups, adjustments, reversals, limits.

use std::time::Duration;

use async_graphql::{Context, ID, InputObject, SimpleObject, Subscription};
use entity::account;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::accounts::{AccountPayload, changed, parse_account};
use super::activity::application;
use super::payload::{answer, payload, top_level};
use super::roles::{BACK_OFFICE, MANAGERS, Rule};
use super::scalars::{Decimal, Kind, Money, MoneyInput};
use super::{actor, app, caller};
use app::auth::Right;
use app::credit::{self, Adjustment, Posted, Reversal, Standing, TopUp};
use base::error::{Error, Result};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Mutation.topUp", MANAGERS),
    ("Mutation.adjustCredit", MANAGERS),
    ("Mutation.reverseTransfer", MANAGERS),
    ("Mutation.setCreditLimit", MANAGERS),
    ("Mutation.setLowCredit", BACK_OFFICE),
    ("Subscription.balance", BACK_OFFICE),
    ("Callshop.balance", BACK_OFFICE),
    ("Callshop.creditLimit", BACK_OFFICE),
    ("Callshop.held", BACK_OFFICE),
    ("Callshop.available", BACK_OFFICE),
    ("Callshop.lowCredit", BACK_OFFICE),
];

async fn standing(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Standing> {
    actor(ctx)?.require(Right::SeeCredit).map_err(top_level)?;
    credit::of(app(ctx).store.reader(), account).await.map_err(top_level)
}

/// What an account holds with its parent.
pub(super) async fn balance(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Money> {
    Ok(Money::new(standing(ctx, account).await?.balance, &account.currency))
}

/// What live calls hold of it.
pub(super) async fn held(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Money> {
    Ok(Money::new(standing(ctx, account).await?.held, &account.currency))
}

/// What may still be spent.
pub(super) async fn available(
    ctx: &Context<'_>,
    account: &account::Model,
) -> async_graphql::Result<Option<Money>> {
    let available = standing(ctx, account).await?.available;
    Ok(available.map(|amount| Money::new(amount, &account.currency)))
}

/// How far below zero the balance may go.
pub(super) fn limit(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Option<Money>> {
    actor(ctx)?.require(Right::SeeCredit).map_err(top_level)?;
    Ok(account.credit_limit.map(|limit| Money::new(limit, &account.currency)))
}

/// Below what the account's people are told.
pub(super) fn low(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Option<Money>> {
    actor(ctx)?.require(Right::SeeCredit).map_err(top_level)?;
    Ok(account.low_credit.map(|low| Money::new(low, &account.currency)))
}

/// Credit for a child.
#[derive(InputObject)]
pub struct TopUpInput {
    /// A child of the caller's account.
    pub account_id: ID,
    /// How much, above zero.
    pub amount: MoneyInput,
    /// Reason or reference.
    #[graphql(default)]
    pub note: String,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

/// A correction of a child's credit.
#[derive(InputObject)]
pub struct AdjustCreditInput {
    /// A child of the caller's account.
    pub account_id: ID,
    /// How much: above zero gives, below zero takes.
    pub amount: MoneyInput,
    /// Why: 1 to 100 characters.
    pub reason: String,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

/// A top-up or adjustment to take back.
#[derive(InputObject)]
pub struct ReverseTransferInput {
    /// A transfer of kind TOP_UP or ADJUSTMENT to a child of the caller's account.
    pub transfer_id: ID,
    /// Why: 1 to 100 characters.
    pub reason: String,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

/// How far a child's balance may go below zero.
#[derive(InputObject)]
pub struct SetCreditLimitInput {
    /// A child of the caller's account.
    pub account_id: ID,
    /// Zero or more; null for no limit.
    pub limit: Option<Decimal>,
}

/// When an account's people are told that its credit is low.
#[derive(InputObject)]
pub struct SetLowCreditInput {
    /// The caller's own account or a child of it.
    pub account_id: ID,
    /// Below this, zero or more; null for never.
    pub amount: Option<Decimal>,
}

payload!(
    /// What `topUp` answers.
    TopUpPayload {
        /// The child's balance after the top-up.
        balance: Money,
    }
);

payload!(
    /// What `adjustCredit` and `reverseTransfer` answer.
    CreditPayload {
        /// The new transfer.
        transfer_id: ID,
        /// The child's balance after it.
        balance: Money,
    }
);

/// Mutations of this file.
#[derive(Default)]
pub struct CreditMutation;

#[async_graphql::Object]
impl CreditMutation {
    /// Gives a child credit.
    async fn top_up(&self, ctx: &Context<'_>, input: TopUpInput) -> async_graphql::Result<TopUpPayload> {
        let done = async {
            let top_up = TopUp {
                account_id: parse_account(ctx, &input.account_id).await?,
                amount: input.amount.amount.0,
                currency: input.amount.currency.0,
                note: input.note,
            };
            credit::top_up(app(ctx), caller(ctx)?, &input.idempotency_key, top_up).await
        };
        answer(done.await.map(|(account, balance)| TopUpPayload {
            balance: Some(Money::new(balance, &account.currency)),
            user_errors: Vec::new(),
        }))
    }

    /// Corrects a child's credit, up or down, with a reason. INSUFFICIENT_CREDIT for more than the child has left.
    async fn adjust_credit(
        &self,
        ctx: &Context<'_>,
        input: AdjustCreditInput,
    ) -> async_graphql::Result<CreditPayload> {
        let done = async {
            let adjustment = Adjustment {
                account_id: parse_account(ctx, &input.account_id).await?,
                amount: input.amount.amount.0,
                currency: input.amount.currency.0,
                reason: input.reason,
            };
            credit::adjust(app(ctx), caller(ctx)?, &input.idempotency_key, adjustment).await
        };
        answer(done.await.map(posted))
    }

    /// Takes a top-up or an adjustment back, once: ALREADY_REVERSED the next time, INSUFFICIENT_CREDIT when the child has less than that left.
    async fn reverse_transfer(
        &self,
        ctx: &Context<'_>,
        input: ReverseTransferInput,
    ) -> async_graphql::Result<CreditPayload> {
        let done = async {
            let transfer_id = Kind::LedgerTransfer.parse(&input.transfer_id)?;
            let reversal = Reversal { transfer_id, reason: input.reason };
            credit::reverse(app(ctx), caller(ctx)?, &input.idempotency_key, reversal).await
        };
        answer(done.await.map(posted))
    }

    /// Sets how far a child's balance may go below zero. INSUFFICIENT_CREDIT for a limit that is used already.
    async fn set_credit_limit(
        &self,
        ctx: &Context<'_>,
        input: SetCreditLimitInput,
    ) -> async_graphql::Result<AccountPayload> {
        let done = async {
            let (id, limit) =
                (parse_account(ctx, &input.account_id).await?, input.limit.map(|limit| limit.0));
            changed(ctx, credit::set_limit(app(ctx), caller(ctx)?, id, limit).await?).await
        };
        answer(done.await)
    }

    /// Sets when the people of the caller's account, or of a child of it, are told that its credit is low.
    async fn set_low_credit(
        &self,
        ctx: &Context<'_>,
        input: SetLowCreditInput,
    ) -> async_graphql::Result<AccountPayload> {
        let done = async {
            let (id, low) =
                (parse_account(ctx, &input.account_id).await?, input.amount.map(|amount| amount.0));
            changed(ctx, credit::set_low(app(ctx), caller(ctx)?, id, low).await?).await
        };
        answer(done.await)
    }
}

fn posted((account, posted): (account::Model, Posted)) -> CreditPayload {
    CreditPayload {
        transfer_id: Some(Kind::LedgerTransfer.id(posted.transfer_id)),
        balance: Some(Money::new(posted.balance, &account.currency)),
        user_errors: Vec::new(),
    }
}

/// How an account's credit stands.
#[derive(Clone, PartialEq, Eq, SimpleObject)]
pub struct Balance {
    /// What the account holds with its parent.
    pub balance: Money,
    /// What live calls hold of it.
    pub held: Money,
    /// What may still be spent; null without a limit.
    pub available: Option<Money>,
    /// Whether balance + creditLimit is below what its people want to be told of; what calls hold does not count.
    pub low: bool,
}

/// Subscriptions of this file.
#[derive(Default)]
pub struct CreditSubscription;

#[Subscription]
impl CreditSubscription {
    /// The credit of the caller's account or one below it: at once, then when it has changed. Ends when the account is the caller's no more.
    async fn balance(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(default = 2, desc = "Seconds between looks, 1 to 60.")] every_seconds: i32,
    ) -> async_graphql::Result<BoxStream<'static, async_graphql::Result<Balance>>> {
        let (app, actor) = (application(ctx), actor(ctx)?.clone());
        let id = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let every = u64::try_from(every_seconds).ok().filter(|seconds| (1..=60).contains(seconds));
        let every = every.ok_or_else(|| top_level(Error::invalid("everySeconds", "1 to 60 seconds")))?;
        // what is wrong from the start is the subscription's own error
        shown(credit::find(&app, &actor, id).await).map_err(top_level)?;
        // the first tick comes at once
        let mut ticks = tokio::time::interval(Duration::from_secs(every));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let steps = stream::unfold(Some((ticks, None)), move |state| {
            let (app, actor) = (app.clone(), actor.clone());
            async move {
                let (mut ticks, last): (_, Option<Balance>) = state?;
                loop {
                    ticks.tick().await;
                    match shown(credit::find(&app, &actor, id).await) {
                        Ok(now) if last.as_ref() == Some(&now) => {}
                        Ok(now) => return Some((Ok(now.clone()), Some((ticks, Some(now))))),
                        Err(error) => return Some((Err(top_level(error)), None)),
                    }
                }
            }
        });
        Ok(steps.boxed())
    }
}

fn shown(found: Result<(account::Model, Standing)>) -> Result<Balance> {
    let (account, standing) = found?;
    let money = |amount| Money::new(amount, &account.currency);
    Ok(Balance {
        balance: money(standing.balance),
        held: money(standing.held),
        available: standing.available.map(money),
        low: standing.low,
    })
}
