//! Lines on the bill other than calls: items such as drinks and photocopies, and discounts with a reason. Items and discounts can change until the
//! bill is paid.

use billing::money::Micros;
use billing::session as rules;
use chrono::{DateTime, Utc};
use entity::{ActivityKind, ItemKind, Role, SessionState, cabin_session, session_item};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::bill::{MAX_ITEMS, line};
use super::closing::restate;
use super::{SessionView, emit, illegal, lock, record, view};
use crate::accounts::clean_name;
use crate::auth::{Actor, Right};
use crate::{App, access, idempotency, register};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Money;
use store::{Tx, accounts, sessions};

/// Maximum quantity of an item.
const MAX_QUANTITY: i32 = 999;

/// Input of [`add_item`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewItem {
    /// The session whose bill gets the item.
    pub session_id: Uuid,
    /// Description on the bill and the receipt.
    pub description: String,
    /// Quantity, 1 to 999.
    pub quantity: i32,
    /// Price per unit, zero or more.
    pub unit_price: Micros,
}

/// Input of [`apply_discount`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewDiscount {
    /// The session whose bill gets the discount.
    pub session_id: Uuid,
    /// The discount, above zero.
    pub amount: Micros,
    /// The reason, shown on the bill.
    pub reason: String,
}

/// Adds an item to the bill of a session that is not paid.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` for a session that is paid or voided. Fails with `FORBIDDEN` for users outside the callshop. May also fail with
/// `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT` or `NOT_FOUND`.
pub async fn add_item(app: &App, actor: &Actor, key: &str, input: NewItem) -> Result<SessionView> {
    let description = clean_name("description", &input.description)?;
    if !(1..=MAX_QUANTITY).contains(&input.quantity) {
        return Err(Error::invalid(
            "quantity",
            base::message!("`quantity` must be between 1 and {max}.", max = MAX_QUANTITY),
        ));
    }
    let (quantity, unit_price) = (input.quantity, input.unit_price);
    let new = New { kind: ItemKind::Item, description, quantity, unit_price };
    add(app, actor, ("addSessionItem", key), &input, input.session_id, &new).await
}

/// Adds a discount to the bill of a session that is not paid. The callshop's settings limit the discounts that attendants can give per session.
///
/// # Errors
/// Fails with `DISCOUNT_TOO_HIGH` if the discounts would exceed the total of calls and items. May also fail with `CEILING_EXCEEDED`. See [`add_item`]
/// for the other errors.
pub async fn apply_discount(app: &App, actor: &Actor, key: &str, input: NewDiscount) -> Result<SessionView> {
    let description = clean_name("reason", &input.reason)?;
    let new = New { kind: ItemKind::Discount, description, quantity: 1, unit_price: input.amount };
    add(app, actor, ("applyDiscount", key), &input, input.session_id, &new).await
}

/// A line to add to a bill.
struct New {
    kind: ItemKind,
    description: String,
    quantity: i32,
    unit_price: Micros,
}

impl New {
    /// The input field of the amount, for error messages.
    fn field(&self) -> &'static str {
        if self.kind == ItemKind::Discount { "amount" } else { "unitPrice" }
    }
}

async fn add<I: Serialize>(
    app: &App,
    actor: &Actor,
    (mutation, key): (&'static str, &str),
    input: &I,
    session_id: Uuid,
    new: &New,
) -> Result<SessionView> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let found = sessions::find(tx.conn(), &actor.scope(), session_id).await?.ok_or(Error::NotFound)?;
        actor.require(Right::OperateCabins)?;
        let currency = view(tx.conn(), found).await?.currency;
        let currency = &currency;
        idempotency::once(&tx, actor, &app.clock, mutation, key, input, || async {
            register::check_amount(new.field(), new.unit_price, currency)?;
            let session = lock(&tx, actor, session_id).await?;
            rules::may_bill(session.state.into()).map_err(illegal)?;
            let item = item(&session, actor, new, now);
            check(&tx, actor, &session, &item, currency, new.field()).await?;
            sessions::insert_item(tx.conn(), item.clone()).await?;
            let after = serde_json::to_value(&item).or_fault()?;
            record(&tx, actor, now, mutation, &session, (Value::Null, after)).await?;
            changed(&tx, ActivityKind::ItemAdded, &session, now).await
        })
        .await?;
        let session = sessions::find(tx.conn(), &actor.scope(), session_id).await?;
        view(tx.conn(), session.ok_or(Error::NotFound)?).await
    })
    .await
}

fn item(session: &cabin_session::Model, actor: &Actor, new: &New, at: DateTime<Utc>) -> session_item::Model {
    session_item::Model {
        id: Uuid::now_v7(),
        callshop_id: session.callshop_id,
        session_id: session.id,
        kind: new.kind,
        description: new.description.clone(),
        quantity: new.quantity,
        unit_price: new.unit_price.into(),
        user_id: actor.user_id,
        at,
        removed_at: None,
        removed_by: None,
    }
}

/// Checks whether a line may be added to the bill.
async fn check(
    tx: &Tx,
    actor: &Actor,
    session: &cabin_session::Model,
    item: &session_item::Model,
    currency: &str,
    field: &str,
) -> Result<()> {
    let before = sessions::items(tx.conn(), session.id, MAX_ITEMS).await?;
    if before.len() as u64 >= MAX_ITEMS {
        return Err(Error::user(
            ErrorCode::InvalidInput,
            base::message!("A bill can have at most {max} lines.", max = MAX_ITEMS),
        ));
    }
    let too_much = |_| Error::invalid(field, "The total of the bill would be too high.");
    let amount = line(item).map_err(too_much)?.amount;
    let total = sum(&before, item.kind)?.checked_add(amount).map_err(|_| too_much(Error::NotFound))?;
    register::check_amount(field, total, currency)?;
    if item.kind == ItemKind::Item {
        return Ok(());
    }
    if amount == Micros::ZERO {
        return Err(Error::invalid(field, "The amount must be above zero."));
    }
    if actor.role == Role::Attendant {
        let settings = accounts::callshop(tx.conn(), session.callshop_id).await?.ok_or(Error::NotFound)?;
        let ceiling = Micros::from(settings.attendant_max_discount);
        if total > ceiling {
            let message = base::message!(
                "Attendants can give a discount of at most {ceiling} per bill. Ask the owner for more.",
                ceiling = Money(ceiling.0, currency)
            );
            return Err(Error::field(ErrorCode::CeilingExceeded, field, message));
        }
    }
    check_discounts(tx, session, sum(&before, ItemKind::Item)?, total, field).await
}

/// Checks that the discounts do not exceed the current total of items and calls.
async fn check_discounts(
    tx: &Tx,
    session: &cabin_session::Model,
    items: Micros,
    discounts: Micros,
    field: &str,
) -> Result<()> {
    let calls = sessions::calls_total(tx.conn(), session.id).await?.into();
    let most = items.checked_add(calls).or_fault()?;
    if discounts > most {
        let currency = access::by_id(tx.conn(), session.callshop_id).await?.currency;
        let message = base::message!(
            "Discounts of {discounts} would exceed the total of calls and items, {max}.",
            discounts = Money(discounts.0, &currency),
            max = Money(most.0, &currency)
        );
        return Err(Error::field(ErrorCode::DiscountTooHigh, field, message));
    }
    Ok(())
}

/// The sum of the lines of one kind.
fn sum(items: &[session_item::Model], kind: ItemKind) -> Result<Micros> {
    let lines = items.iter().filter(|item| item.kind == kind).map(line).collect::<Result<Vec<_>>>()?;
    Micros::try_sum(lines.iter().map(|line| line.amount)).or_fault()
}

/// Emits an activity event for a changed bill. If the bill is a final statement, the statement is recomputed first.
async fn changed(
    tx: &Tx,
    kind: ActivityKind,
    session: &cabin_session::Model,
    at: DateTime<Utc>,
) -> Result<()> {
    if session.state == SessionState::Closed {
        restate(tx, session.id, at).await?;
    }
    emit(tx, kind, session, at).await
}

/// Removes an item or a discount from the bill of a session that is not paid. Removing the same line again has no effect.
///
/// # Errors
/// Fails with `DISCOUNT_TOO_HIGH` if the discounts would exceed the total of the remaining items and the calls. Fails with `CEILING_EXCEEDED` if an
/// attendant removes an item from a final statement. Fails with `ILLEGAL_STATE` for a session that is paid or voided. Fails with `FORBIDDEN` for
/// users outside the callshop. May also fail with `NOT_FOUND`.
pub async fn remove_item(app: &App, actor: &Actor, session_id: Uuid, item_id: Uuid) -> Result<SessionView> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let session = lock(&tx, actor, session_id).await?;
        rules::may_bill(session.state.into()).map_err(illegal)?;
        let unknown = || Error::field(ErrorCode::NotFound, "itemId", "The bill has no such line.");
        let item = sessions::item(tx.conn(), session_id, item_id).await?.ok_or_else(unknown)?;
        if item.removed_at.is_some() {
            // this is a repeated request, because the line was already removed
            return view(tx.conn(), session).await;
        }
        if item.kind == ItemKind::Item
            && session.state == SessionState::Closed
            && actor.role == Role::Attendant
        {
            // removing an item would let an attendant bypass the limit on discounts
            let message = "The statement is final. Only the owner can remove items from a final statement.";
            return Err(Error::field(ErrorCode::CeilingExceeded, "itemId", message));
        }
        let mut left = sessions::items(tx.conn(), session_id, MAX_ITEMS).await?;
        left.retain(|other| other.id != item_id);
        let (items, discounts) = (sum(&left, ItemKind::Item)?, sum(&left, ItemKind::Discount)?);
        check_discounts(&tx, &session, items, discounts, "itemId").await?;
        let before = serde_json::to_value(&item).or_fault()?;
        remove(&tx, actor, item, now).await?;
        record(&tx, actor, now, "removeSessionItem", &session, (before, json!(null))).await?;
        changed(&tx, ActivityKind::ItemRemoved, &session, now).await?;
        let session = sessions::find(tx.conn(), &actor.scope(), session_id).await?;
        view(tx.conn(), session.ok_or(Error::NotFound)?).await
    })
    .await
}

/// Marks a line as removed.
pub(super) async fn remove(
    tx: &Tx,
    actor: &Actor,
    item: session_item::Model,
    at: DateTime<Utc>,
) -> Result<()> {
    let removed = session_item::Model { removed_at: Some(at), removed_by: Some(actor.user_id), ..item };
    sessions::update_item(tx.conn(), removed).await
}
