//! Settlement: payment of a closed session.

use std::collections::BTreeMap;

use billing::money::Micros;
use billing::session as rules;
use billing::statement::{Payment, Settlement, SettlementError, settle_prepaid};
use chrono::{DateTime, Utc};
use entity::{
    ActivityKind, Book, PaymentKind, PaymentMethod, TransferKind, account, cabin_session, callshop, payment,
    register_shift,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{SessionView, emit_paid, illegal, new_payment, record, reference};
use crate::auth::{Actor, Right};
use crate::{App, access, idempotency, register};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Money;
use store::ledger::{self, Entry, NewTransfer};
use store::{Tx, accounts, register as shifts, sessions};

/// Maximum number of payments per settlement.
const MAX_PAYMENTS: usize = 10;

/// Input of [`settle`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settling {
    /// The session.
    pub session_id: Uuid,
    /// The amounts that the customer hands over, including cash to be returned as change.
    pub payments: Vec<Handed>,
}

/// One amount that the customer hands over, as a deposit or at settlement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handed {
    /// The payment method.
    pub method: PaymentMethod,
    /// The amount.
    pub amount: Micros,
    /// The payment's number in another system, such as a card terminal's NSU; not for cash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl From<(PaymentMethod, Micros)> for Handed {
    fn from((method, amount): (PaymentMethod, Micros)) -> Self {
        Self { method, amount, reference: None }
    }
}

/// The amounts that the shop keeps, by method and reference.
type Kept = BTreeMap<(PaymentMethod, Option<String>), Micros>;

/// A settled session.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The session, with its receipt number.
    pub view: SessionView,
    /// Change to return in cash.
    pub change: Micros,
}

/// Settles a closed session in the open shift. The remainder of a deposit is refunded through the methods with which the deposit was paid.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` unless the session is closed and unpaid. Fails with `FORBIDDEN` for users outside the callshop. May also fail with
/// `REGISTER_CLOSED`, `UNDERPAID`, `OVERPAID`, `INSUFFICIENT_CASH`, `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT` or `NOT_FOUND`.
pub async fn settle(app: &App, actor: &Actor, key: &str, input: Settling) -> Result<Settled> {
    if input.payments.len() > MAX_PAYMENTS {
        return Err(Error::invalid(
            "payments",
            base::message!("A settlement can have at most {max} payments.", max = MAX_PAYMENTS),
        ));
    }
    let (input, now) = (&checked(input)?, app.clock.now());
    app.write_as(actor, |tx| async move {
        let found =
            sessions::find(tx.conn(), &actor.scope(), input.session_id).await?.ok_or(Error::NotFound)?;
        actor.require(Right::OperateCabins)?;
        let shop = access::by_id(tx.conn(), found.callshop_id).await?;
        // the lock allows only one settlement per callshop at a time; therefore, receipt numbers have no gaps, and an idempotency key takes effect
        // once
        let settings = accounts::lock_callshop(tx.conn(), shop.id).await?.ok_or(Error::NotFound)?;
        let change = idempotency::once(&tx, actor, &app.clock, "settleSession", key, input, || async {
            let change = take_payment(&tx, actor, input, &shop, &settings, now).await?;
            let next_receipt_number = settings.next_receipt_number + 1;
            let settings = callshop::Model { next_receipt_number, ..settings };
            accounts::update_callshop(tx.conn(), settings).await?;
            Ok(change)
        })
        .await?;
        let session = sessions::lock(tx.conn(), input.session_id).await?.ok_or(Error::NotFound)?;
        Ok(Settled { view: SessionView { session, currency: shop.currency }, change })
    })
    .await
}

async fn take_payment(
    tx: &Tx,
    actor: &Actor,
    input: &Settling,
    shop: &account::Model,
    settings: &callshop::Model,
    now: DateTime<Utc>,
) -> Result<Micros> {
    let gone = || Error::fault("the session no longer exists");
    for handed in &input.payments {
        register::check_amount("payments", handed.amount, &shop.currency)?;
    }
    let shift = shifts::lock_open_shift(tx.conn(), shop.id).await?.ok_or_else(register::closed)?;
    let session = sessions::lock(tx.conn(), input.session_id).await?.ok_or_else(gone)?;
    let state = rules::settle(session.state.into()).map_err(illegal)?;
    let total: Micros = session.total.ok_or_else(|| Error::fault("a closed session has no total"))?.into();
    let deposits = deposits(tx, session.id).await?;
    let terms = (settings.cash_step.map(Into::into), shop.currency.as_str());
    let settlement = settled(total, &deposits, input, terms)?;
    let kept = kept(input, &settlement)?;
    for back in &settlement.deposit_back {
        register::check_cash(tx.conn(), actor, &shift, back.method.into(), back.amount).await?;
    }
    let transfer = transfer(&session, (&shift, &shop.currency), actor, &kept, &settlement, now)?;
    ledger::post(tx.conn(), vec![transfer]).await?;
    let paid = |((method, reference), amount): (&(PaymentMethod, Option<String>), &Micros)| payment::Model {
        reference: reference.clone(),
        ..new_payment(&session, &shift, actor, PaymentKind::Sale, (*method, *amount), now)
    };
    let mut payments: Vec<payment::Model> = kept.iter().map(paid).collect();
    for back in &settlement.deposit_back {
        let back = (back.method.into(), back.amount);
        payments.push(new_payment(&session, &shift, actor, PaymentKind::DepositRefund, back, now));
    }
    sessions::insert_payments(tx.conn(), payments.clone()).await?;
    let before = json!({ "state": session.state });
    let session = cabin_session::Model {
        state: state.into(),
        settled_shift_id: Some(shift.id),
        settled_by: Some(actor.user_id),
        settled_at: Some(now),
        cash_rounding: settlement.cash_rounding.into(),
        receipt_number: Some(settings.next_receipt_number),
        ..session
    };
    let session = sessions::update(tx.conn(), session).await?;
    let after = json!({
        "state": session.state, "total": session.total, "cash_rounding": session.cash_rounding,
        "receipt_number": session.receipt_number,
    });
    record(tx, actor, now, "settleSession", &session, (before, after)).await?;
    emit_paid(tx, ActivityKind::SessionSettled, &session, &payments, now).await?;
    Ok(settlement.change)
}

/// Trims and checks the references of the payments.
fn checked(mut input: Settling) -> Result<Settling> {
    for handed in &mut input.payments {
        handed.reference = reference::clean("payments", handed.method, handed.reference.as_deref())?;
    }
    Ok(input)
}

/// The payments of the session's deposit.
async fn deposits(tx: &Tx, session: Uuid) -> Result<Vec<Payment>> {
    let paid = sessions::payments(tx.conn(), session).await?;
    let deposits = paid.iter().filter(|payment| payment.kind == PaymentKind::Deposit);
    Ok(deposits.map(|row| Payment { method: row.method.into(), amount: row.amount.into() }).collect())
}

fn settled(
    total: Micros,
    deposit: &[Payment],
    input: &Settling,
    (step, currency): (Option<Micros>, &str),
) -> Result<Settlement> {
    let handed = |handed: &Handed| Payment { method: handed.method.into(), amount: handed.amount };
    let handed: Vec<Payment> = input.payments.iter().map(handed).collect();
    settle_prepaid(total, deposit, &handed, step).map_err(|error| refused(error, currency))
}

/// Builds the transfer that clears the customer's receivable and the whole deposit. The unused part of a deposit is refunded from the drawer.
fn transfer(
    session: &cabin_session::Model,
    (shift, currency): (&register_shift::Model, &str),
    actor: &Actor,
    kept: &Kept,
    settlement: &Settlement,
    now: DateTime<Utc>,
) -> Result<NewTransfer> {
    let negated = |amount: Micros| amount.checked_neg().or_fault();
    let shop = session.callshop_id;
    let total: Micros = session.total.ok_or_else(|| Error::fault("a closed session has no total"))?.into();
    let mut entries = vec![
        Entry::new(shop, Book::Receivable, negated(total)?),
        Entry::new(shop, Book::Deposits, session.deposit.into()),
        Entry::new(shop, Book::Rounding, negated(settlement.cash_rounding)?),
    ];
    for (method, amount) in by_method(kept)? {
        entries.push(Entry::drawer(shop, shift.id, method, amount));
    }
    for back in &settlement.deposit_back {
        entries.push(Entry::drawer(shop, shift.id, back.method.into(), negated(back.amount)?));
    }
    Ok(NewTransfer {
        user_id: Some(actor.user_id),
        session_id: Some(session.id),
        ..NewTransfer::new(TransferKind::Settlement, currency, now, entries)
    })
}

/// The amounts that the shop keeps. The change is deducted from the cash payment; cash payments have no references.
fn kept(input: &Settling, settlement: &Settlement) -> Result<Kept> {
    let mut kept = Kept::new();
    for handed in &input.payments {
        let sum = kept.entry((handed.method, handed.reference.clone())).or_default();
        *sum = sum.checked_add(handed.amount).or_fault()?;
    }
    if let Some(cash) = kept.get_mut(&(PaymentMethod::Cash, None)) {
        *cash = cash.checked_sub(settlement.change).or_fault()?;
    }
    kept.retain(|_, amount| *amount != Micros::ZERO);
    Ok(kept)
}

/// The sums of the kept amounts by payment method.
fn by_method(kept: &Kept) -> Result<BTreeMap<PaymentMethod, Micros>> {
    let mut sums: BTreeMap<PaymentMethod, Micros> = BTreeMap::new();
    for ((method, _), amount) in kept {
        let sum = sums.entry(*method).or_default();
        *sum = sum.checked_add(*amount).or_fault()?;
    }
    Ok(sums)
}

fn refused(error: SettlementError, currency: &str) -> Error {
    let (code, message) = match error {
        SettlementError::Underpaid { missing } => {
            let missing = Money(missing.0, currency);
            let message = base::message!("The payments are {missing} short of the amount due.", missing);
            (ErrorCode::Underpaid, message)
        }
        SettlementError::ChangeOnlyFromCash { excess } => {
            let message = base::message!(
                "Payments other than cash exceed the total by {excess}; reduce them, because change is given only for cash.",
                excess = Money(excess.0, currency)
            );
            (ErrorCode::Overpaid, message)
        }
        SettlementError::NegativeAmount | SettlementError::InvalidCashStep | SettlementError::Money(_) => {
            (ErrorCode::InvalidInput, error.to_string().into())
        }
    };
    Error::field(code, "payments", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settling(
        payments: &[(PaymentMethod, i64)],
        total: i64,
    ) -> Result<(BTreeMap<PaymentMethod, Micros>, Micros)> {
        let payments = payments.iter().map(|(method, amount)| (*method, Micros(*amount)).into()).collect();
        let input = Settling { session_id: Uuid::nil(), payments };
        let settlement = settled(Micros(total), &[], &input, (None, "BRL"))?;
        Ok((by_method(&kept(&input, &settlement)?)?, settlement.change))
    }

    #[test]
    fn change_comes_out_of_the_cash_and_methods_are_summed() {
        let (kept, change) =
            settling(&[(PaymentMethod::Cash, 10), (PaymentMethod::Card, 4), (PaymentMethod::Cash, 5)], 12)
                .unwrap();
        assert_eq!(
            kept,
            BTreeMap::from([(PaymentMethod::Cash, Micros(8)), (PaymentMethod::Card, Micros(4))])
        );
        assert_eq!(change, Micros(7));
    }

    #[test]
    fn cash_that_is_all_change_leaves_no_payment() {
        let (kept, change) = settling(&[(PaymentMethod::Card, 12), (PaymentMethod::Cash, 5)], 12).unwrap();
        assert_eq!(kept, BTreeMap::from([(PaymentMethod::Card, Micros(12))]));
        assert_eq!(change, Micros(5));
    }

    #[test]
    fn payments_with_references_stay_apart() {
        let paid = |amount, reference: Option<&str>| Handed {
            method: PaymentMethod::Card,
            amount: Micros(amount),
            reference: reference.map(str::to_owned),
        };
        let payments = vec![paid(3, Some(" 1 ")), paid(4, Some("2")), paid(5, Some("1")), paid(6, Some(" "))];
        let input = checked(Settling { session_id: Uuid::nil(), payments }).unwrap();
        let settlement = settled(Micros(18), &[], &input, (None, "BRL")).unwrap();
        let kept = kept(&input, &settlement).unwrap();
        let card = |reference: Option<&str>| (PaymentMethod::Card, reference.map(str::to_owned));
        let expected = [(card(None), Micros(6)), (card(Some("1")), Micros(8)), (card(Some("2")), Micros(4))];
        assert_eq!(kept, BTreeMap::from(expected));
        assert_eq!(by_method(&kept).unwrap(), BTreeMap::from([(PaymentMethod::Card, Micros(18))]));
    }

    #[test]
    fn too_little_and_too_much_have_their_codes() {
        let code = |result: Result<_>| match result {
            Err(Error::User(error)) => error.code,
            _ => panic!("a user error"),
        };
        assert_eq!(code(settling(&[(PaymentMethod::Cash, 11)], 12)), ErrorCode::Underpaid);
        assert_eq!(code(settling(&[(PaymentMethod::Pix, 13)], 12)), ErrorCode::Overpaid);
    }
}
