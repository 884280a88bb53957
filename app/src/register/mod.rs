//! The cash register: opening, closing, cash movements, and X and Z reports.

mod movements;
mod report;
mod shifts;

use std::collections::HashMap;

use billing::money::{Micros, RoundingMode, minor_unit_decimals, round_to};
use chrono::{DateTime, Utc};
use entity::{ActivityKind, Book, PaymentMethod, Role, TransferKind, cabin, register_shift};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

pub use movements::{MovementView, NewMovement, movements, record_movement};
pub use report::{
    AttendantSales, BlindReport, CabinSales, DestinationSales, MAX_REFERENCES, MethodLine, OpenItem,
    PaymentReference, Report, XReport, x_report, z_report,
};
pub use shifts::{Closing, Opening, close, open};

use super::App;
use super::access::{self, Shop};
use super::audited::record;
use crate::auth::{Actor, Right};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::ledger::{Entry, NewTransfer};
use store::{Listed, NewActivity, Page, Tx, Within, accounts, cabins as cabin_rows, register as rows};

/// Maximum amount of a float, movement or payment: ten billion currency units, so that a shift's sums do not overflow.
const MAX_AMOUNT: Micros = Micros(10_000_000_000_000_000);
/// Maximum number of unpaid statements that are carried over when the register closes.
const MAX_OPEN_ITEMS: u64 = 500;

/// A shift, with the currency of its amounts.
#[derive(Clone, Debug)]
pub struct ShiftView {
    /// The shift.
    pub shift: register_shift::Model,
    /// The callshop's currency.
    pub currency: String,
    /// Whether cash amounts are hidden. Cash amounts are hidden if the shift is open and the viewer will count its drawer blind.
    is_blind: bool,
}

impl ShiftView {
    /// The shift as the actor may see it.
    pub(crate) fn new(actor: &Actor, shift: register_shift::Model, currency: String) -> Self {
        let is_blind = shift.closed_at.is_none() && !actor.may(Right::SeeDrawer);
        Self { shift, currency, is_blind }
    }

    /// Cash counted at opening; `None` if the viewer counts blind.
    pub fn float(&self) -> Option<Micros> {
        (!self.is_blind).then(|| self.shift.float_amount.into())
    }
}

/// The error for a register that is not open.
pub(super) fn closed() -> Error {
    Error::user(ErrorCode::RegisterClosed, "The register is closed. Open it first.")
}

/// Checks an amount of cash or a payment: zero to [`MAX_AMOUNT`], in whole minor units.
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`.
pub(super) fn check_amount(field: &str, amount: Micros, currency: &str) -> Result<()> {
    if amount.is_negative() || amount > MAX_AMOUNT {
        return Err(Error::invalid(
            field,
            base::message!("`{field}` must be between 0 and {max}.", field, max = MAX_AMOUNT),
        ));
    }
    let decimals = minor_unit_decimals(currency);
    match round_to(amount, decimals, RoundingMode::Down) {
        Ok(whole) if whole == amount => Ok(()),
        _ => Err(Error::invalid(
            field,
            base::message!(
                "An amount of {currency} can have at most {decimals} decimals.",
                currency,
                decimals
            ),
        )),
    }
}

/// Checks an amount as [`check_amount`] does, and also checks that the amount is above zero.
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`.
pub(super) fn check_positive(field: &str, amount: Micros, currency: &str) -> Result<()> {
    if amount <= Micros::ZERO {
        return Err(Error::invalid(field, "The amount must be above zero."));
    }
    check_amount(field, amount, currency)
}

/// Checks that the drawer of a shift whose row is locked has this much cash according to the ledger. To pay out more, record a pay-in first. Card
/// refunds are not checked, because the bank pays them. The check never applies to attendants: they count the drawer blind, and could find out the
/// expected cash by trying amounts. If an attendant pays out more than the ledger's balance of the drawer, the count later shows a variance.
///
/// # Errors
/// Fails with `INSUFFICIENT_CASH`.
pub(super) async fn check_cash(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    shift: &register_shift::Model,
    method: PaymentMethod,
    amount: Micros,
) -> Result<()> {
    if method != PaymentMethod::Cash || amount == Micros::ZERO || !actor.may(Right::SeeDrawer) {
        return Ok(());
    }
    let drawer = rows::drawer(conn, shift.id).await?;
    let cash = drawer.into_iter().find(|(method, _)| *method == PaymentMethod::Cash);
    if amount > cash.map(|(_, sum)| sum.into()).unwrap_or_default() {
        let message = "The drawer does not have that much cash. Record a pay-in first.";
        return Err(Error::user(ErrorCode::InsufficientCash, message));
    }
    Ok(())
}

/// Builds a transfer of cash between a shift's drawer and a book. A positive amount goes into the drawer.
fn transfer(
    actor: &Actor,
    shift: &register_shift::Model,
    kind: TransferKind,
    (amount, book, currency): (Micros, Book, &str),
    at: DateTime<Utc>,
) -> Result<NewTransfer> {
    let entries = vec![
        Entry::drawer(shift.callshop_id, shift.id, PaymentMethod::Cash, amount),
        Entry::new(shift.callshop_id, book, amount.checked_neg().or_fault()?),
    ];
    Ok(NewTransfer { user_id: Some(actor.user_id), ..NewTransfer::new(kind, currency, at, entries) })
}

/// Finds a callshop whose register the actor may operate. Also locks the callshop's settings, so that only one operation per register runs at a time.
async fn lock_shop(tx: &Tx, actor: &Actor, id: Uuid) -> Result<Shop> {
    let account = access::account(tx.conn(), actor, id, Right::OperateRegister).await?;
    let settings = accounts::lock_callshop(tx.conn(), account.id).await?.ok_or(Error::NotFound)?;
    Ok(Shop { account, settings })
}

async fn by_id(conn: &impl ConnectionTrait, actor: &Actor, id: Uuid) -> Result<register_shift::Model> {
    rows::find(conn, &actor.scope(), id).await?.ok_or(Error::NotFound)
}

fn emit(tx: &Tx, kind: ActivityKind, shift: &register_shift::Model, at: DateTime<Utc>) -> Result<()> {
    // activity events do not contain the Z report, because clients query the report
    let shift = register_shift::Model { z_report: None, ..shift.clone() };
    tx.emit(NewActivity {
        callshop_id: shift.callshop_id,
        at,
        kind,
        cabin_id: None,
        session_id: None,
        call_id: None,
        payload: serde_json::json!({ "shift": serde_json::to_value(&shift).or_fault()? }),
    });
    Ok(())
}

async fn cabins_by_id(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, cabin::Model>> {
    Ok(cabin_rows::by_ids(conn, ids).await?.into_iter().map(|cabin| (cabin.id, cabin)).collect())
}

/// Finds a shift of a callshop in the actor's subtree. An attendant sees the open shift, and shifts that the attendant opened or closed.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<ShiftView> {
    actor.require(Right::SeeShop)?;
    let conn = app.store.reader();
    let shift = rows::find(conn, &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    if !sees(actor, &shift) {
        return Err(Error::NotFound);
    }
    let currency = access::by_id(conn, shift.callshop_id).await?.currency;
    Ok(ShiftView::new(actor, shift, currency))
}

/// Whether the actor may see a shift. An attendant sees the open shift, and shifts that the attendant opened or closed.
fn sees(actor: &Actor, shift: &register_shift::Model) -> bool {
    actor.role != Role::Attendant
        || shift.closed_at.is_none()
        || shift.opened_by == actor.user_id
        || shift.closed_by == Some(actor.user_id)
}

/// Finds the shifts with these ids that the actor may see (as in [`find`]).
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<ShiftView>> {
    if !actor.may(Right::SeeShop) {
        return Ok(Vec::new());
    }
    let conn = app.store.reader();
    let mut rows = rows::find_all(conn, &actor.scope(), ids).await?;
    rows.retain(|shift| sees(actor, shift));
    let currencies = access::currencies(conn, rows.iter().map(|shift| shift.callshop_id)).await?;
    let view = |shift: register_shift::Model| {
        let currency = access::currency_of(&currencies, shift.callshop_id)?;
        Ok(ShiftView::new(actor, shift, currency))
    };
    rows.into_iter().map(view).collect()
}

/// Finds the open shift of a callshop.
///
/// # Errors
/// Fails with `NOT_FOUND` if the callshop is not found or its register is closed.
pub async fn current(app: &App, actor: &Actor, callshop_id: Uuid) -> Result<ShiftView> {
    let shop = access::shop(app.store.reader(), actor, callshop_id, Right::SeeShop).await?;
    let shift = rows::open_shift(app.store.reader(), shop.id()).await?.ok_or(Error::NotFound)?;
    Ok(ShiftView::new(actor, shift, shop.account.currency))
}

/// Lists a callshop's shifts that were opened in a range of time and that the actor may see (as in [`find`]).
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn list(
    app: &App,
    actor: &Actor,
    callshop_id: Uuid,
    opened: Within,
    page: Page,
) -> Result<Listed<ShiftView>> {
    let shop = access::shop(app.store.reader(), actor, callshop_id, Right::SeeShop).await?;
    let own = (actor.role == Role::Attendant).then_some(actor.user_id);
    let shifts = rows::list(app.store.reader(), shop.id(), own, opened, page).await?;
    Ok(shifts.map(|shift| ShiftView::new(actor, shift, shop.account.currency.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_that_change_hands_are_whole_minor_units() {
        assert!(check_amount("float", Micros(10_000), "BRL").is_ok());
        assert!(check_amount("float", Micros(1_000), "BRL").is_err());
        assert!(check_amount("float", Micros(10_000), "PYG").is_err());
        assert!(check_amount("float", Micros(-10_000), "BRL").is_err());
        assert!(check_amount("float", Micros(i64::MAX), "BRL").is_err());
    }
}
