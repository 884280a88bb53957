//! Settings of a callshop: cash rounding, texts on receipts, and limits for attendants.

use billing::money::Micros;
use billing::pix::{self, PixError, PixKey};
use entity::callshop;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::{self, Shop};
use super::accounts::MAX_NAME;
use super::{App, audit, register};
use crate::auth::{Actor, Right};
use base::error::{Error, Result};
use store::accounts;

/// Maximum length of the tax id, in characters.
const MAX_TAX_ID: usize = 40;
/// Maximum length of the address, in characters.
const MAX_ADDRESS: usize = 200;
/// Default for new callshops: a warning comes this many seconds before the end of a call.
pub const USUAL_ENDING_SOON: i32 = 60;
/// Maximum number of seconds before the end of a call at which the warning can come.
const MAX_ENDING_SOON: i32 = 3600;
/// Maximum length of the receipt footer, in characters.
const MAX_FOOTER: usize = 500;

/// Changes to a callshop's settings. A field that is `None` leaves its value unchanged.
#[derive(Clone, Debug, Default)]
pub struct SettingsChange {
    /// Cash amounts are rounded to multiples of this step. `Some(None)` means the currency's minor unit.
    pub cash_step: Option<Option<Micros>>,
    /// Name on receipts. If this name is empty, receipts show the account's name.
    pub legal_name: Option<String>,
    /// Tax id on receipts.
    pub tax_id: Option<String>,
    /// Address on receipts; may have several lines.
    pub address: Option<String>,
    /// Footer of receipts; may have several lines.
    pub receipt_footer: Option<String>,
    /// Pix key, in any usual notation. `Some(None)` removes the key, the name and the city.
    pub pix_key: Option<Option<String>>,
    /// Recipient's name in Pix codes.
    pub pix_name: Option<String>,
    /// Recipient's city in Pix codes.
    pub pix_city: Option<String>,
    /// Whether receipts hide the four digits before the last two of each dialed number.
    pub mask_numbers: Option<bool>,
    /// Number of seconds before the end of a call at which a warning says that the call is about to end. `Some(None)` or zero means that no warning
    /// is given.
    pub ending_soon_seconds: Option<Option<i32>>,
    /// Maximum total of the discounts that attendants may give on one bill.
    pub attendant_max_discount: Option<Micros>,
    /// Maximum total of the refunds that attendants may make for one session.
    pub attendant_max_refund: Option<Micros>,
}

/// Changes a callshop's settings. The callshop's owner and users of accounts above the callshop may change the settings.
///
/// # Errors
/// Fails with `FORBIDDEN` for attendants. May also fail with `INVALID_INPUT` or `NOT_FOUND`.
pub async fn update(app: &App, actor: &Actor, id: Uuid, change: SettingsChange) -> Result<Shop> {
    let (change, now) = (&change, app.clock.now());
    app.write_as(actor, |tx| async move {
        let account = access::account(tx.conn(), actor, id, Right::ManageSettings).await?;
        let before = accounts::lock_callshop(tx.conn(), account.id).await?.ok_or(Error::NotFound)?;
        let after = changed(before.clone(), change, &account.currency)?;
        let settings = accounts::update_callshop(tx.conn(), after).await?;
        let change = audit::Change {
            account_id: account.id,
            action: "updateCallshopSettings",
            object: ("Callshop", account.id),
            before: shown(&before),
            after: shown(&settings),
        };
        audit::record(&tx, actor, now, change).await?;
        Ok(Shop { account, settings })
    })
    .await
}

fn shown(settings: &callshop::Model) -> Value {
    json!({
        "cash_step": settings.cash_step,
        "legal_name": settings.legal_name,
        "tax_id": settings.tax_id,
        "address": settings.address,
        "receipt_footer": settings.receipt_footer,
        "pix_key": settings.pix_key,
        "pix_name": settings.pix_name,
        "pix_city": settings.pix_city,
        "mask_numbers": settings.mask_numbers,
        "ending_soon_seconds": settings.ending_soon_seconds,
        "attendant_max_discount": settings.attendant_max_discount,
        "attendant_max_refund": settings.attendant_max_refund,
    })
}

fn changed(
    mut settings: callshop::Model,
    change: &SettingsChange,
    currency: &str,
) -> Result<callshop::Model> {
    if let Some(step) = change.cash_step {
        if let Some(step) = step {
            register::check_positive("cashStep", step, currency)?;
        }
        settings.cash_step = step.map(Into::into);
    }
    if let Some(name) = &change.legal_name {
        settings.legal_name = text("legalName", name, MAX_NAME, false)?;
    }
    if let Some(id) = &change.tax_id {
        settings.tax_id = text("taxId", id, MAX_TAX_ID, false)?;
    }
    if let Some(address) = &change.address {
        settings.address = text("address", address, MAX_ADDRESS, true)?;
    }
    if let Some(footer) = &change.receipt_footer {
        settings.receipt_footer = text("receiptFooter", footer, MAX_FOOTER, true)?;
    }
    change_pix(&mut settings, change, currency)?;
    if let Some(mask) = change.mask_numbers {
        settings.mask_numbers = mask;
    }
    if let Some(seconds) = change.ending_soon_seconds {
        settings.ending_soon_seconds = ending_soon(seconds)?;
    }
    if let Some(ceiling) = change.attendant_max_discount {
        register::check_amount("attendantMaxDiscount", ceiling, currency)?;
        settings.attendant_max_discount = ceiling.into();
    }
    if let Some(ceiling) = change.attendant_max_refund {
        register::check_amount("attendantMaxRefund", ceiling, currency)?;
        settings.attendant_max_refund = ceiling.into();
    }
    Ok(settings)
}

fn ending_soon(seconds: Option<i32>) -> Result<Option<i32>> {
    match seconds {
        None | Some(0) => Ok(None),
        Some(1..=MAX_ENDING_SOON) => Ok(seconds),
        Some(_) => {
            let message =
                base::message!("Use 1 to {max} seconds, or 0 for no announcement.", max = MAX_ENDING_SOON);
            Err(Error::invalid("endingSoonSeconds", message))
        }
    }
}

/// Changes the Pix key and the recipient's name and city; a Pix code needs all three.
fn change_pix(settings: &mut callshop::Model, change: &SettingsChange, currency: &str) -> Result<()> {
    if let Some(None) = change.pix_key {
        (settings.pix_key, settings.pix_name, settings.pix_city) = (None, None, None);
    }
    if let Some(Some(key)) = &change.pix_key {
        if currency != pix::CURRENCY {
            let message = base::message!(
                "Pix pays only in {pix}, but the callshop's currency is {currency}.",
                pix = pix::CURRENCY,
                currency
            );
            return Err(Error::invalid("pixKey", message));
        }
        settings.pix_key = Some(PixKey::parse(key).map_err(refused("pixKey"))?.as_str().to_owned());
    }
    for (field, text, most, stored) in [
        ("pixName", &change.pix_name, pix::MAX_NAME, &mut settings.pix_name),
        ("pixCity", &change.pix_city, pix::MAX_CITY, &mut settings.pix_city),
    ] {
        if let Some(text) = text {
            // a BR Code has no accents; the API returns the text as the code contains it
            *stored = Some(pix::plain_text(text, most).map_err(refused(field))?);
        }
        if settings.pix_key.is_some() && stored.is_none() {
            return Err(Error::invalid(
                field,
                base::message!("A Pix code needs `{field}`. Enter this field together with the key.", field),
            ));
        }
        if settings.pix_key.is_none() && stored.is_some() {
            return Err(Error::invalid(
                field,
                base::message!("Enter `pixKey` together with `{field}`.", field),
            ));
        }
    }
    Ok(())
}

fn refused(field: &str) -> impl Fn(PixError) -> Error {
    move |error| match error {
        PixError::InvalidText { most } => {
            let message = base::message!("Enter 1 to {max} letters of the Latin alphabet.", max = most);
            Error::invalid(field, message)
        }
        error => Error::invalid(field, error.to_string()),
    }
}

/// Trims and validates a text, which may be empty. If `lines` is true, the text may have several lines.
fn text(field: &str, text: &str, most: usize, lines: bool) -> Result<String> {
    let text = text.trim();
    let good = if lines { billing::text::is_lines(text) } else { billing::text::is_line(text) };
    if text.chars().count() > most || !good {
        return Err(Error::invalid(
            field,
            base::message!("`{field}` can have at most {max} printable characters.", field, max = most),
        ));
    }
    Ok(text.to_owned())
}
