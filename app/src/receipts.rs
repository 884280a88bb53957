//! Collects the content of paid sessions' receipts. The module `crate::receipt` lays out this content.

use std::collections::BTreeMap;

use billing::money::Micros;
use billing::statement::{PaymentMethod, StatementLine};
use entity::{PaymentKind, SessionState, cabin, payment};
use uuid::Uuid;

use super::cabins::default_label;
use super::sessions::{self, SessionView};
use super::{App, access};
use crate::accounts::clean_locale;
use crate::auth::Actor;
use crate::receipt::{Call, Destination, Format, Item, Locale, Receipt, Refund, masked};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{accounts, cabins, parse_stored, sessions as rows};

/// A rendered receipt.
#[derive(Clone, Debug)]
pub struct Printed {
    /// Receipt number, consecutive per callshop.
    pub number: i64,
    /// Whether the receipt is marked as a copy.
    pub reprint: bool,
    /// The requested format.
    pub format: Format,
    /// Language tag of the receipt.
    pub locale: &'static str,
    /// The document, in `format`.
    pub bytes: Vec<u8>,
}

/// Prints the receipt of a paid session again, marked as a copy. A receipt shows payments, and attendants must not see their colleagues' payments
/// before they count the drawer. Therefore, attendants can reprint their colleagues' receipts only after the count.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` for a session that is not paid. Fails with `FORBIDDEN` if payments are hidden from the attendant. May also fail with
/// `NOT_FOUND`.
pub async fn reprint(
    app: &App,
    actor: &Actor,
    session_id: Uuid,
    format: Format,
    locale: Option<&str>,
) -> Result<Printed> {
    let locale = language(locale)?;
    let view = sessions::find(app, actor, session_id).await?;
    if sessions::payments(app, actor, &view.session).await?.some_hidden {
        let message = "Another user took the payment. Until the register is closed, only that user or the owner can reprint the receipt.";
        return Err(Error::user(ErrorCode::Forbidden, message));
    }
    print(app, &view, None, format, locale).await
}

/// Prints the receipt of a session that the caller has just settled, including the change.
///
/// # Errors
/// See [`reprint`].
pub async fn original(
    app: &App,
    view: &SessionView,
    change: Micros,
    format: Format,
    locale: Option<&str>,
) -> Result<Printed> {
    print(app, view, Some(change), format, language(locale)?).await
}

/// The requested language, if any.
fn language(locale: Option<&str>) -> Result<Option<Locale>> {
    let tag = locale.map(|tag| clean_locale("locale", tag)).transpose()?;
    Ok(tag.as_deref().map(Locale::parse))
}

async fn print(
    app: &App,
    view: &SessionView,
    change: Option<Micros>,
    format: Format,
    locale: Option<Locale>,
) -> Result<Printed> {
    let account = access::by_id(app.store.reader(), view.session.callshop_id).await?;
    let locale = locale.unwrap_or_else(|| Locale::parse(&account.locale));
    let receipt = Receipt { change, reprint: change.is_none(), ..gather(app, view).await? };
    let (number, reprint) = (receipt.number, receipt.reprint);
    // rendering thousands of calls would block the async thread
    let rendering = tokio::task::spawn_blocking(move || receipt.render(format, locale));
    let bytes = rendering.await.or_fault()?;
    Ok(Printed { number, reprint, format, locale: locale.tag(), bytes })
}

async fn gather(app: &App, view: &SessionView) -> Result<Receipt> {
    let (session, conn) = (&view.session, app.store.reader());
    let (Some(number), Some(settled_at), SessionState::Settled) =
        (session.receipt_number, session.settled_at, session.state)
    else {
        let message =
            format!("The session is {}. Only a settled session has a receipt.", session.state.as_str());
        return Err(Error::user(ErrorCode::IllegalState, message));
    };
    let account = access::by_id(conn, session.callshop_id).await?;
    let settings = accounts::callshop(conn, account.id).await?.ok_or(Error::NotFound)?;
    let user_ids: Vec<Uuid> = session.settled_by.into_iter().collect();
    let attendant = accounts::users_by_ids(conn, &user_ids).await?.pop();
    let cabin = cabins::by_ids(conn, &[session.cabin_id]).await?.pop();
    let statement = sessions::bill(app, session, view.currency.clone()).await?.statement;
    let payments = rows::payments(conn, session.id).await?;
    let shown = |number: String| if settings.mask_numbers { masked(&number) } else { number };
    let calls = statement.calls.into_iter().map(|call| Call {
        number: shown(call.number),
        destination: call.destination,
        started_at: call.started_at,
        seconds: call.talk_seconds.into(),
        amount: call.amount,
    });
    let destinations = statement.by_destination.into_iter().map(|total| Destination {
        name: total.destination,
        calls: total.calls,
        seconds: total.talk_seconds,
        amount: total.amount,
    });
    Ok(Receipt {
        shop: if settings.legal_name.is_empty() { account.name } else { settings.legal_name },
        tax_id: settings.tax_id,
        address: settings.address,
        number,
        reprint: true,
        settled_at,
        time_zone: parse_stored(&account.time_zone, "time zone")?,
        attendant: attendant.map(|user| user.display_name).unwrap_or_default(),
        cabin: cabin.map(cabin_name).unwrap_or_default(),
        customer: session.customer.clone(),
        currency: view.currency.clone(),
        calls: calls.collect(),
        destinations: destinations.collect(),
        items: statement.items.into_iter().map(item).collect(),
        discounts: statement.discounts.into_iter().map(item).collect(),
        // the receipt shows the totals that were paid, even if a call was corrected later
        calls_total: session.calls_total.map_or(statement.calls_total, Into::into),
        total: session.total.ok_or_else(|| Error::fault("a settled session has no total"))?.into(),
        deposit: session.deposit.into(),
        payments: kept(&payments)?,
        change: None,
        cash_rounding: session.cash_rounding.into(),
        refunds: payments.iter().filter(|payment| payment.kind == PaymentKind::Refund).map(refund).collect(),
        footer: settings.receipt_footer,
    })
}

/// Number and label of the cabin. The default label is omitted, because that label only repeats the number in English.
fn cabin_name(cabin: cabin::Model) -> String {
    match cabin.label.as_str() {
        label if label.is_empty() || label == default_label(cabin.number) => cabin.number.to_string(),
        label => format!("{} - {label}", cabin.number),
    }
}

fn item(line: StatementLine) -> Item {
    Item {
        description: line.description,
        quantity: line.quantity,
        unit_price: line.unit_price,
        amount: line.amount,
    }
}

/// The payments at settlement, summed by method.
fn kept(payments: &[payment::Model]) -> Result<Vec<(PaymentMethod, Micros)>> {
    let mut kept: BTreeMap<PaymentMethod, Micros> = BTreeMap::new();
    for payment in payments.iter().filter(|payment| payment.kind == PaymentKind::Sale) {
        let sum = kept.entry(payment.method.into()).or_default();
        *sum = sum.checked_add(payment.amount.into()).or_fault()?;
    }
    Ok(kept.into_iter().collect())
}

fn refund(payment: &payment::Model) -> Refund {
    Refund {
        at: payment.at,
        method: payment.method.into(),
        amount: payment.amount.into(),
        reason: payment.reason.clone().unwrap_or_default(),
    }
}
