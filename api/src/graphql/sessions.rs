//! Cabin sessions: one customer's use of a cabin, its statement and its settlement.

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::payment;
use uuid::Uuid;

use super::accounts::Page;
use super::cabins::Cabin;
use super::paging::{Paging, connection};
use super::payload::{answer, nullable, payload, top_level};
use super::roles::{Rule, SHOP, SIGNED_IN};
use super::scalars::{CurrencyCode, Decimal, Kind, Money};
use super::users::User;
use super::{actor, app, caller, remote_enum};
use crate::app::sessions::{self, Bill, Closing, LimitChange, Limits, Opening, SessionView, Settling};
use crate::app::{cabins, users};
use crate::error::Error;

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Query.session", SIGNED_IN),
    ("Query.sessions", SIGNED_IN),
    ("Query.statement", SIGNED_IN),
    ("Mutation.openCabin", SHOP),
    ("Mutation.closeCabin", SHOP),
    ("Mutation.updateSessionLimits", SHOP),
    ("Mutation.voidSession", SHOP),
    ("Mutation.moveSession", SHOP),
    ("Mutation.settleSession", SHOP),
];

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

/// What closing a cabin does with a call that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "billing::session::CloseMode")]
pub enum CloseMode {
    /// Ends it.
    HangUp,
    /// Refuses to close.
    Refuse,
    /// Lets it go on, allows no other, and closes after it.
    Drain,
}

/// One customer's use of a cabin, from opening to settlement.
pub struct CabinSession(pub SessionView);

impl CabinSession {
    fn money(&self, amount: entity::Micros) -> Money {
        Money::new(amount, &self.0.currency)
    }
}

#[Object]
impl CabinSession {
    /// Global id.
    pub(super) async fn id(&self) -> ID {
        Kind::CabinSession.id(self.0.session.id)
    }

    /// The cabin the customer is in, or was in last.
    async fn cabin(&self, ctx: &Context<'_>) -> async_graphql::Result<Cabin> {
        let view = cabins::view_by_id(app(ctx).store.reader(), self.0.session.cabin_id).await;
        view.map(Cabin).map_err(top_level)
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

    /// What is due; null until the statement is final.
    async fn total(&self) -> Option<Money> {
        self.0.session.total.map(|total| self.money(total))
    }

    /// The bill: final once the session is closed, so far before.
    async fn statement(&self, ctx: &Context<'_>) -> async_graphql::Result<Statement> {
        let bill = sessions::bill(app(ctx), &self.0.session, self.0.currency.clone()).await;
        bill.map(Statement::from).map_err(top_level)
    }

    /// How it was paid, change already given back; empty until it is.
    async fn payments(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Payment>> {
        let payments = sessions::payments(app(ctx), self.0.session.id).await.map_err(top_level)?;
        Ok(payments
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

    /// What rounding the part paid in cash added to the total.
    async fn cash_rounding(&self) -> Money {
        self.money(self.0.session.cash_rounding)
    }

    /// Number of its receipt, consecutive in the callshop; null until it is paid.
    async fn receipt_number(&self) -> Option<String> {
        self.0.session.receipt_number.map(|number| number.to_string())
    }
}

/// The user that a record names; null for none and for the command line.
pub(super) async fn user(ctx: &Context<'_>, id: Option<Uuid>) -> async_graphql::Result<Option<User>> {
    match id {
        Some(id) => Ok(users::named(app(ctx), id).await.map_err(top_level)?.map(User)),
        None => Ok(None),
    }
}

/// A part of a settlement.
pub struct Payment {
    payment: payment::Model,
    currency: String,
}

#[Object]
impl Payment {
    /// How.
    async fn method(&self) -> PaymentMethod {
        self.payment.method.into()
    }

    /// What was kept, change already given back.
    async fn amount(&self) -> Money {
        Money::new(self.payment.amount, &self.currency)
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.payment.at
    }
}

/// A session's bill. `total = callsTotal + rounding`.
#[derive(SimpleObject)]
pub struct Statement {
    /// Answered calls that are over, in order; at most 5000.
    pub calls: Vec<StatementCall>,
    /// The same by destination, in the order of the names.
    pub totals_by_destination: Vec<DestinationTotal>,
    /// Sum of the calls.
    pub calls_total: Money,
    /// What rounding the total, once, to the currency's minor unit adds; below zero what it takes away.
    pub rounding: Money,
    /// What is due.
    pub total: Money,
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
        let Bill { statement, currency } = bill;
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
        Self {
            calls: statement.calls.into_iter().map(call).collect(),
            totals_by_destination: statement.by_destination.into_iter().map(total).collect(),
            calls_total: Money::new(statement.calls_total, &currency),
            rounding: Money::new(statement.rounding, &currency),
            total: Money::new(statement.total, &currency),
            currency: CurrencyCode(currency),
        }
    }
}

/// Which cabin to open, for whom.
#[derive(InputObject)]
pub struct OpenCabinInput {
    /// Which cabin.
    pub cabin_id: ID,
    /// Name of the customer.
    #[graphql(default)]
    pub customer: String,
    /// Calls may cost this at most, in the callshop's currency; null for no limit.
    pub spending_limit: Option<Decimal>,
    /// Talk seconds at most, up to 86400; null for no limit.
    pub time_limit_seconds: Option<i32>,
}

/// What to close: give exactly one of the ids.
#[derive(InputObject)]
pub struct CloseCabinInput {
    /// The cabin whose customer is done.
    pub cabin_id: Option<ID>,
    /// Or his session.
    pub session_id: Option<ID>,
    /// What to do with a call that is up.
    #[graphql(default_with = "CloseMode::HangUp")]
    pub mode: CloseMode,
}

/// New limits of an open session; what is left out stays, null removes a limit.
#[derive(InputObject)]
pub struct UpdateSessionLimitsInput {
    /// Which session.
    pub session_id: ID,
    /// Calls may cost this at most, in the callshop's currency.
    #[graphql(default)]
    pub spending_limit: MaybeUndefined<Decimal>,
    /// Talk seconds at most, up to 86400.
    #[graphql(default)]
    pub time_limit_seconds: MaybeUndefined<i32>,
}

/// Which session.
#[derive(InputObject)]
pub struct SessionIdInput {
    /// A session of the caller's callshop.
    pub session_id: ID,
}

/// Which customer goes into which cabin.
#[derive(InputObject)]
pub struct MoveSessionInput {
    /// An open session without a call.
    pub session_id: ID,
    /// A free cabin with a phone.
    pub cabin_id: ID,
}

/// What a customer hands over.
#[derive(InputObject)]
pub struct PaymentInput {
    /// How.
    pub method: PaymentMethod,
    /// How much, in the callshop's currency; cash may be more than is due.
    pub amount: Decimal,
}

/// How a session is paid.
#[derive(InputObject)]
pub struct SettleSessionInput {
    /// A closed session.
    pub session_id: ID,
    /// At most ten; none when nothing is due.
    pub payments: Vec<PaymentInput>,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

payload!(
    /// What mutations of sessions answer.
    SessionPayload {
        /// The session as it is now.
        session: CabinSession,
    }
);

payload!(
    /// What `settleSession` answers.
    SettleSessionPayload {
        /// The session as it is now, with its receipt number.
        session: CabinSession,
        /// Cash to give back.
        change: Money,
    }
);

/// Queries of this file.
#[derive(Default)]
pub struct SessionQuery;

#[Object]
impl SessionQuery {
    /// A session of the caller's branch.
    async fn session(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<CabinSession>> {
        let found = async { sessions::find(app(ctx), caller(ctx)?, Kind::CabinSession.parse(&id)?).await };
        nullable(found.await.map(CabinSession))
    }

    /// Sessions of a callshop, newest first.
    #[allow(clippy::too_many_arguments)]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Only those in one of these states; all when left out.")] states: Option<
            Vec<SessionState>,
        >,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<CabinSession>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let mut states: Vec<entity::SessionState> =
            states.unwrap_or_default().into_iter().map(Into::into).collect();
        states.sort_unstable();
        states.dedup();
        let states = &states;
        let read = |page| sessions::list(app, actor, shop, states, page);
        let id = |view: &SessionView| view.session.id;
        connection(Paging { first, after, last, before }, true, read, id, CabinSession).await
    }

    /// A session's bill: final once the session is closed, so far before.
    async fn statement(&self, ctx: &Context<'_>, session_id: ID) -> Option<async_graphql::Result<Statement>> {
        let found = async {
            sessions::statement(app(ctx), caller(ctx)?, Kind::CabinSession.parse(&session_id)?).await
        };
        nullable(found.await.map(Statement::from))
    }
}

/// Mutations of this file.
#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Opens a cabin for a customer who pays after his calls. The register must be open.
    async fn open_cabin(
        &self,
        ctx: &Context<'_>,
        input: OpenCabinInput,
    ) -> async_graphql::Result<SessionPayload> {
        let opened = async {
            let limits = Limits {
                spending: input.spending_limit.map(|limit| limit.0),
                seconds: input.time_limit_seconds,
            };
            let cabin_id = Kind::Cabin.parse(&input.cabin_id)?;
            let opening = Opening { cabin_id, customer: input.customer, limits };
            sessions::open(app(ctx), caller(ctx)?, opening).await
        };
        answer(opened.await.map(done))
    }

    /// Closes a cabin. The session is CLOSED with its final statement, or CLOSING until the end of its last call is known.
    async fn close_cabin(
        &self,
        ctx: &Context<'_>,
        input: CloseCabinInput,
    ) -> async_graphql::Result<SessionPayload> {
        let closed = async {
            let closing = match (&input.cabin_id, &input.session_id) {
                (Some(cabin), None) => Closing::Cabin(Kind::Cabin.parse(cabin)?),
                (None, Some(session)) => Closing::Session(Kind::CabinSession.parse(session)?),
                _ => return Err(Error::invalid("cabinId", "give exactly one of cabinId and sessionId")),
            };
            sessions::close(app(ctx), caller(ctx)?, closing, input.mode.into()).await
        };
        answer(closed.await.map(done))
    }

    /// Changes what an open session's calls may come to. A call that is up keeps the seconds it was given.
    async fn update_session_limits(
        &self,
        ctx: &Context<'_>,
        input: UpdateSessionLimitsInput,
    ) -> async_graphql::Result<SessionPayload> {
        let changed = async {
            let change = LimitChange {
                spending: changed(input.spending_limit).map(|limit| limit.map(|limit| limit.0)),
                seconds: changed(input.time_limit_seconds),
            };
            let session = Kind::CabinSession.parse(&input.session_id)?;
            sessions::update_limits(app(ctx), caller(ctx)?, session, change).await
        };
        answer(changed.await.map(done))
    }

    /// Voids a session that was opened by mistake. Only without calls.
    async fn void_session(
        &self,
        ctx: &Context<'_>,
        input: SessionIdInput,
    ) -> async_graphql::Result<SessionPayload> {
        let voided = async {
            sessions::void(app(ctx), caller(ctx)?, Kind::CabinSession.parse(&input.session_id)?).await
        };
        answer(voided.await.map(done))
    }

    /// Moves a customer to another cabin. Not during a call.
    async fn move_session(
        &self,
        ctx: &Context<'_>,
        input: MoveSessionInput,
    ) -> async_graphql::Result<SessionPayload> {
        let moved = async {
            let session = Kind::CabinSession.parse(&input.session_id)?;
            sessions::change_cabin(app(ctx), caller(ctx)?, session, Kind::Cabin.parse(&input.cabin_id)?).await
        };
        answer(moved.await.map(done))
    }

    /// Takes the money for a closed session, in the shift that is open now, and gives the receipt its number.
    async fn settle_session(
        &self,
        ctx: &Context<'_>,
        input: SettleSessionInput,
    ) -> async_graphql::Result<SettleSessionPayload> {
        let settled = async {
            let settling = Settling {
                session_id: Kind::CabinSession.parse(&input.session_id)?,
                payments: input
                    .payments
                    .into_iter()
                    .map(|payment| (payment.method.into(), payment.amount.0))
                    .collect(),
            };
            let settled = sessions::settle(app(ctx), caller(ctx)?, &input.idempotency_key, settling).await?;
            let change = Money::new(settled.change, &settled.view.currency);
            Ok(SettleSessionPayload {
                session: Some(CabinSession(settled.view)),
                change: Some(change),
                user_errors: Vec::new(),
            })
        };
        answer(settled.await)
    }
}

/// None when left out, `Some(None)` for null.
fn changed<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

fn done(view: SessionView) -> SessionPayload {
    SessionPayload { session: Some(CabinSession(view)), user_errors: Vec::new() }
}
