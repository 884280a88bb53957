//! The GraphQL type of sessions.

use async_graphql::{Context, ID};
use billing::money::Micros;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use graphql_macros::object;
use uuid::Uuid;

use super::payments::{Payment, PixCode, SessionItem};
use super::statements::Statement;
use crate::accounts::{Callshop, shop_of};
use crate::cabins::Cabin;
use crate::calls::{Call, CallOwner, calls_of};
use crate::filters::{CallFilterInput, CallOrder};
use crate::kept;
use crate::loaders::{CabinId, RunningOf, UserId, load};
use crate::paging::{Page, Paging};
use crate::payload::top_level;
use crate::scalars::{Decimal, Kind, Money};
use crate::users::User;
use crate::{actor, app, graphql_enum};
use app::sessions::{self, Running, SessionView};
use base::error::Error;

graphql_enum!(
    /// State of a session.
    SessionState = "entity::SessionState" {
        /// The customer is in the cabin and may call.
        Open,
        /// The session allows no new calls and waits for its last call to end.
        Closing,
        /// The statement is final and unpaid.
        Closed,
        /// Paid.
        Settled,
        /// The session was opened by mistake and has no calls.
        Voided,
    }
);

graphql_enum!(
    /// When the customer pays.
    SessionMode = "entity::SessionMode" {
        /// The customer pays after the calls.
        Postpaid,
        /// The customer pays before the calls, with a deposit.
        Prepaid,
    }
);

/// One customer's use of a cabin, from opening to settlement.
#[derive(async_graphql::Description)]
pub struct CabinSession(pub SessionView);

impl CabinSession {
    fn money(&self, amount: entity::Micros) -> Money {
        Money::new(amount, &self.0.currency)
    }

    /// An amount that would reveal the drawer's contents; `None` while it must be hidden from the caller.
    async fn cash(&self, ctx: &Context<'_>, amount: entity::Micros) -> async_graphql::Result<Option<Money>> {
        let hides = sessions::hides_cash(app(ctx), actor(ctx)?, &self.0.session).boxed().await;
        Ok((!hides.map_err(top_level)?).then(|| self.money(amount)))
    }

    fn due(&self) -> Option<(Micros, Micros)> {
        let session = &self.0.session;
        match session.state {
            entity::SessionState::Settled | entity::SessionState::Voided => {
                Some((Micros::ZERO, Micros::ZERO))
            }
            _ => session.total.map(|total| sessions::amounts_due(total.into(), session.deposit.into())),
        }
    }

    async fn running(&self, ctx: &Context<'_>) -> async_graphql::Result<Running> {
        let SessionView { session, .. } = &self.0;
        let running = load(ctx, RunningOf(session.id, session.opened_at)).await.map_err(top_level)?;
        Ok(running.unwrap_or_default())
    }

    async fn lines(
        &self,
        ctx: &Context<'_>,
        kind: entity::ItemKind,
    ) -> async_graphql::Result<Vec<SessionItem>> {
        let rows = sessions::items(app(ctx), self.0.session.id).boxed().await.map_err(top_level)?;
        let of_kind = rows.into_iter().filter(|row| row.kind == kind);
        Ok(of_kind.map(|row| SessionItem { row, currency: self.0.currency.clone() }).collect())
    }
}

#[object(scope = SESSIONS_READ)]
impl CabinSession {
    /// Global id.
    #[field(numbered)]
    pub(crate) fn id(&self) -> ID {
        Kind::CabinSession.id(self.0.session.id)
    }

    /// The customer's current or last cabin.
    #[field(numbered)]
    async fn cabin(&self, ctx: &Context<'_>) -> async_graphql::Result<Cabin> {
        let view = load(ctx, CabinId(self.0.session.cabin_id)).await.map_err(top_level)?;
        view.map(Cabin).ok_or_else(|| {
            top_level(Error::fault(
                "a session refers to a cabin that does not exist; this is a bug, please report it",
            ))
        })
    }

    /// Callshop of the session.
    #[field(numbered)]
    async fn callshop(&self, ctx: &Context<'_>) -> async_graphql::Result<Callshop> {
        shop_of(ctx, self.0.session.callshop_id).await
    }

    /// Calls on the bill, newest first.
    #[field(numbered)]
    async fn calls(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only matching calls; all if omitted. Leave out `sessionId`.")] filter: Option<
            CallFilterInput,
        >,
        #[graphql(desc = "Newest first if omitted.")] order_by: Option<CallOrder>,
        paging: Paging,
    ) -> async_graphql::Result<Page<Call>> {
        // old calls of paid sessions are deleted without an activity
        if matches!(self.0.session.state, entity::SessionState::Settled | entity::SessionState::Voided) {
            kept::never(ctx);
        }
        let owner = CallOwner::Session(self.0.session.id, self.0.session.opened_at);
        calls_of(ctx, self.0.session.callshop_id, owner, filter, order_by, paging).boxed().await
    }

    /// When the customer pays.
    #[field(numbered)]
    fn mode(&self) -> SessionMode {
        self.0.session.mode.into()
    }

    /// OPEN, then CLOSED (possibly after CLOSING), then SETTLED. A session opened by mistake becomes VOIDED instead.
    #[field(numbered)]
    fn state(&self) -> SessionState {
        self.0.session.state.into()
    }

    /// Name of the customer; empty if not given.
    #[field(numbered)]
    fn customer(&self) -> &str {
        &self.0.session.customer
    }

    /// Maximum total cost of the calls; null for no limit.
    #[field(numbered)]
    fn spending_limit(&self) -> Option<Money> {
        self.0.session.spending_limit.map(|limit| self.money(limit))
    }

    /// Maximum total talk time in seconds; null for no limit.
    #[field(numbered)]
    fn time_limit_seconds(&self) -> Option<i32> {
        self.0.session.time_limit
    }

    /// Whether the session was unpaid when its shift closed, and was carried over to the next shift.
    #[field(numbered)]
    fn carried_over(&self) -> bool {
        self.0.session.carried_over
    }

    /// User who opened the cabin.
    #[field(numbered)]
    async fn opened_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.0.session.opened_by)).await
    }

    /// When the cabin was opened.
    #[field(numbered)]
    fn opened_at(&self) -> DateTime<Utc> {
        self.0.session.opened_at
    }

    /// User who closed the cabin or voided the session; null until then.
    #[field(numbered)]
    async fn closed_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, self.0.session.closed_by).await
    }

    /// When closing was requested; null until then. The statement may become final later than this time.
    #[field(numbered)]
    fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.session.closed_at
    }

    /// Total of the bill; null until the statement is final.
    #[field(numbered)]
    fn total(&self) -> Option<Money> {
        self.0.session.total.map(|total| self.money(total))
    }

    /// Total of the bill so far, including the cost of a live call. Once the statement is final, this field has the final total. Until the statement
    /// is final, the total is not rounded.
    async fn running_total(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        match self.0.session.total {
            Some(total) => Ok(self.money(total)),
            None => {
                let total = self.running(ctx).await?.total().map_err(top_level)?;
                Ok(self.money(total.into()))
            }
        }
    }

    /// The amount that the customer may still spend on calls: the rest of the deposit or of the spending limit, minus the cost of a live call. The
    /// amount is null without a limit.
    async fn remaining(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        let left = self.running(ctx).await?.money_left(&self.0.session);
        Ok(left.map(|left| self.money(left.into())))
    }

    /// Talk time that the customer may still use, in seconds. The result already excludes the talk time of a live call. Null if there is no time
    /// limit.
    async fn remaining_seconds(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<u32>> {
        Ok(self.running(ctx).await?.seconds_left(&self.0.session))
    }

    /// Deposit paid in advance for calls; zero for a POSTPAID session.
    #[field(numbered)]
    fn deposit(&self) -> Money {
        self.money(self.0.session.deposit)
    }

    /// Whether DEPOSIT_LOW announced that the deposit is nearly used up. The value becomes false again when another deposit is added.
    #[field(numbered)]
    fn deposit_low(&self) -> bool {
        self.0.session.deposit_low
    }

    /// Items on the bill other than calls, in the order added.
    #[field(length = 20, numbered)]
    async fn items(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<SessionItem>> {
        self.lines(ctx, entity::ItemKind::Item).await
    }

    /// Discounts on the bill, in the order given.
    #[field(length = 10, numbered)]
    async fn discounts(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<SessionItem>> {
        self.lines(ctx, entity::ItemKind::Discount).await
    }

    /// Amount to pay beyond the deposit, before cash rounding; zero once settled or voided, null until the statement is final.
    #[field(numbered)]
    fn amount_due(&self) -> Option<Money> {
        self.due().map(|(due, _)| self.money(due.into()))
    }

    /// The Pix code. To pay, the customer scans the code, or pastes it ("copia e cola") into a bank's app. Null if the session is paid or voided, if
    /// nothing is due, or if the callshop has no Pix key. In the callshop's bank account, the payment appears under `PixCode.txid`. This server is not
    /// notified of the payment, so check the bank account before you settle the session.
    async fn pix(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The amount to pay, in reais; if omitted, the amount due. The amount is required while the session is not closed, for example when the customer pays a deposit."
        )]
        amount: Option<Decimal>,
    ) -> async_graphql::Result<Option<PixCode>> {
        let shop = shop_of(ctx, self.0.session.callshop_id).await?;
        let code = sessions::pix(&shop.0.settings, &self.0, amount.map(|amount| amount.0));
        Ok(code.map_err(top_level)?.map(PixCode))
    }

    /// Part of the deposit to refund, before cash rounding; zero once settled or voided, null until the statement is final.
    #[field(numbered)]
    fn refund_due(&self) -> Option<Money> {
        self.due().map(|(_, refund)| self.money(refund.into()))
    }

    /// Total refunded after settlement. If other users handled the session's money, the amount is null for attendants until the register is counted.
    async fn refunded(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        self.cash(ctx, self.0.session.refunded).await
    }

    /// The bill: final once the session is closed, provisional until then.
    async fn statement(&self, ctx: &Context<'_>) -> async_graphql::Result<Statement> {
        let bill = sessions::bill(app(ctx), &self.0.session, self.0.currency.clone()).boxed().await;
        bill.map(Statement::from).map_err(top_level)
    }

    /// Payments and refunds, in the following order: deposits, payments at settlement (net of change), refunds. Attendants see payments handled by
    /// other users only after the register is counted.
    #[field(length = 10)]
    async fn payments(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Payment>> {
        let payments = sessions::payments(app(ctx), actor(ctx)?, &self.0.session).boxed().await;
        let payments = payments.map_err(top_level)?;
        Ok(payments
            .seen
            .into_iter()
            .map(|payment| Payment { payment, currency: self.0.currency.clone() })
            .collect())
    }

    /// User who took the payment; null until the session is settled.
    #[field(numbered)]
    async fn settled_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, self.0.session.settled_by).await
    }

    /// When the session was settled; null until then.
    #[field(numbered)]
    fn settled_at(&self) -> Option<DateTime<Utc>> {
        self.0.session.settled_at
    }

    /// The amount that rounding adds to the part paid in cash. If other users handled the session's money, the amount is null for attendants until
    /// the register is counted.
    async fn cash_rounding(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        self.cash(ctx, self.0.session.cash_rounding).await
    }

    /// Receipt number, consecutive in the callshop; null until the session is settled.
    #[field(numbered)]
    fn receipt_number(&self) -> Option<String> {
        self.0.session.receipt_number.map(|number| number.to_string())
    }
}

/// The user to whom a record refers; `None` if the record refers to no user, or to the command line.
pub(crate) async fn user(ctx: &Context<'_>, id: Option<Uuid>) -> async_graphql::Result<Option<User>> {
    match id {
        Some(id) => Ok(load(ctx, UserId(id)).await.map_err(top_level)?.map(User)),
        None => Ok(None),
    }
}
