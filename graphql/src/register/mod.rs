//! The cash register: shifts, cash movements, X and Z reports.

mod report;

use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};

use super::cabins::Cabin;
use super::paging::{Page, Paging, connection};
use super::payload::{answer, nullable, payload, top_level};
use super::roles::{Rule, SHOP, SIGNED_IN};
use super::scalars::{Decimal, Kind, Money};
use super::sessions::{PaymentMethod, user};
use super::users::User;
use super::{actor, app, caller, remote_enum};
use app::cabins;
use app::register::{self, Closing, MovementView, NewMovement, Opening, ShiftView, XReport};
pub use report::RegisterReport;

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Query.currentRegister", SIGNED_IN),
    ("Query.registerShifts", SIGNED_IN),
    ("Query.xReport", SIGNED_IN),
    ("Mutation.openRegister", SHOP),
    ("Mutation.recordCashMovement", SHOP),
    ("Mutation.closeRegister", SHOP),
];

remote_enum!(
    /// Which way cash goes besides sales.
    CashMovementKind = "entity::MovementKind" {
        /// Into the drawer.
        PayIn,
        /// Out of the drawer.
        PayOut,
    }
);

/// The cash register from opening to closing.
pub struct RegisterShift(pub ShiftView);

#[Object]
impl RegisterShift {
    /// Global id.
    pub(crate) async fn id(&self) -> ID {
        Kind::RegisterShift.id(self.0.shift.id)
    }

    /// Consecutive in the callshop; the Z report has the same.
    async fn number(&self) -> String {
        self.0.shift.number.to_string()
    }

    /// Who opened it.
    async fn opened_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.0.shift.opened_by)).await
    }

    /// When it was opened.
    async fn opened_at(&self) -> DateTime<Utc> {
        self.0.shift.opened_at
    }

    /// Cash counted at opening; null for attendants until the register is counted.
    async fn float(&self) -> Option<Money> {
        Some(Money::new(self.0.float()?, &self.0.currency))
    }

    /// Who closed it.
    async fn closed_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, self.0.shift.closed_by).await
    }

    /// When it was closed; null while it is open.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.shift.closed_at
    }

    /// The Z report, made at closing and never changed; null while the register is open.
    async fn z_report(&self) -> async_graphql::Result<Option<RegisterReport>> {
        let report = register::z_report(&self.0.shift).map_err(top_level)?;
        Ok(report.map(|report| RegisterReport::new(report, &self.0.currency)))
    }

    /// Cash put in and taken out besides sales, oldest first.
    async fn movements(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<CashMovement>> {
        let app = app(ctx);
        let node = |view| CashMovement { view, currency: self.0.currency.clone() };
        let read = |page| register::movements(app, &self.0, page);
        let id = |view: &MovementView| view.movement.id;
        connection(Paging { first, after, last, before }, false, read, id, node).await
    }
}

/// Cash put into or taken out of the drawer besides sales.
pub struct CashMovement {
    view: MovementView,
    currency: String,
}

#[Object]
impl CashMovement {
    /// In or out.
    async fn kind(&self) -> CashMovementKind {
        self.view.movement.kind.into()
    }

    /// How much; null for attendants until the register is counted, but in the answer to the one who records it.
    async fn amount(&self) -> Option<Money> {
        Some(Money::new(self.view.amount?, &self.currency))
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.view.movement.reason
    }

    /// Who.
    async fn by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.view.movement.user_id)).await
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.view.movement.at
    }
}

/// With what the register opens.
#[derive(InputObject)]
pub struct OpenRegisterInput {
    /// Which callshop's.
    pub callshop_id: ID,
    /// Cash counted in the drawer, in the callshop's currency.
    pub float: Decimal,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

/// Cash put in or taken out.
#[derive(InputObject)]
pub struct RecordCashMovementInput {
    /// Which callshop's register.
    pub callshop_id: ID,
    /// In or out.
    pub kind: CashMovementKind,
    /// How much, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// Why.
    pub reason: String,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

/// What was counted of one payment method.
#[derive(InputObject)]
pub struct CountInput {
    /// Which method, once.
    pub method: PaymentMethod,
    /// How much, in the callshop's currency. Of CASH zero or more; a card terminal that gave back more than it took shows less than zero.
    pub amount: Decimal,
}

/// With what the register closes.
#[derive(InputObject)]
pub struct CloseRegisterInput {
    /// Which callshop's.
    pub callshop_id: ID,
    /// What was counted. Cash always, other methods when anything was paid by them.
    pub counts: Vec<CountInput>,
    /// Closed and unpaid sessions to carry over into the next shift, at most 500.
    #[graphql(default)]
    pub carry_over: Vec<ID>,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

payload!(
    /// What `openRegister` answers.
    OpenRegisterPayload {
        /// The new shift.
        shift: RegisterShift,
        /// All cabins of the callshop, by number, at most 200.
        cabins: Vec<Cabin>,
    }
);

payload!(
    /// What `recordCashMovement` answers.
    RecordCashMovementPayload {
        /// The movement.
        movement: CashMovement,
    }
);

payload!(
    /// What `closeRegister` answers.
    CloseRegisterPayload {
        /// The closed shift, with its Z report.
        shift: RegisterShift,
    }
);

/// Queries of this file.
#[derive(Default)]
pub struct RegisterQuery;

#[Object]
impl RegisterQuery {
    /// The open shift of a callshop; null while its register is closed.
    async fn current_register(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
    ) -> Option<async_graphql::Result<RegisterShift>> {
        let found =
            async { register::current(app(ctx), caller(ctx)?, Kind::Callshop.parse(&callshop_id)?).await };
        nullable(found.await.map(RegisterShift))
    }

    /// Shifts of a callshop, newest first; attendants see the open one and those they opened or closed.
    async fn register_shifts(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<RegisterShift>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let read = |page| register::list(app, actor, shop, page);
        let id = |view: &ShiftView| view.shift.id;
        connection(Paging { first, after, last, before }, true, read, id, RegisterShift).await
    }

    /// The report of the open shift so far; null while the register is closed. Counts are blind: attendants see the open items and none of the
    /// sums.
    async fn x_report(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
    ) -> Option<async_graphql::Result<RegisterReport>> {
        let found =
            async { register::x_report(app(ctx), caller(ctx)?, Kind::Callshop.parse(&callshop_id)?).await };
        nullable(found.await.map(|(report, currency)| match report {
            XReport::Full(report) => RegisterReport::new(*report, &currency),
            XReport::Blind(report) => RegisterReport::blind(report, &currency),
        }))
    }
}

/// Mutations of this file.
#[derive(Default)]
pub struct RegisterMutation;

#[Object]
impl RegisterMutation {
    /// Opens the register with a counted float; answers all cabins with their state.
    async fn open_register(
        &self,
        ctx: &Context<'_>,
        input: OpenRegisterInput,
    ) -> async_graphql::Result<OpenRegisterPayload> {
        let opened = async {
            let callshop_id = Kind::Callshop.parse(&input.callshop_id)?;
            let opening = Opening { callshop_id, float: input.float.0 };
            let shift = register::open(app(ctx), caller(ctx)?, &input.idempotency_key, opening).await?;
            let cabins = cabins::all(app(ctx), caller(ctx)?, callshop_id).await?;
            Ok(OpenRegisterPayload {
                shift: Some(RegisterShift(shift)),
                cabins: Some(cabins.into_iter().map(Cabin).collect()),
                user_errors: Vec::new(),
            })
        };
        answer(opened.await)
    }

    /// Puts cash into the open register, or takes some out. An owner takes out at most what the drawer holds by the books; attendants, who do
    /// not see the books, are not refused, and what was not there shows as a variance at the count.
    async fn record_cash_movement(
        &self,
        ctx: &Context<'_>,
        input: RecordCashMovementInput,
    ) -> async_graphql::Result<RecordCashMovementPayload> {
        let recorded = async {
            let new = NewMovement {
                callshop_id: Kind::Callshop.parse(&input.callshop_id)?,
                kind: input.kind.into(),
                amount: input.amount.0,
                reason: input.reason,
            };
            let (view, currency) =
                register::record_movement(app(ctx), caller(ctx)?, &input.idempotency_key, new).await?;
            let movement = Some(CashMovement { view, currency });
            Ok(RecordCashMovementPayload { movement, user_errors: Vec::new() })
        };
        answer(recorded.await)
    }

    /// Closes the register with what was counted, and makes the Z report. Not while a cabin is open, nor while a statement is unpaid
    /// unless it is carried over by name.
    async fn close_register(
        &self,
        ctx: &Context<'_>,
        input: CloseRegisterInput,
    ) -> async_graphql::Result<CloseRegisterPayload> {
        let closed = async {
            let carried = input.carry_over.iter().map(|id| Kind::CabinSession.parse(id));
            let closing = Closing {
                callshop_id: Kind::Callshop.parse(&input.callshop_id)?,
                counts: input.counts.into_iter().map(|count| (count.method.into(), count.amount.0)).collect(),
                carry_over: carried.collect::<base::error::Result<_>>()?,
            };
            let shift = register::close(app(ctx), caller(ctx)?, &input.idempotency_key, closing).await?;
            Ok(CloseRegisterPayload { shift: Some(RegisterShift(shift)), user_errors: Vec::new() })
        };
        answer(closed.await)
    }
}
