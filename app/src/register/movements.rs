//! Cash movements other than sales: pay-ins and pay-outs.

use billing::money::Micros;
use entity::{Book, MovementKind, PaymentMethod, TransferKind, cash_movement};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ShiftView, check_cash, check_positive, closed, lock_shop, record, transfer};
use crate::accounts::clean_name;
use crate::auth::Actor;
use crate::{App, idempotency};
use base::error::{Error, OrFault as _, Result};
use store::ledger::{self, NewTransfer};
use store::{Listed, Page, register as rows};

/// Input of [`record_movement`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewMovement {
    /// The callshop whose register is used.
    pub callshop_id: Uuid,
    /// Pay-in or pay-out.
    pub kind: MovementKind,
    /// The amount, above zero for both kinds.
    pub amount: Micros,
    /// The reason, as entered by the user.
    pub reason: String,
}

/// A cash movement as the viewer may see it.
#[derive(Clone, Debug)]
pub struct MovementView {
    /// The movement.
    pub movement: cash_movement::Model,
    /// The amount; `None` if the viewer will count the drawer blind.
    pub amount: Option<Micros>,
}

/// Records a pay-in or pay-out in the open register. An owner can pay out at most the cash that the drawer has according to the ledger.
///
/// # Errors
/// Fails with `FORBIDDEN` for users outside the callshop. May also fail with `REGISTER_CLOSED`, `INSUFFICIENT_CASH`, `INVALID_INPUT`,
/// `IDEMPOTENCY_CONFLICT` or `NOT_FOUND`.
pub async fn record_movement(
    app: &App,
    actor: &Actor,
    key: &str,
    input: NewMovement,
) -> Result<(MovementView, String)> {
    let reason = clean_name("reason", &input.reason)?;
    let (input, reason, now) = (&input, &reason, app.clock.now());
    app.write_as(actor, |tx| async move {
        let shop = lock_shop(&tx, actor, input.callshop_id).await?;
        let currency = shop.account.currency;
        check_positive("amount", input.amount, &currency)?;
        let id = idempotency::once(&tx, actor, &app.clock, "recordCashMovement", key, input, || async {
            let shift = rows::lock_open_shift(tx.conn(), input.callshop_id).await?.ok_or_else(closed)?;
            let (kind, change) = match input.kind {
                MovementKind::PayIn => (TransferKind::PayIn, input.amount),
                MovementKind::PayOut => {
                    check_cash(tx.conn(), actor, &shift, PaymentMethod::Cash, input.amount).await?;
                    (TransferKind::PayOut, input.amount.checked_neg().or_fault()?)
                }
            };
            let movement = cash_movement::Model {
                id: Uuid::now_v7(),
                callshop_id: input.callshop_id,
                shift_id: shift.id,
                kind: input.kind,
                amount: input.amount.into(),
                reason: reason.clone(),
                user_id: actor.user_id,
                at: now,
            };
            rows::insert_movement(tx.conn(), movement.clone()).await?;
            let transfer = transfer(actor, &shift, kind, (change, Book::Outside, &currency), now)?;
            let transfer = NewTransfer { note: reason.clone(), ..transfer };
            ledger::post(tx.conn(), vec![transfer]).await?;
            let after = json!({ "kind": input.kind, "amount": input.amount, "reason": reason });
            record(&tx, actor, now, "recordCashMovement", &shift, (Value::Null, after)).await?;
            Ok(movement.id)
        })
        .await?;
        let gone = || Error::fault("the cash movement no longer exists");
        let movement = rows::movement(tx.conn(), id).await?.ok_or_else(gone)?;
        // the user who recorded the movement already knows the amount
        Ok((MovementView { amount: Some(movement.amount.into()), movement }, currency))
    })
    .await
}

/// Lists the cash movements of a shift, oldest first. The calling function has already checked access to the shift.
///
/// # Errors
/// May fail with database errors.
pub async fn movements(app: &App, view: &ShiftView, page: Page) -> Result<Listed<MovementView>> {
    let rows = rows::movements(app.store.reader(), view.shift.id, page).await?;
    let seen = |movement: cash_movement::Model| MovementView {
        amount: (!view.is_blind).then(|| movement.amount.into()),
        movement,
    };
    Ok(rows.map(seen))
}
