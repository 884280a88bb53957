//! Refunds settled sessions, in full or in part, with a reason.

use billing::money::Micros;
use billing::session as rules;
use billing::statement::cash_amount;
use chrono::{DateTime, Utc};
use entity::{
    ActivityKind, Book, PaymentKind, PaymentMethod, Role, TransferKind, cabin_session, callshop, payment,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{SessionView, emit_paid, illegal, lock, record, reference, view};
use crate::accounts::clean_name;
use crate::auth::{Actor, Right};
use crate::{App, idempotency, register};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Money;
use store::ledger::{self, Entry, NewTransfer};
use store::{Tx, accounts, register as shifts, sessions};

/// Input of [`refund`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refund {
    /// The session.
    pub session_id: Uuid,
    /// The amount to refund, above zero.
    pub amount: Micros,
    /// The method of the refund.
    pub method: PaymentMethod,
    /// The reason, shown on the receipt.
    pub reason: String,
    /// The refund's number in another system; not for cash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Refunds a settled session from the open register. The callshop's settings limit the refunds that attendants can make per session.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` unless the session is settled. Fails with `FORBIDDEN` for users outside the callshop. May also fail with
/// `REFUND_TOO_HIGH`, `CEILING_EXCEEDED`, `REGISTER_CLOSED`, `INSUFFICIENT_CASH`, `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT` or `NOT_FOUND`.
pub async fn refund(app: &App, actor: &Actor, key: &str, input: Refund) -> Result<SessionView> {
    let reason = clean_name("reason", &input.reason)?;
    let reference = reference::clean("reference", input.method, input.reference.as_deref())?;
    let (input, reason, now) = (&Refund { reference, ..input }, &reason, app.clock.now());
    app.write_as(actor, |tx| async move {
        let found = sessions::find(tx.conn(), &actor.scope(), input.session_id).await?;
        let found = view(tx.conn(), found.ok_or(Error::NotFound)?).await?;
        actor.require(Right::OperateCabins)?;
        register::check_positive("amount", input.amount, &found.currency)?;
        idempotency::once(&tx, actor, &app.clock, "refundSession", key, input, || {
            give(&tx, actor, input, &found, reason, now)
        })
        .await?;
        let session = sessions::find(tx.conn(), &actor.scope(), input.session_id).await?;
        Ok(SessionView { session: session.ok_or(Error::NotFound)?, currency: found.currency })
    })
    .await
}

async fn give(
    tx: &Tx,
    actor: &Actor,
    input: &Refund,
    found: &SessionView,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let callshop_id = found.session.callshop_id;
    let shift = shifts::lock_open_shift(tx.conn(), callshop_id).await?.ok_or_else(register::closed)?;
    let session = lock(tx, actor, input.session_id).await?;
    rules::may_refund(session.state.into()).map_err(illegal)?;
    let settings = accounts::callshop(tx.conn(), callshop_id).await?.ok_or(Error::NotFound)?;
    let before = json!({ "refunded": session.refunded });
    let refunded = check(actor, &session, (&settings, &found.currency), input)?;
    register::check_cash(tx.conn(), actor, &shift, input.method, input.amount).await?;
    let given = (input.method, input.amount);
    let given = super::new_payment(&session, &shift, actor, PaymentKind::Refund, given, now);
    let given =
        payment::Model { reason: Some(reason.to_owned()), reference: input.reference.clone(), ..given };
    sessions::insert_payments(tx.conn(), vec![given.clone()]).await?;
    let out = input.amount.checked_neg().or_fault()?;
    let entries = vec![
        Entry::drawer(callshop_id, shift.id, input.method, out),
        Entry::new(callshop_id, Book::Sales, input.amount),
    ];
    let transfer = NewTransfer {
        user_id: Some(actor.user_id),
        session_id: Some(session.id),
        note: reason.to_owned(),
        ..NewTransfer::new(TransferKind::Refund, &found.currency, now, entries)
    };
    ledger::post(tx.conn(), vec![transfer]).await?;
    let session = cabin_session::Model { refunded: refunded.into(), ..session };
    let session = sessions::update(tx.conn(), session).await?;
    let after = json!({ "refunded": session.refunded, "method": input.method, "reason": reason });
    record(tx, actor, now, "refundSession", &session, (before, after)).await?;
    emit_paid(tx, ActivityKind::SessionRefunded, &session, &[given], now).await
}

/// Checks the refund. Returns the session's total refunds, including this refund.
fn check(
    actor: &Actor,
    session: &cabin_session::Model,
    (settings, currency): (&callshop::Model, &str),
    input: &Refund,
) -> Result<Micros> {
    let total = Micros::from(session.total.ok_or_else(|| Error::fault("a settled session has no total"))?);
    let paid = total.checked_add(session.cash_rounding.into()).or_fault()?;
    let left = paid.checked_sub(session.refunded.into()).or_fault()?;
    if input.amount > left {
        let message = base::message!("At most {left} can still be refunded.", left = Money(left.0, currency));
        return Err(Error::field(ErrorCode::RefundTooHigh, "amount", message));
    }
    let refunded = Micros::from(session.refunded).checked_add(input.amount).or_fault()?;
    let ceiling = Micros::from(settings.attendant_max_refund);
    if actor.role == Role::Attendant && refunded > ceiling {
        let message = base::message!(
            "Attendants can refund at most {ceiling} per session. Ask the owner for more.",
            ceiling = Money(ceiling.0, currency)
        );
        return Err(Error::field(ErrorCode::CeilingExceeded, "amount", message));
    }
    let step = settings.cash_step.map(Micros::from);
    if input.method == PaymentMethod::Cash && cash_amount(input.amount, step).or_fault()? != input.amount {
        let step = step.unwrap_or_default();
        return Err(Error::invalid(
            "amount",
            base::message!("A cash refund must be a multiple of {step}.", step = Money(step.0, currency)),
        ));
    }
    Ok(refunded)
}
