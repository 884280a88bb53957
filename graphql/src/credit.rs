//! Credit: balances, top-ups, adjustments, reversals, limits.

use graphql_macros::object;
use std::time::Duration;

use async_graphql::{Context, ID, InputObject, SimpleObject};
use entity::account;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::accounts::{AccountPayload, changed, parse_account};
use super::activity::application;
use super::payload::{answer, payload, top_level};
use super::roles::{BACK_OFFICE, MANAGERS};
use super::scalars::{Decimal, Kind, Money, MoneyInput};
use super::{actor, app, caller, keyed};
use app::auth::Right;
use app::credit::{self, Adjustment, Posted, Reversal, Standing, TopUp};
use base::error::{Error, Result};

async fn standing(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Standing> {
    actor(ctx)?.require(Right::SeeCredit).map_err(top_level)?;
    credit::of(app(ctx).store.reader(), account).await.map_err(top_level)
}

/// The account's balance with its parent.
pub(super) async fn balance(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Money> {
    Ok(Money::new(standing(ctx, account).await?.balance, &account.currency))
}

/// Credit reserved by live calls.
pub(super) async fn held(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Money> {
    Ok(Money::new(standing(ctx, account).await?.held, &account.currency))
}

/// Credit that can still be spent; `None` if there is no limit.
pub(super) async fn available(
    ctx: &Context<'_>,
    account: &account::Model,
) -> async_graphql::Result<Option<Money>> {
    let available = standing(ctx, account).await?.available;
    Ok(available.map(|amount| Money::new(amount, &account.currency)))
}

/// How far below zero the balance may go; `None` if there is no limit.
pub(super) fn limit(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Option<Money>> {
    actor(ctx)?.require(Right::SeeCredit).map_err(top_level)?;
    Ok(account.credit_limit.map(|limit| Money::new(limit, &account.currency)))
}

/// Threshold of the low-credit notification; `None` if there is no threshold.
pub(super) fn low(ctx: &Context<'_>, account: &account::Model) -> async_graphql::Result<Option<Money>> {
    actor(ctx)?.require(Right::SeeCredit).map_err(top_level)?;
    Ok(account.low_credit.map(|low| Money::new(low, &account.currency)))
}

/// Credit for a child account.
#[derive(InputObject)]
pub struct TopUpInput {
    /// A child of the caller's account.
    pub account_id: ID,
    /// The amount to give, above zero, in the child's currency.
    pub amount: MoneyInput,
    /// Reason or reference.
    #[graphql(default)]
    pub note: String,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

/// A correction of a child's credit.
#[derive(InputObject)]
pub struct AdjustCreditInput {
    /// A child of the caller's account.
    pub account_id: ID,
    /// The amount: above zero to add credit, below zero to remove credit.
    pub amount: MoneyInput,
    /// Reason, 1 to 100 characters.
    pub reason: String,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

/// A top-up or adjustment to reverse.
#[derive(InputObject)]
pub struct ReverseTransferInput {
    /// A transfer of kind TOP_UP or ADJUSTMENT that was made to a child of the caller's account.
    pub transfer_id: ID,
    /// Reason, 1 to 100 characters.
    pub reason: String,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

/// A child's credit limit.
#[derive(InputObject)]
pub struct SetCreditLimitInput {
    /// A child of the caller's account.
    pub account_id: ID,
    /// How far below zero the balance may go, in the child's currency. The limit is zero or more; null removes the limit.
    pub limit: Option<Decimal>,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// An account's low-credit threshold.
#[derive(InputObject)]
pub struct SetLowCreditInput {
    /// The caller's own account, or a child of that account.
    pub account_id: ID,
    /// Users are notified when `balance + creditLimit` falls below this amount. The amount is zero or more; null turns the notifications off.
    pub amount: Option<Decimal>,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

payload!(
    /// Result of `topUp`.
    TopUpPayload {
        /// The child's balance after the top-up.
        balance: Money,
    }
);

payload!(
    /// Result of `adjustCredit` and `reverseTransfer`.
    CreditPayload {
        /// Global id of the new transfer.
        transfer_id: ID,
        /// The child's balance after the transfer.
        balance: Money,
    }
);

/// The fields of `Mutation` for credit.
#[derive(Default)]
pub struct CreditMutation;

#[object(root = "Mutation")]
impl CreditMutation {
    /// Gives credit to a child account. Visible to the platform, distributors and resellers.
    #[field(roles = MANAGERS, scope = CREDIT_WRITE)]
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

    /// Corrects a child's credit, up or down. Fails with INSUFFICIENT_CREDIT if the child's remaining credit is less than the amount to remove.
    #[field(roles = MANAGERS, scope = CREDIT_WRITE)]
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

    /// Reverses a top-up or an adjustment. Fails with ALREADY_REVERSED if the transfer was already reversed, and with INSUFFICIENT_CREDIT if the
    /// child's remaining credit is less than the amount to reverse.
    #[field(roles = MANAGERS, scope = CREDIT_WRITE)]
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

    /// Sets how far a child's balance may go below zero. Fails with INSUFFICIENT_CREDIT if the child already uses more than the new limit.
    #[field(roles = MANAGERS, scope = CREDIT_WRITE)]
    async fn set_credit_limit(
        &self,
        ctx: &Context<'_>,
        input: SetCreditLimitInput,
    ) -> async_graphql::Result<AccountPayload> {
        let done = async {
            let (id, limit) =
                (parse_account(ctx, &input.account_id).await?, input.limit.map(|limit| limit.0));
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            changed(ctx, credit::set_limit(app(ctx), &actor, id, limit).await?).await
        };
        answer(done.await)
    }

    /// Sets the threshold for low-credit notifications of the caller's account or of a child account.
    #[field(roles = BACK_OFFICE, scope = CREDIT_WRITE)]
    async fn set_low_credit(
        &self,
        ctx: &Context<'_>,
        input: SetLowCreditInput,
    ) -> async_graphql::Result<AccountPayload> {
        let done = async {
            let (id, low) =
                (parse_account(ctx, &input.account_id).await?, input.amount.map(|amount| amount.0));
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            changed(ctx, credit::set_low(app(ctx), &actor, id, low).await?).await
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

/// Credit of an account.
#[object]
#[derive(Clone, PartialEq, Eq, SimpleObject)]
pub struct Balance {
    /// Balance with the account's parent.
    pub balance: Money,
    /// Part of the credit that live calls have reserved.
    pub held: Money,
    /// `balance + creditLimit - held`: the amount that can still be spent; null if there is no credit limit.
    pub available: Option<Money>,
    /// Whether `balance + creditLimit` is below `lowCredit`. Credit that live calls reserve is not subtracted.
    pub low: bool,
}

/// The fields of `Subscription` for credit.
#[derive(Default)]
pub struct CreditSubscription;

#[object(root = "Subscription")]
impl CreditSubscription {
    /// Credit of the caller's account or an account below it. The subscription sends a message immediately, and again when a check finds that the
    /// credit has changed. The subscription ends when the caller loses access to the account.
    #[field(roles = BACK_OFFICE, scope = LEDGER_READ)]
    async fn balance(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(default = 2, desc = "Seconds between checks for changes, 1 to 60.")] every_seconds: i32,
    ) -> async_graphql::Result<BoxStream<'static, async_graphql::Result<Balance>>> {
        let (app, actor) = (application(ctx), actor(ctx)?.clone());
        let id = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let every = u64::try_from(every_seconds).ok().filter(|seconds| (1..=60).contains(seconds));
        let every = every.ok_or_else(|| {
            top_level(Error::invalid("everySeconds", "`everySeconds` must be between 1 and 60."))
        })?;
        // if the first read fails, the subscription fails
        shown(credit::find(&app, &actor, id).await).map_err(top_level)?;
        // the timer's first tick is immediate
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
