//! A session's bill.

use billing::country::country_of_number;
use billing::money::{Micros, minor_unit_decimals};
use billing::number::{E164, format_international};
use billing::statement::{Statement, StatementCall, StatementLine, cap_discounts};
use entity::{ItemKind, cabin_session, call, session_item};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{SessionView, find};
use crate::App;
use crate::auth::Actor;
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{retention, sessions};

/// Maximum number of answered calls per statement.
pub const MAX_STATEMENT_CALLS: u64 = 5000;
/// Maximum number of items and discounts per session, together.
pub const MAX_ITEMS: u64 = 200;

/// A session's bill, with the currency of its amounts.
#[derive(Clone, Debug)]
pub struct Bill {
    /// The statement, which is interim until the session is closed, and then final.
    pub statement: Statement,
    /// Amount paid in advance.
    pub deposit: Micros,
    /// The callshop's currency.
    pub currency: String,
}

/// The bill of a session in the actor's subtree.
///
/// # Errors
/// Fails with `NOT_FOUND`. See [`bill`] for the other errors.
pub async fn statement(app: &App, actor: &Actor, id: Uuid) -> Result<Bill> {
    let SessionView { session, currency } = find(app, actor, id).await?;
    bill(app, &session, currency).await
}

/// The bill of a session. The calling function has already checked access to the session.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if retention has deleted calls of the session. May also fail with database errors.
pub async fn bill(app: &App, session: &cabin_session::Model, currency: String) -> Result<Bill> {
    let statement = build_statement(app.store.reader(), session.id, &currency).await?;
    // a final statement does not change; if its total differs now, retention has deleted some of its calls
    if session.calls_total.is_some_and(|total| Micros::from(total) != statement.calls_total)
        && let Some(kept) = retention::calls_kept_from(app.store.reader()).await?
        && session.opened_at < kept
    {
        let message = base::message!(
            "The calls of this session were deleted. Calls are kept from {day} on.",
            day = kept.date_naive()
        );
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    Ok(Bill { statement, deposit: session.deposit.into(), currency })
}

impl Bill {
    /// Amount still to pay after the deposit, before cash rounding.
    pub fn amount_due(&self) -> Micros {
        amounts_due(self.statement.total, self.deposit).0
    }

    /// Amount of the deposit to refund, before cash rounding.
    pub fn refund_due(&self) -> Micros {
        amounts_due(self.statement.total, self.deposit).1
    }
}

/// The amount still to pay and the amount of the deposit to refund. At least one of the two amounts is zero.
pub fn amounts_due(total: Micros, deposit: Micros) -> (Micros, Micros) {
    // neither amount is negative, so the differences cannot overflow
    (Micros((total.0 - deposit.0).max(0)), Micros((deposit.0 - total.0).max(0)))
}

/// Builds the statement of a session from its current calls, items and discounts.
pub(super) async fn build_statement(
    conn: &impl ConnectionTrait,
    id: Uuid,
    currency: &str,
) -> Result<Statement> {
    let calls = sessions::billed_calls(conn, id, MAX_STATEMENT_CALLS + 1).await?;
    if calls.len() as u64 > MAX_STATEMENT_CALLS {
        let message = base::message!(
            "The session has more than {max} calls, too many for a statement.",
            max = MAX_STATEMENT_CALLS
        );
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    let lines = calls.into_iter().map(statement_call).collect::<Result<Vec<_>>>()?;
    let rows = sessions::items(conn, id, MAX_ITEMS).await?;
    let of = |kind| rows.iter().filter(move |item| item.kind == kind).map(line).collect::<Result<Vec<_>>>();
    let (items, mut discounts) = (of(ItemKind::Item)?, of(ItemKind::Discount)?);
    let amounts = lines.iter().map(|line| line.amount).chain(items.iter().map(|line| line.amount));
    let most = Micros::try_sum(amounts.collect::<Vec<_>>()).or_fault()?;
    cap_discounts(&mut discounts, most).or_fault()?;
    Statement::build(lines, items, discounts, minor_unit_decimals(currency)).or_fault()
}

/// Converts an item or discount to a line of the bill.
///
/// # Errors
/// Fails with a fault if the stored row is not a valid line.
pub fn line(item: &session_item::Model) -> Result<StatementLine> {
    let quantity = u32::try_from(item.quantity).or_fault()?;
    StatementLine::new(item.id.as_u128(), item.description.clone(), quantity, item.unit_price.into())
        .or_fault()
}

fn statement_call(call: call::Model) -> Result<StatementCall> {
    Ok(StatementCall {
        id: call.id.as_u128(),
        country_code: country_of_number(&call.number).map(str::to_owned),
        // a short number is not E.164 and is shown unchanged
        number: E164::parse(&call.number).map_or(call.number, |number| format_international(&number)),
        destination: call.destination,
        started_at: call.answered_at.unwrap_or(call.authorized_at),
        talk_seconds: u32::try_from(call.talk_seconds).or_fault()?,
        billed_seconds: u32::try_from(call.billed_seconds).or_fault()?,
        amount: call.charge.into(),
        answered: call.answered_at.is_some(),
    })
}
