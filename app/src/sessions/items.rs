//! What else is on the bill: drinks, photocopies, discounts with a reason. Until it is paid.

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
use crate::{App, idempotency, register};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{Tx, accounts, sessions};

/// Most of one thing.
const MAX_QUANTITY: i32 = 999;

/// What adding an item is told, and what its idempotency key is kept with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewItem {
    /// On whose bill.
    pub session_id: Uuid,
    /// What it is.
    pub description: String,
    /// How many, 1 to 999.
    pub quantity: i32,
    /// Price of one, zero or more.
    pub unit_price: Micros,
}

/// What giving a discount is told, and what its idempotency key is kept with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewDiscount {
    /// Off whose bill.
    pub session_id: Uuid,
    /// How much, above zero.
    pub amount: Micros,
    /// Why.
    pub reason: String,
}

/// Puts an item on the bill of a session that is not paid.
///
/// # Errors
/// `ILLEGAL_STATE` for a session that is paid or voided, `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT`; not found; forbidden outside the callshop.
pub async fn add_item(app: &App, actor: &Actor, key: &str, input: NewItem) -> Result<SessionView> {
    let description = clean_name("description", &input.description)?;
    if !(1..=MAX_QUANTITY).contains(&input.quantity) {
        return Err(Error::invalid("quantity", format!("1 to {MAX_QUANTITY}")));
    }
    let (quantity, unit_price) = (input.quantity, input.unit_price);
    let new = New { kind: ItemKind::Item, description, quantity, unit_price };
    add(app, actor, ("addSessionItem", key), &input, input.session_id, &new).await
}

/// Takes something off the bill of a session that is not paid. Attendants at most what the callshop's settings say, for the whole session.
///
/// # Errors
/// `CEILING_EXCEEDED`; `DISCOUNT_TOO_HIGH` above what the calls and items come to; as for [`add_item`].
pub async fn apply_discount(app: &App, actor: &Actor, key: &str, input: NewDiscount) -> Result<SessionView> {
    let description = clean_name("reason", &input.reason)?;
    let new = New { kind: ItemKind::Discount, description, quantity: 1, unit_price: input.amount };
    add(app, actor, ("applyDiscount", key), &input, input.session_id, &new).await
}

/// A line to be added.
struct New {
    kind: ItemKind,
    description: String,
    quantity: i32,
    unit_price: Micros,
}

impl New {
    /// The field of the input that is to blame for an amount.
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
            record(&tx, actor, now, mutation, &session, Value::Null, after).await?;
            changed(&tx, &session, now).await
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

/// Whether a line may come onto the bill.
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
        return Err(Error::user(ErrorCode::InvalidInput, format!("a bill has at most {MAX_ITEMS} lines")));
    }
    let too_much = |_| Error::invalid(field, "the bill would be too high");
    let amount = line(item).map_err(too_much)?.amount;
    let total = sum(&before, item.kind)?.checked_add(amount).map_err(|_| too_much(Error::NotFound))?;
    register::check_amount(field, total, currency)?;
    if item.kind == ItemKind::Item {
        return Ok(());
    }
    if amount == Micros::ZERO {
        return Err(Error::invalid(field, "an amount above zero"));
    }
    if actor.role == Role::Attendant {
        let settings = accounts::callshop(tx.conn(), session.callshop_id).await?.ok_or(Error::NotFound)?;
        let ceiling = Micros::from(settings.attendant_max_discount);
        if total > ceiling {
            let message = format!("attendants take at most {ceiling} off a bill: the owner may take more");
            return Err(Error::field(ErrorCode::CeilingExceeded, field, message));
        }
    }
    check_discounts(tx, session.id, sum(&before, ItemKind::Item)?, total, field).await
}

/// Discounts are no more than what they are taken off, as of now.
async fn check_discounts(tx: &Tx, id: Uuid, items: Micros, discounts: Micros, field: &str) -> Result<()> {
    let calls = sessions::calls_total(tx.conn(), id).await?.into();
    let most = items.checked_add(calls).or_fault()?;
    if discounts > most {
        let message = format!("calls and items come to {most}, the discounts to {discounts}");
        return Err(Error::field(ErrorCode::DiscountTooHigh, field, message));
    }
    Ok(())
}

/// What the lines of a kind come to.
fn sum(items: &[session_item::Model], kind: ItemKind) -> Result<Micros> {
    let lines = items.iter().filter(|item| item.kind == kind).map(line).collect::<Result<Vec<_>>>()?;
    Micros::try_sum(lines.iter().map(|line| line.amount)).or_fault()
}

/// Tells of a bill that changed; a final one is made again.
async fn changed(tx: &Tx, session: &cabin_session::Model, at: DateTime<Utc>) -> Result<()> {
    match session.state {
        SessionState::Closed => restate(tx, session.id, at).await,
        _ => emit(tx, ActivityKind::CabinChanged, session, at).await,
    }
}

/// Takes an item or a discount off the bill of a session that is not paid; one that is off already stays so.
///
/// # Errors
/// `DISCOUNT_TOO_HIGH` when the discounts would be more than what is left; `CEILING_EXCEEDED` for an attendant who takes an item off a final
/// statement; `ILLEGAL_STATE` for a session that is paid or voided; not found;
/// forbidden outside the callshop.
pub async fn remove_item(app: &App, actor: &Actor, session_id: Uuid, item_id: Uuid) -> Result<SessionView> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let session = lock(&tx, actor, session_id).await?;
        rules::may_bill(session.state.into()).map_err(illegal)?;
        let unknown = || Error::field(ErrorCode::NotFound, "itemId", "no such line on the bill");
        let item = sessions::item(tx.conn(), session_id, item_id).await?.ok_or_else(unknown)?;
        if item.removed_at.is_some() {
            // asked twice: it is done
            return view(tx.conn(), session).await;
        }
        if item.kind == ItemKind::Item
            && session.state == SessionState::Closed
            && actor.role == Role::Attendant
        {
            // as good as a discount, which has a ceiling
            let message = "the statement is final: its owner takes items off it";
            return Err(Error::field(ErrorCode::CeilingExceeded, "itemId", message));
        }
        let mut left = sessions::items(tx.conn(), session_id, MAX_ITEMS).await?;
        left.retain(|other| other.id != item_id);
        let (items, discounts) = (sum(&left, ItemKind::Item)?, sum(&left, ItemKind::Discount)?);
        check_discounts(&tx, session_id, items, discounts, "itemId").await?;
        let before = serde_json::to_value(&item).or_fault()?;
        remove(&tx, actor, item, now).await?;
        record(&tx, actor, now, "removeSessionItem", &session, before, json!(null)).await?;
        changed(&tx, &session, now).await?;
        let session = sessions::find(tx.conn(), &actor.scope(), session_id).await?;
        view(tx.conn(), session.ok_or(Error::NotFound)?).await
    })
    .await
}

/// Marks a line as taken off.
pub(super) async fn remove(
    tx: &Tx,
    actor: &Actor,
    item: session_item::Model,
    at: DateTime<Utc>,
) -> Result<()> {
    let removed = session_item::Model { removed_at: Some(at), removed_by: Some(actor.user_id), ..item };
    sessions::update_item(tx.conn(), removed).await
}
