//! The cash register: shifts, cash movements, X and Z reports.

pub(crate) mod report;

use async_graphql::{Context, ID, InputObject};
use chrono::{DateTime, Utc};
use graphql_macros::object;

use super::cabins::Cabin;
use super::filters::{TimeRange, within};
use super::paging::{Page, Paging, connection};
use super::payload::{answer, nullable, payload, top_level};
use super::scalars::{Decimal, Kind, Money};
use super::sessions::{PaymentMethod, user};
use super::users::User;
use super::{actor, app, caller, graphql_enum};
use crate::roles::{SHOP, SIGNED_IN};
use app::cabins;
use app::register::{self, Closing, MovementView, NewMovement, Opening, ShiftView, XReport};
pub use report::RegisterReport;

graphql_enum!(
    /// Direction of a cash movement that is not a sale.
    CashMovementKind = "entity::MovementKind" {
        /// Cash put into the drawer.
        PayIn,
        /// Cash withdrawn from the drawer.
        PayOut,
    }
);

/// A cash register shift, from opening to closing.
#[derive(async_graphql::Description)]
pub struct RegisterShift(pub ShiftView);

#[object(scope = REGISTER_READ)]
impl RegisterShift {
    /// Global id.
    #[field(numbered)]
    pub(crate) fn id(&self) -> ID {
        Kind::RegisterShift.id(self.0.shift.id)
    }

    /// Shift number, consecutive in the callshop; also the number of the Z report.
    #[field(numbered)]
    fn number(&self) -> String {
        self.0.shift.number.to_string()
    }

    /// User who opened the register; null if the caller has no permission to see that user.
    #[field(numbered)]
    async fn opened_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.0.shift.opened_by)).await
    }

    /// When the register was opened.
    #[field(numbered)]
    fn opened_at(&self) -> DateTime<Utc> {
        self.0.shift.opened_at
    }

    /// Cash counted at opening; null for attendants until the register has been counted at closing.
    #[field(numbered)]
    fn float(&self) -> Option<Money> {
        Some(Money::new(self.0.float()?, &self.0.currency))
    }

    /// User who closed the register; null while the register is open.
    #[field(numbered)]
    async fn closed_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, self.0.shift.closed_by).await
    }

    /// When the register was closed; null while the register is open.
    #[field(numbered)]
    fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.shift.closed_at
    }

    /// The shift's Z report, which is created at closing and never changes; null while the register is open.
    fn z_report(&self) -> async_graphql::Result<Option<RegisterReport>> {
        let report = register::z_report(&self.0.shift).map_err(top_level)?;
        Ok(report.map(|report| RegisterReport::new(report, &self.0.currency)))
    }

    /// Cash movements other than sales, oldest first.
    async fn movements(
        &self,
        ctx: &Context<'_>,
        paging: Paging,
    ) -> async_graphql::Result<Page<CashMovement>> {
        let app = app(ctx);
        let node = |view| CashMovement { view, currency: self.0.currency.clone() };
        let read = |page| register::movements(app, &self.0, page);
        let id = |view: &MovementView| view.movement.id;
        connection(ctx, paging, false, read, id, node).await
    }
}

/// A cash movement other than a sale: cash was put into the drawer or withdrawn from it.
#[derive(async_graphql::Description)]
pub struct CashMovement {
    view: MovementView,
    currency: String,
}

#[object]
impl CashMovement {
    /// Opaque id of the movement; unique and stable.
    fn movement_id(&self) -> ID {
        Kind::CashMovement.id(self.view.movement.id)
    }

    /// Direction of the movement.
    fn kind(&self) -> CashMovementKind {
        self.view.movement.kind.into()
    }

    /// The amount, above zero; null for attendants until the register has been counted, except in the response to `recordCashMovement`.
    fn amount(&self) -> Option<Money> {
        Some(Money::new(self.view.amount?, &self.currency))
    }

    /// Reason for the movement, as free text.
    fn reason(&self) -> &str {
        &self.view.movement.reason
    }

    /// User who recorded the movement.
    async fn by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.view.movement.user_id)).await
    }

    /// When the movement was recorded.
    fn at(&self) -> DateTime<Utc> {
        self.view.movement.at
    }
}

/// Opens the register.
#[derive(InputObject)]
pub struct OpenRegisterInput {
    /// The callshop whose register opens.
    pub callshop_id: ID,
    /// Cash counted in the drawer, in the callshop's currency.
    pub float: Decimal,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

/// Cash put into or withdrawn from the drawer.
#[derive(InputObject)]
pub struct RecordCashMovementInput {
    /// The callshop whose register is open.
    pub callshop_id: ID,
    /// Direction of the movement.
    pub kind: CashMovementKind,
    /// The amount, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// Reason for the movement, as free text.
    pub reason: String,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

/// Counted amount of one payment method.
#[derive(InputObject)]
pub struct CountInput {
    /// The payment method. Each method may appear only once.
    pub method: PaymentMethod,
    /// Counted amount in the callshop's currency. The amount of CASH is zero or more. The amount of any other method may be below zero, for example
    /// if a card terminal refunded more than it received.
    pub amount: Decimal,
}

/// Closes the register.
#[derive(InputObject)]
pub struct CloseRegisterInput {
    /// The callshop whose register closes.
    pub callshop_id: ID,
    /// The counted amounts. CASH and every other method with payments must be counted; enter 0 if the drawer is empty.
    pub counts: Vec<CountInput>,
    /// Closed, unpaid sessions to carry over to the next shift, at most 500.
    #[graphql(default)]
    pub carry_over: Vec<ID>,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

payload!(
    /// Result of `openRegister`.
    OpenRegisterPayload {
        /// The new shift.
        shift: RegisterShift,
        /// All cabins of the callshop, by number, at most 200.
        #[field(length = 100)]
        cabins: Vec<Cabin>,
    }
);

payload!(
    /// Result of `recordCashMovement`.
    RecordCashMovementPayload {
        /// The recorded movement.
        movement: CashMovement,
    }
);

payload!(
    /// Result of `closeRegister`.
    CloseRegisterPayload {
        /// The closed shift, with its Z report.
        shift: RegisterShift,
    }
);

/// The fields of `Query` for the cash register.
#[derive(Default)]
pub struct RegisterQuery;

#[object(root = "Query")]
impl RegisterQuery {
    /// The open shift of a callshop; null while its register is closed.
    #[field(roles = SIGNED_IN, scope = REGISTER_READ, numbered)]
    async fn current_register(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
    ) -> Option<async_graphql::Result<RegisterShift>> {
        let found =
            async { register::current(app(ctx), caller(ctx)?, Kind::Callshop.parse(&callshop_id)?).await };
        nullable(found.await.map(RegisterShift))
    }

    /// Shifts of a callshop, newest first. Attendants see the open shift, and the shifts that they opened or closed.
    #[field(roles = SIGNED_IN, scope = REGISTER_READ)]
    async fn register_shifts(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Only shifts that were opened in this range of time; all if omitted.")]
        opened_at: Option<TimeRange>,
        paging: Paging,
    ) -> async_graphql::Result<Page<RegisterShift>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let opened = within("openedAt", opened_at).map_err(top_level)?;
        let read = |page| register::list(app, actor, shop, opened, page);
        let id = |view: &ShiftView| view.shift.id;
        connection(ctx, paging, true, read, id, RegisterShift).await
    }

    /// Interim report of the open shift; null while the register is closed. Attendants must count the drawer without knowing the expected amounts, so
    /// they see only `openItems` and no sums.
    #[field(roles = SIGNED_IN, scope = REGISTER_READ)]
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

/// The fields of `Mutation` for the cash register.
#[derive(Default)]
pub struct RegisterMutation;

#[object(root = "Mutation")]
impl RegisterMutation {
    /// Opens the register with a counted float. The result includes all cabins with their state.
    #[field(roles = SHOP, scope = REGISTER_WRITE)]
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

    /// Records cash put into or withdrawn from the open register. An owner may withdraw at most the drawer's book balance. An attendant has no such
    /// limit, because an attendant does not see the books. If an attendant withdraws more than that balance, the excess shows as a variance when the
    /// register is counted.
    #[field(roles = SHOP, scope = REGISTER_WRITE)]
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

    /// Closes the register with the counted amounts and creates the Z report. Fails if a cabin is open, or if an unpaid statement is not listed
    /// in `carryOver`.
    #[field(roles = SHOP, scope = REGISTER_WRITE)]
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
