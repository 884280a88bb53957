//! Sessions, their bills, and the money that changes hands for them.

use async_graphql::{Context, ID, Object, SimpleObject};
use billing::money::Micros;
use chrono::{DateTime, Utc};
use entity::{payment, session_item};
use futures_util::FutureExt as _;
use uuid::Uuid;

use crate::cabins::Cabin;
use crate::calls::{Call, calls_of};
use crate::loaders::{CabinId, CallsOf, UserId, load};
use crate::paging::{Page, Paging};
use crate::payload::top_level;
use crate::scalars::{CurrencyCode, Kind, Money};
use crate::users::User;
use crate::{actor, app, remote_enum};
use app::sessions::{self, Bill, SessionView};
use base::error::Error;

remote_enum!(
    /// Where a session is in its life.
    SessionState = "entity::SessionState" {
        /// The customer is in the cabin and may call.
        Open,
        /// No new calls; the end of a running one is awaited.
        Closing,
        /// The statement is final and unpaid.
        Closed,
        /// Paid.
        Settled,
        /// Opened by mistake, without calls.
        Voided,
    }
);

remote_enum!(
    /// When the customer pays.
    SessionMode = "entity::SessionMode" {
        /// After his calls.
        Postpaid,
        /// Before them.
        Prepaid,
    }
);

remote_enum!(
    /// How money changes hands.
    PaymentMethod = "entity::PaymentMethod" {
        /// Notes and coins: the only method that gives change.
        Cash,
        /// A debit or credit card.
        Card,
        /// Brazil's instant transfer.
        Pix,
        /// Anything else.
        Other,
    }
);

remote_enum!(
    /// What a customer's money was for, or why he got it back.
    PaymentKind = "entity::PaymentKind" {
        /// Paid at settlement.
        Sale,
        /// Paid in advance.
        Deposit,
        /// Given back after settlement.
        Refund,
        /// What was left of a deposit, given back.
        DepositRefund,
    }
);

/// One customer's use of a cabin, from opening to settlement.
pub struct CabinSession(pub SessionView);

impl CabinSession {
    fn money(&self, amount: entity::Micros) -> Money {
        Money::new(amount, &self.0.currency)
    }

    /// An amount that tells of the drawer.
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

#[Object]
impl CabinSession {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        Kind::CabinSession.id(self.0.session.id)
    }

    /// The cabin the customer is in, or was in last.
    async fn cabin(&self, ctx: &Context<'_>) -> async_graphql::Result<Cabin> {
        let view = load(ctx, CabinId(self.0.session.cabin_id)).await.map_err(top_level)?;
        view.map(Cabin)
            .ok_or_else(|| top_level(Error::fault("a session refers to a cabin that is not there")))
    }

    /// Calls on its bill, newest first.
    async fn calls(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<Call>> {
        let id = self.0.session.id;
        calls_of(
            ctx,
            |page, priced| CallsOf::Session(id, page, priced),
            Paging { first, after, last, before },
        )
        .await
    }

    /// When the customer pays.
    async fn mode(&self) -> SessionMode {
        self.0.session.mode.into()
    }

    /// Where it is in its life.
    async fn state(&self) -> SessionState {
        self.0.session.state.into()
    }

    /// Name of the customer; empty when nobody asked.
    async fn customer(&self) -> &str {
        &self.0.session.customer
    }

    /// Calls may cost this at most; null for no limit.
    async fn spending_limit(&self) -> Option<Money> {
        self.0.session.spending_limit.map(|limit| self.money(limit))
    }

    /// Talk seconds at most; null for no limit.
    async fn time_limit_seconds(&self) -> Option<i32> {
        self.0.session.time_limit
    }

    /// Unpaid when its shift closed, and carried over by name.
    async fn carried_over(&self) -> bool {
        self.0.session.carried_over
    }

    /// Who opened the cabin.
    async fn opened_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.0.session.opened_by)).await
    }

    /// When the cabin was opened.
    async fn opened_at(&self) -> DateTime<Utc> {
        self.0.session.opened_at
    }

    /// Who closed the cabin, or voided the session.
    async fn closed_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, self.0.session.closed_by).await
    }

    /// When closing was asked for.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.session.closed_at
    }

    /// What its bill comes to; null until the statement is final.
    async fn total(&self) -> Option<Money> {
        self.0.session.total.map(|total| self.money(total))
    }

    /// What was paid in advance, for calls; zero of a POSTPAID session.
    async fn deposit(&self) -> Money {
        self.money(self.0.session.deposit)
    }

    /// What is on the bill besides calls, in the order it was added.
    async fn items(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<SessionItem>> {
        self.lines(ctx, entity::ItemKind::Item).await
    }

    /// What was taken off the bill, in the order it was given.
    async fn discounts(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<SessionItem>> {
        self.lines(ctx, entity::ItemKind::Discount).await
    }

    /// What is to be paid beyond the deposit, before cash is rounded; zero once it is paid or voided, null until the statement is final.
    async fn amount_due(&self) -> Option<Money> {
        self.due().map(|(due, _)| self.money(due.into()))
    }

    /// What is to be given back of the deposit, before cash is rounded; zero once it is paid or voided, null until the statement is final.
    async fn refund_due(&self) -> Option<Money> {
        self.due().map(|(_, refund)| self.money(refund.into()))
    }

    /// What was given back after it was paid. Null for attendants while others took or gave money for it and the register is not counted.
    async fn refunded(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        self.cash(ctx, self.0.session.refunded).await
    }

    /// The bill: final once the session is closed, so far before.
    async fn statement(&self, ctx: &Context<'_>) -> async_graphql::Result<Statement> {
        let bill = sessions::bill(app(ctx), &self.0.session, self.0.currency.clone()).boxed().await;
        bill.map(Statement::from).map_err(top_level)
    }

    /// Money that changed hands for it, in this order: deposits, payments with change already given back, and what was given back.
    /// Attendants see what others took or gave only after the register was counted.
    async fn payments(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Payment>> {
        let payments = sessions::payments(app(ctx), actor(ctx)?, &self.0.session).boxed().await;
        let payments = payments.map_err(top_level)?;
        Ok(payments
            .seen
            .into_iter()
            .map(|payment| Payment { payment, currency: self.0.currency.clone() })
            .collect())
    }

    /// Who took the money.
    async fn settled_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, self.0.session.settled_by).await
    }

    /// When it was paid.
    async fn settled_at(&self) -> Option<DateTime<Utc>> {
        self.0.session.settled_at
    }

    /// What rounding the part paid in cash added to the total. Null for attendants while others took or gave money for it and the register is
    /// not counted.
    async fn cash_rounding(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        self.cash(ctx, self.0.session.cash_rounding).await
    }

    /// Number of its receipt, consecutive in the callshop; null until it is paid.
    async fn receipt_number(&self) -> Option<String> {
        self.0.session.receipt_number.map(|number| number.to_string())
    }
}

/// The user that a record names; null for none and for the command line.
pub(crate) async fn user(ctx: &Context<'_>, id: Option<Uuid>) -> async_graphql::Result<Option<User>> {
    match id {
        Some(id) => Ok(load(ctx, UserId(id)).await.map_err(top_level)?.map(User)),
        None => Ok(None),
    }
}

/// An item or a discount on a session's bill.
pub struct SessionItem {
    row: session_item::Model,
    currency: String,
}

#[Object]
impl SessionItem {
    /// Opaque id, for `removeSessionItem`.
    async fn item_id(&self) -> ID {
        Kind::SessionItem.id(self.row.id)
    }

    /// What it is, or why it was taken off.
    async fn description(&self) -> &str {
        &self.row.description
    }

    /// How many; 1 of a discount.
    async fn quantity(&self) -> i32 {
        self.row.quantity
    }

    /// Price of one, or what is taken off.
    async fn unit_price(&self) -> Money {
        Money::new(self.row.unit_price, &self.currency)
    }

    /// `quantity` times `unitPrice`; never negative, a discount's is taken off.
    async fn amount(&self) -> async_graphql::Result<Money> {
        let line = sessions::line(&self.row).map_err(top_level)?;
        Ok(Money::new(line.amount, &self.currency))
    }

    /// Who.
    async fn by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.row.user_id)).await
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.row.at
    }
}

/// Money that changed hands for a session.
pub struct Payment {
    payment: payment::Model,
    currency: String,
}

#[Object]
impl Payment {
    /// What for, and with it which way it went.
    async fn kind(&self) -> PaymentKind {
        self.payment.kind.into()
    }

    /// How.
    async fn method(&self) -> PaymentMethod {
        self.payment.method.into()
    }

    /// What was kept, change already given back; of a refund what was given. Never negative.
    async fn amount(&self) -> Money {
        Money::new(self.payment.amount, &self.currency)
    }

    /// Why; only of a refund.
    async fn reason(&self) -> Option<&str> {
        self.payment.reason.as_deref()
    }

    /// Who took it, or gave it.
    async fn by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.payment.user_id)).await
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.payment.at
    }
}

/// A session's bill. `total = callsTotal + itemsTotal - discountsTotal + rounding`.
#[derive(SimpleObject)]
pub struct Statement {
    /// Answered calls that are over, in order; at most 5000.
    pub calls: Vec<StatementCall>,
    /// The same by destination, in the order of the names.
    pub totals_by_destination: Vec<DestinationTotal>,
    /// What else is on it, in the order it was added.
    pub items: Vec<StatementLine>,
    /// What is taken off, in the order it was given.
    pub discounts: Vec<StatementLine>,
    /// Sum of the calls.
    pub calls_total: Money,
    /// Sum of the items.
    pub items_total: Money,
    /// Sum of the discounts, not negative.
    pub discounts_total: Money,
    /// What rounding the total, once, to the currency's minor unit adds; below zero what it takes away.
    pub rounding: Money,
    /// What it comes to.
    pub total: Money,
    /// What was paid in advance.
    pub deposit: Money,
    /// What the deposit leaves to pay, before cash is rounded.
    pub amount_due: Money,
    /// What the bill leaves of the deposit, before cash is rounded.
    pub refund_due: Money,
    /// Currency of every amount.
    pub currency: CurrencyCode,
}

/// One call of a statement.
#[derive(SimpleObject)]
pub struct StatementCall {
    /// The number as the customer reads it.
    pub number: String,
    /// Where that is.
    pub destination: String,
    /// When it was answered.
    pub started_at: DateTime<Utc>,
    /// Seconds of talk.
    pub talk_seconds: u32,
    /// Seconds billed.
    pub billed_seconds: u32,
    /// What it costs.
    pub amount: Money,
}

/// An item or a discount of a statement.
#[derive(SimpleObject)]
pub struct StatementLine {
    /// What it is, or why.
    pub description: String,
    /// How many; 1 of a discount.
    pub quantity: u32,
    /// Price of one.
    pub unit_price: Money,
    /// How much in all; never negative, a discount's is taken off.
    pub amount: Money,
}

/// A statement's calls to one destination.
#[derive(SimpleObject)]
pub struct DestinationTotal {
    /// Which destination.
    pub destination: String,
    /// How many calls.
    pub calls: u32,
    /// Seconds of talk.
    pub talk_seconds: u64,
    /// Seconds billed.
    pub billed_seconds: u64,
    /// What they cost.
    pub amount: Money,
}

impl From<Bill> for Statement {
    fn from(bill: Bill) -> Self {
        let (amount_due, refund_due) = (bill.amount_due(), bill.refund_due());
        let Bill { statement, deposit, currency } = bill;
        let call = |call: billing::statement::StatementCall| StatementCall {
            number: call.number,
            destination: call.destination,
            started_at: call.started_at,
            talk_seconds: call.talk_seconds,
            billed_seconds: call.billed_seconds,
            amount: Money::new(call.amount, &currency),
        };
        let total = |total: billing::statement::DestinationTotal| DestinationTotal {
            destination: total.destination,
            calls: total.calls,
            talk_seconds: total.talk_seconds,
            billed_seconds: total.billed_seconds,
            amount: Money::new(total.amount, &currency),
        };
        let line = |line: billing::statement::StatementLine| StatementLine {
            description: line.description,
            quantity: line.quantity,
            unit_price: Money::new(line.unit_price, &currency),
            amount: Money::new(line.amount, &currency),
        };
        Self {
            items: statement.items.into_iter().map(line).collect(),
            discounts: statement.discounts.into_iter().map(line).collect(),
            items_total: Money::new(statement.items_total, &currency),
            discounts_total: Money::new(statement.discounts_total, &currency),
            deposit: Money::new(deposit, &currency),
            amount_due: Money::new(amount_due, &currency),
            refund_due: Money::new(refund_due, &currency),
            calls: statement.calls.into_iter().map(call).collect(),
            totals_by_destination: statement.by_destination.into_iter().map(total).collect(),
            calls_total: Money::new(statement.calls_total, &currency),
            rounding: Money::new(statement.rounding, &currency),
            total: Money::new(statement.total, &currency),
            currency: CurrencyCode(currency),
        }
    }
}
