//! Session mutations.

use async_graphql::{Context, MaybeUndefined};
use graphql_macros::object;

use super::inputs::{
    AddDepositInput, AddSessionItemInput, ApplyDiscountInput, CloseCabinInput, DepositInput,
    MoveSessionInput, OpenCabinInput, RefundSessionInput, RemoveSessionItemInput, SettleSessionInput,
    UpdateSessionLimitsInput, VoidSessionInput,
};
use super::types::{CabinSession, SessionMode};
use crate::payload::{UserError, UserErrors, answer, payload};
use crate::roles::SHOP;
use crate::scalars::{Kind, Money};
use crate::{app, caller};
use app::sessions::{
    self, AddDeposit, Closing, Handed, LimitChange, Limits, NewDiscount, NewItem, Opening, Refund,
    SessionView, Settling,
};
use base::error::Error;

payload!(
    /// Result of the session mutations.
    SessionPayload {
        /// The session after the change.
        session: CabinSession,
    }
);

/// Result of `settleSession`.
// The payload's fields are declared in `receipts.rs`, because one of the fields is the receipt.
#[derive(Default, async_graphql::Description)]
pub struct SettleSessionPayload {
    pub(crate) session: Option<CabinSession>,
    pub(crate) change: Option<Money>,
    pub(crate) user_errors: Vec<UserError>,
}

impl From<UserErrors> for SettleSessionPayload {
    fn from(errors: UserErrors) -> Self {
        Self { user_errors: errors.0, ..Self::default() }
    }
}

/// The fields of `Mutation` for sessions.
#[derive(Default)]
pub struct SessionMutation;

#[object(root = "Mutation")]
impl SessionMutation {
    /// Opens a cabin: POSTPAID (the customer pays after the calls) or PREPAID (with a deposit). The register must be open.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
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
            let opening = Opening {
                cabin_id: Kind::Cabin.parse(&input.cabin_id)?,
                customer: input.customer,
                limits,
                deposit: deposit(input.mode, input.deposit)?,
            };
            sessions::open(app(ctx), caller(ctx)?, input.idempotency_key.as_deref(), opening).await
        };
        answer(opened.await.map(done))
    }

    /// Adds to the deposit of an open PREPAID session, even during a call. The register must be open.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
    async fn add_deposit(
        &self,
        ctx: &Context<'_>,
        input: AddDepositInput,
    ) -> async_graphql::Result<SessionPayload> {
        let added = async {
            let deposit = AddDeposit {
                session_id: Kind::CabinSession.parse(&input.session_id)?,
                amount: input.amount.0,
                method: input.method.into(),
                reference: input.reference,
            };
            sessions::add_deposit(app(ctx), caller(ctx)?, &input.idempotency_key, deposit).await
        };
        answer(added.await.map(done))
    }

    /// Adds an item, such as a drink or a photocopy, to the bill of an unpaid session. A bill has at most 200 items and discounts together.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
    async fn add_session_item(
        &self,
        ctx: &Context<'_>,
        input: AddSessionItemInput,
    ) -> async_graphql::Result<SessionPayload> {
        let added = async {
            let item = NewItem {
                session_id: Kind::CabinSession.parse(&input.session_id)?,
                description: input.description,
                quantity: input.quantity,
                unit_price: input.unit_price.0,
            };
            sessions::add_item(app(ctx), caller(ctx)?, &input.idempotency_key, item).await
        };
        answer(added.await.map(done))
    }

    /// Removes an item or a discount from the bill of an unpaid session.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
    async fn remove_session_item(
        &self,
        ctx: &Context<'_>,
        input: RemoveSessionItemInput,
    ) -> async_graphql::Result<SessionPayload> {
        let removed = async {
            let session = Kind::CabinSession.parse(&input.session_id)?;
            let item = Kind::SessionItem.parse(&input.item_id)?;
            sessions::remove_item(app(ctx), caller(ctx)?, session, item).await
        };
        answer(removed.await.map(done))
    }

    /// Applies a discount to an unpaid session. The sum of the discounts must not exceed the total of the session's calls and items. The sum of the
    /// discounts given by attendants must not exceed the callshop's `attendantMaxDiscount`.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
    async fn apply_discount(
        &self,
        ctx: &Context<'_>,
        input: ApplyDiscountInput,
    ) -> async_graphql::Result<SessionPayload> {
        let applied = async {
            let discount = NewDiscount {
                session_id: Kind::CabinSession.parse(&input.session_id)?,
                amount: input.amount.0,
                reason: input.reason,
            };
            sessions::apply_discount(app(ctx), caller(ctx)?, &input.idempotency_key, discount).await
        };
        answer(applied.await.map(done))
    }

    /// Closes a cabin. The session becomes CLOSED with a final statement, or CLOSING until the end of its last call is known.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
    async fn close_cabin(
        &self,
        ctx: &Context<'_>,
        input: CloseCabinInput,
    ) -> async_graphql::Result<SessionPayload> {
        let closed = async {
            let closing = match (&input.cabin_id, &input.session_id) {
                (Some(cabin), None) => Closing::Cabin(Kind::Cabin.parse(cabin)?),
                (None, Some(session)) => Closing::Session(Kind::CabinSession.parse(session)?),
                _ => return Err(Error::invalid("cabinId", "Give exactly one of `cabinId` and `sessionId`.")),
            };
            sessions::close(app(ctx), caller(ctx)?, closing, input.mode.into()).await
        };
        answer(closed.await.map(done))
    }

    /// Changes the limits of an open session. A call in progress keeps the seconds that were already granted to it.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
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

    /// Voids a session that was opened by mistake and has no calls. The session's items are removed, and any deposit is refunded through the payment
    /// methods that the customer used for it.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
    async fn void_session(
        &self,
        ctx: &Context<'_>,
        input: VoidSessionInput,
    ) -> async_graphql::Result<SessionPayload> {
        let voided = async {
            let (key, id) = (input.idempotency_key, Kind::CabinSession.parse(&input.session_id)?);
            sessions::void(app(ctx), caller(ctx)?, key.as_deref(), id).await
        };
        answer(voided.await.map(done))
    }

    /// Moves a customer to another cabin. This mutation is not allowed during a call.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
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

    /// Takes payment for a closed session, books the payment in the open shift, and assigns the receipt number. The unused deposit is refunded
    /// through the payment methods that the customer used for it, up to the amount paid through each method. The rest of the unused deposit is
    /// refunded in cash.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
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
                    .map(|payment| Handed {
                        method: payment.method.into(),
                        amount: payment.amount.0,
                        reference: payment.reference,
                    })
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

    /// Refunds all or part of a settled session's payment from the open register. Refunds by attendants must not exceed the callshop's
    /// `attendantMaxRefund` per session.
    #[field(roles = SHOP, scope = SESSIONS_WRITE)]
    async fn refund_session(
        &self,
        ctx: &Context<'_>,
        input: RefundSessionInput,
    ) -> async_graphql::Result<SessionPayload> {
        let refunded = async {
            let refund = Refund {
                session_id: Kind::CabinSession.parse(&input.session_id)?,
                amount: input.amount.0,
                method: input.method.into(),
                reason: input.reason,
                reference: input.reference,
            };
            sessions::refund(app(ctx), caller(ctx)?, &input.idempotency_key, refund).await
        };
        answer(refunded.await.map(done))
    }
}

/// The deposit to collect. If the input names a mode, the mode must match the deposit.
fn deposit(mode: Option<SessionMode>, deposit: Option<DepositInput>) -> base::error::Result<Option<Handed>> {
    match (mode, deposit) {
        (Some(SessionMode::Postpaid), Some(_)) => Err(Error::invalid(
            "deposit",
            "A POSTPAID session takes no deposit. Omit `deposit`, or use PREPAID.",
        )),
        (Some(SessionMode::Prepaid), None) => {
            Err(Error::invalid("deposit", "A PREPAID session requires a deposit."))
        }
        (_, deposit) => Ok(deposit.map(|deposit| Handed {
            method: deposit.method.into(),
            amount: deposit.amount.0,
            reference: deposit.reference,
        })),
    }
}

/// Returns `None` if the field is omitted, and `Some(None)` if it is null.
pub(crate) fn changed<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

fn done(view: SessionView) -> SessionPayload {
    SessionPayload { session: Some(CabinSession(view)), user_errors: Vec::new() }
}
