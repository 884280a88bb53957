//! Collects the content of receipts and bills. The module `crate::receipt` then lays out the collected content.

use std::collections::BTreeMap;

use billing::money::Micros;
use billing::statement::{PaymentMethod, StatementLine};
use chrono::{DateTime, Utc};
use entity::{PaymentKind, SessionState, cabin, payment};
use uuid::Uuid;

use super::cabins::default_label;
use super::sessions::{self, SessionView};
use super::{App, access};
use crate::accounts::clean_locale;
use crate::auth::Actor;
use crate::receipt::escpos::OPEN_DRAWER;
use crate::receipt::{Call, Destination, Due, Format, Item, Locale, Receipt, Refund, masked};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Word;
use store::{accounts, cabins, parse_stored, sessions as rows};

/// A rendered receipt.
#[derive(Clone, Debug)]
pub struct Printed {
    /// Receipt number, consecutive per callshop; 0 for a bill.
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

/// How to print a document.
#[derive(Clone, Copy, Debug)]
pub struct Paper<'a> {
    /// The format.
    pub format: Format,
    /// BCP 47 tag; the callshop's language if `None`.
    pub locale: Option<&'a str>,
    /// Whether the printer opens the cash drawer; only for formats that consist of printer commands.
    pub open_drawer: bool,
}

/// Prints the receipt of a paid session again, marked as a copy. A receipt shows payments, and attendants must not see their colleagues' payments
/// before they count the drawer. Therefore, attendants can reprint their colleagues' receipts only after the count.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` for a session that is not paid. Fails with `FORBIDDEN` if payments are hidden from the attendant. May also fail with
/// `NOT_FOUND`.
pub async fn reprint(app: &App, actor: &Actor, session_id: Uuid, paper: Paper<'_>) -> Result<Printed> {
    let paper = paper.checked()?;
    let view = sessions::find(app, actor, session_id).await?;
    if sessions::payments(app, actor, &view.session).await?.some_hidden {
        let message = "Another user took the payment. Until the register is closed, only that user or the owner can reprint the receipt.";
        return Err(Error::user(ErrorCode::Forbidden, message));
    }
    let receipt = receipt(app, &view, None).await?;
    print(app, &view, receipt, paper).await
}

/// Prints the receipt of a session that the caller has just settled, including the change.
///
/// # Errors
/// See [`reprint`].
pub async fn original(app: &App, view: &SessionView, change: Micros, paper: Paper<'_>) -> Result<Printed> {
    let paper = paper.checked()?;
    let receipt = receipt(app, view, Some(change)).await?;
    print(app, view, receipt, paper).await
}

/// Prints the bill of a closed session that is not settled, with the amount to pay and, if the callshop accepts Pix, the Pix code for this amount.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` unless the session is closed and not settled. May also fail with `NOT_FOUND`.
pub async fn bill(app: &App, actor: &Actor, session_id: Uuid, paper: Paper<'_>) -> Result<Printed> {
    let paper = paper.checked()?;
    let view = sessions::find(app, actor, session_id).await?;
    let session = &view.session;
    let (Some(total), SessionState::Closed) = (session.total, session.state) else {
        let message = base::message!(
            "The session is {state}. Only a closed session that is not settled has a bill to print.",
            state = Word(session.state.as_str())
        );
        return Err(Error::user(ErrorCode::IllegalState, message));
    };
    let settings =
        accounts::callshop(app.store.reader(), session.callshop_id).await?.ok_or(Error::NotFound)?;
    let (amount, _) = sessions::amounts_due(total.into(), session.deposit.into());
    let pix = sessions::pix(&settings, &view, None)?.map(|code| code.text);
    let stage = Stage { number: 0, at: app.clock.now(), user: session.closed_by };
    let content =
        Receipt { reprint: false, due: Some(Due { amount, pix }), ..gather(app, &view, stage).await? };
    print(app, &view, content, paper).await
}

/// A valid [`Paper`].
struct Checked {
    format: Format,
    locale: Option<Locale>,
    open_drawer: bool,
}

impl Paper<'_> {
    fn checked(self) -> Result<Checked> {
        if self.open_drawer && !self.format.is_commands() {
            let message = "Only a receipt in an ESC_POS format can open the drawer.";
            return Err(Error::invalid("openDrawer", message));
        }
        let tag = self.locale.map(|tag| clean_locale("locale", tag)).transpose()?;
        let locale = tag.as_deref().map(Locale::parse);
        Ok(Checked { format: self.format, locale, open_drawer: self.open_drawer })
    }
}

async fn print(app: &App, view: &SessionView, receipt: Receipt, paper: Checked) -> Result<Printed> {
    let Checked { format, locale, open_drawer } = paper;
    let locale = match locale {
        Some(locale) => locale,
        None => Locale::parse(&access::by_id(app.store.reader(), view.session.callshop_id).await?.locale),
    };
    let (number, reprint) = (receipt.number, receipt.reprint);
    // rendering thousands of calls would block the async thread
    let rendering = tokio::task::spawn_blocking(move || receipt.render(format, locale));
    let mut bytes = rendering.await.or_fault()?;
    if open_drawer {
        // the drawer opens while the receipt is printed
        bytes.splice(..0, OPEN_DRAWER);
    }
    Ok(Printed { number, reprint, format, locale: locale.tag(), bytes })
}

/// The content of a settled session's receipt: the original with the change, or a duplicate.
async fn receipt(app: &App, view: &SessionView, change: Option<Micros>) -> Result<Receipt> {
    let session = &view.session;
    let (Some(number), Some(settled_at), SessionState::Settled) =
        (session.receipt_number, session.settled_at, session.state)
    else {
        let message = base::message!(
            "The session is {state}. Only a settled session has a receipt.",
            state = Word(session.state.as_str())
        );
        return Err(Error::user(ErrorCode::IllegalState, message));
    };
    let stage = Stage { number, at: settled_at, user: session.settled_by };
    Ok(Receipt { change, reprint: change.is_none(), ..gather(app, view, stage).await? })
}

/// The part of a document that depends on whether the session is settled.
struct Stage {
    number: i64,
    at: DateTime<Utc>,
    user: Option<Uuid>,
}

async fn gather(app: &App, view: &SessionView, stage: Stage) -> Result<Receipt> {
    let (session, conn) = (&view.session, app.store.reader());
    let account = access::by_id(conn, session.callshop_id).await?;
    let settings = accounts::callshop(conn, account.id).await?.ok_or(Error::NotFound)?;
    let user_ids: Vec<Uuid> = stage.user.into_iter().collect();
    let attendant = accounts::users_by_ids(conn, &user_ids).await?.pop();
    let cabin = cabins::by_ids(conn, &[session.cabin_id]).await?.pop();
    let statement = sessions::bill(app, session, view.currency.clone()).await?.statement;
    let payments = rows::payments(conn, session.id).await?;
    let shown = |number: String| if settings.mask_numbers { masked(&number) } else { number };
    let calls = statement.calls.into_iter().map(|call| Call {
        number: shown(call.number),
        destination: call.destination,
        country: call.country_code,
        started_at: call.started_at,
        seconds: call.talk_seconds.into(),
        amount: call.amount,
    });
    let destinations = statement.by_destination.into_iter().map(|total| Destination {
        name: total.destination,
        country: total.country_code,
        calls: total.calls,
        seconds: total.talk_seconds,
        amount: total.amount,
    });
    Ok(Receipt {
        shop: if settings.legal_name.is_empty() { account.name } else { settings.legal_name },
        tax_id: settings.tax_id,
        address: settings.address,
        number: stage.number,
        reprint: true,
        settled_at: stage.at,
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
        total: session.total.ok_or_else(|| Error::fault("a closed session has no total"))?.into(),
        deposit: session.deposit.into(),
        deposit_references: references(&payments, PaymentKind::Deposit)
            .map(|(_, reference)| reference)
            .collect(),
        payments: kept(&payments)?,
        references: references(&payments, PaymentKind::Sale).collect(),
        due: None,
        change: None,
        cash_rounding: session.cash_rounding.into(),
        refunds: payments.iter().filter(|payment| payment.kind == PaymentKind::Refund).map(refund).collect(),
        footer: settings.receipt_footer,
    })
}

/// Number and label of the cabin. The default label ("Cabin 3") is omitted, because it adds only an English word to the number.
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

/// The references of the payments of one kind, in the order of the payments.
fn references(
    payments: &[payment::Model],
    kind: PaymentKind,
) -> impl Iterator<Item = (PaymentMethod, String)> {
    let of_kind = payments.iter().filter(move |payment| payment.kind == kind);
    of_kind.filter_map(|payment| Some((payment.method.into(), payment.reference.clone()?)))
}

fn refund(payment: &payment::Model) -> Refund {
    Refund {
        at: payment.at,
        method: payment.method.into(),
        amount: payment.amount.into(),
        reason: payment.reason.clone().unwrap_or_default(),
        reference: payment.reference.clone().unwrap_or_default(),
    }
}
