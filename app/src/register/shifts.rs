//! Opens the register with a float, and closes it with the counted amounts.

use std::collections::{BTreeMap, BTreeSet};

use billing::money::Micros;
use chrono::{DateTime, Utc};
use entity::{
    ActivityKind, Book, PaymentMethod, SessionState, TransferKind, cabin_session, callshop, register_shift,
};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::report::{Report, report};
use super::{
    MAX_OPEN_ITEMS, ShiftView, by_id, cabins_by_id, check_amount, closed, emit, lock_shop, record, transfer,
};
use crate::auth::Actor;
use crate::{App, idempotency};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Word;
use store::ledger::{self, Entry, NewTransfer};
use store::{Tx, accounts, register as rows, sessions};

/// Input of [`open`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// The callshop whose register is opened.
    pub callshop_id: Uuid,
    /// Cash counted in the drawer.
    pub float: Micros,
}

/// Opens the register with a counted float.
///
/// # Errors
/// Fails with `FORBIDDEN` for users outside the callshop. May also fail with `REGISTER_OPEN`, `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT` or `NOT_FOUND`.
pub async fn open(app: &App, actor: &Actor, key: &str, input: Opening) -> Result<ShiftView> {
    let (input, now) = (&input, app.clock.now());
    app.write_as(actor, |tx| async move {
        let shop = lock_shop(&tx, actor, input.callshop_id).await?;
        let settings = &shop.settings;
        let currency = shop.account.currency.clone();
        check_amount("float", input.float, &currency)?;
        let shift = idempotency::once(&tx, actor, &app.clock, "openRegister", key, input, || async {
            if let Some(shift) = rows::open_shift(tx.conn(), input.callshop_id).await? {
                let message = base::message!(
                    "The register is already open with shift {shift}. Close it first.",
                    shift = shift.number
                );
                return Err(Error::user(ErrorCode::RegisterOpen, message));
            }
            let shift = register_shift::Model {
                id: Uuid::now_v7(),
                callshop_id: input.callshop_id,
                number: settings.next_shift_number,
                opened_by: actor.user_id,
                opened_at: now,
                float_amount: input.float.into(),
                closed_by: None,
                closed_at: None,
                z_report: None,
            };
            rows::insert(tx.conn(), shift.clone()).await?;
            let change = (input.float, Book::Outside, currency.as_str());
            let float = transfer(actor, &shift, TransferKind::Float, change, now)?;
            ledger::post(tx.conn(), vec![float]).await?;
            let after = json!({ "number": shift.number, "float": shift.float_amount });
            record(&tx, actor, now, "openRegister", &shift, (Value::Null, after)).await?;
            let settings =
                callshop::Model { next_shift_number: settings.next_shift_number + 1, ..settings.clone() };
            accounts::update_callshop(tx.conn(), settings).await?;
            emit(&tx, ActivityKind::RegisterOpened, &shift, now)?;
            Ok(shift.id)
        })
        .await?;
        Ok(ShiftView::new(actor, by_id(tx.conn(), actor, shift).await?, currency))
    })
    .await
}

/// Input of [`close`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closing {
    /// The callshop whose register to close.
    pub callshop_id: Uuid,
    /// Counted amounts by method. A method other than cash may be left out if its expected amount is zero.
    pub counts: Vec<(PaymentMethod, Micros)>,
    /// Closed, unpaid sessions to carry over to the next shift.
    pub carry_over: Vec<Uuid>,
}

/// Closes the register with the counted amounts, and creates the Z report.
///
/// # Errors
/// Fails with `OPEN_ITEMS` if a cabin is open, or a statement is unpaid and not carried over. Fails with `FORBIDDEN` for users outside the callshop.
/// May also fail with `REGISTER_CLOSED`, `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT` or `NOT_FOUND`.
pub async fn close(app: &App, actor: &Actor, key: &str, input: Closing) -> Result<ShiftView> {
    let counted = counted(&input.counts)?;
    let (input, counted, now) = (&input, &counted, app.clock.now());
    app.write_as(actor, |tx| async move {
        let shop = lock_shop(&tx, actor, input.callshop_id).await?;
        let currency = shop.account.currency;
        for amount in counted.values() {
            check_amount("counts", Micros(amount.0.saturating_abs()), &currency)?;
        }
        let id = idempotency::once(&tx, actor, &app.clock, "closeRegister", key, input, || async {
            let shift = rows::lock_open_shift(tx.conn(), input.callshop_id).await?.ok_or_else(closed)?;
            carry_over(&tx, input).await?;
            let mut report = report(tx.conn(), &shift, now).await?;
            report.count(counted)?;
            ledger::post(tx.conn(), vec![count(actor, &shift, &report, &currency, now)?]).await?;
            let shift = register_shift::Model {
                closed_by: Some(actor.user_id),
                closed_at: Some(now),
                z_report: Some(serde_json::to_value(&report).or_fault()?),
                ..shift
            };
            let shift = rows::update(tx.conn(), shift).await?;
            let after = json!({ "closed_at": now, "methods": report.methods });
            let before = json!({ "closed_at": null });
            record(&tx, actor, now, "closeRegister", &shift, (before, after)).await?;
            emit(&tx, ActivityKind::RegisterClosed, &shift, now)?;
            Ok(shift.id)
        })
        .await?;
        Ok(ShiftView::new(actor, by_id(tx.conn(), actor, id).await?, currency))
    })
    .await
}

/// Posts the variance, then removes the counted amounts from the books, because a closed shift's drawer is empty.
fn count(
    actor: &Actor,
    shift: &register_shift::Model,
    report: &Report,
    currency: &str,
    at: DateTime<Utc>,
) -> Result<NewTransfer> {
    let shop = shift.callshop_id;
    let mut entries = Vec::new();
    for line in &report.methods {
        let (counted, variance) = line
            .counted
            .zip(line.variance)
            .ok_or_else(|| Error::fault("a shift is closed without a count of every payment method"))?;
        let negated = |amount: Micros| amount.checked_neg().or_fault();
        entries.push(Entry::new(shop, Book::Variance, negated(variance)?));
        entries.push(Entry::drawer(shop, shift.id, line.method, variance));
        entries.push(Entry::drawer(shop, shift.id, line.method, negated(counted)?));
        entries.push(Entry::new(shop, Book::Outside, counted));
    }
    let transfer = NewTransfer::new(TransferKind::Count, currency, at, entries);
    Ok(NewTransfer { user_id: Some(actor.user_id), ..transfer })
}

fn counted(counts: &[(PaymentMethod, Micros)]) -> Result<BTreeMap<PaymentMethod, Micros>> {
    let mut counted = BTreeMap::new();
    for (method, amount) in counts {
        // the total of a card terminal is negative if the terminal refunded more than it took; a count of cash is never negative
        if *method == PaymentMethod::Cash && amount.is_negative() {
            return Err(Error::invalid("counts", "The count of CASH must not be negative."));
        }
        if counted.insert(*method, *amount).is_some() {
            return Err(Error::invalid(
                "counts",
                base::message!(
                    "{method} is counted twice. Give one count per method.",
                    method = Word(method.as_str())
                ),
            ));
        }
    }
    // the attendant must count the cash even if the drawer should be empty
    match counted.contains_key(&PaymentMethod::Cash) {
        true => Ok(counted),
        false => Err(Error::invalid("counts", "CASH must be counted; enter 0 if the drawer is empty.")),
    }
}

/// Marks the named closed sessions as carried over to the next shift. Fails if other unpaid or open sessions remain.
async fn carry_over(tx: &Tx, input: &Closing) -> Result<()> {
    if input.carry_over.len() as u64 > MAX_OPEN_ITEMS {
        return Err(Error::invalid(
            "carryOver",
            base::message!("`carryOver` can have at most {max} sessions.", max = MAX_OPEN_ITEMS),
        ));
    }
    let open = sessions::lock_unsettled(tx.conn(), input.callshop_id, MAX_OPEN_ITEMS + 1).await?;
    let named: BTreeSet<Uuid> = input.carry_over.iter().copied().collect();
    let unpaid: BTreeSet<Uuid> = open
        .iter()
        .filter(|session| session.state == SessionState::Closed)
        .map(|session| session.id)
        .collect();
    let left: Vec<&cabin_session::Model> = open
        .iter()
        .filter(|session| !(unpaid.contains(&session.id) && named.contains(&session.id)))
        .collect();
    if !left.is_empty() {
        return Err(open_items(tx.conn(), &left).await?);
    }
    if !named.is_subset(&unpaid) {
        return Err(Error::invalid("carryOver", "Only closed, unpaid sessions can be carried over."));
    }
    for session in open {
        sessions::update(tx.conn(), cabin_session::Model { carried_over: true, ..session }).await?;
    }
    Ok(())
}

async fn open_items(conn: &impl ConnectionTrait, left: &[&cabin_session::Model]) -> Result<Error> {
    const NAMED: usize = 10;
    let ids: Vec<Uuid> = left.iter().map(|session| session.cabin_id).collect();
    let numbers = cabins_by_id(conn, &ids).await?;
    let number = |session: &&cabin_session::Model| {
        numbers.get(&session.cabin_id).map_or(0, |cabin| cabin.number).to_string()
    };
    let mut cabins: Vec<String> = left.iter().take(NAMED).map(number).collect();
    if left.len() > NAMED {
        cabins.push("…".to_owned());
    }
    let message = base::message!(
        "Sessions of these cabins are not settled: {cabins}. Close the open cabins, and settle or carry over the closed sessions.",
        cabins = cabins.join(", ")
    );
    Ok(Error::user(ErrorCode::OpenItems, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawer_is_always_counted_and_nothing_twice() {
        assert!(counted(&[(PaymentMethod::Card, Micros::ZERO)]).is_err());
        assert!(
            counted(&[(PaymentMethod::Cash, Micros::ZERO), (PaymentMethod::Cash, Micros::ZERO)]).is_err()
        );
        assert!(counted(&[(PaymentMethod::Cash, Micros::ZERO)]).is_ok());
    }
}
