//! The Pix code with which a customer pays for a session.

use billing::money::Micros;
use billing::pix::{self, Merchant, PixError};
use entity::{SessionState, callshop};

use super::{SessionView, amounts_due};
use crate::register;
use base::error::{Error, OrFault as _, Result};

/// The Pix code for one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixCode {
    /// The BR Code.
    pub text: String,
    /// The transaction id in the code, which depends only on the session.
    pub txid: String,
    /// The amount in reais.
    pub amount: Micros,
}

/// The code for a session that is neither paid nor voided; `None` if nothing is due, if the callshop has no Pix key, or if the callshop's currency is
/// not the Brazilian real. Without an amount, the code is for the amount due.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the amount is not positive, not in whole centavos, or too large.
pub fn pix(
    settings: &callshop::Model,
    view: &SessionView,
    amount: Option<Micros>,
) -> Result<Option<PixCode>> {
    match payable(view, amount)? {
        Some(amount) => code(settings, view, amount),
        None => Ok(None),
    }
}

/// The amount that a customer can pay now.
fn payable(view: &SessionView, amount: Option<Micros>) -> Result<Option<Micros>> {
    let session = &view.session;
    if matches!(session.state, SessionState::Settled | SessionState::Voided) {
        return Ok(None);
    }
    if let Some(amount) = amount {
        register::check_positive("amount", amount, &view.currency)?;
        return Ok(Some(amount));
    }
    let due = session.total.map(|total| amounts_due(total.into(), session.deposit.into()).0);
    Ok(due.filter(|due| *due > Micros::ZERO))
}

/// The code for an amount; `None` if the callshop has no Pix key, or if the callshop's currency is not the Brazilian real.
fn code(settings: &callshop::Model, view: &SessionView, amount: Micros) -> Result<Option<PixCode>> {
    let (Some(key), Some(name), Some(city)) = (&settings.pix_key, &settings.pix_name, &settings.pix_city)
    else {
        return Ok(None);
    };
    if view.currency != pix::CURRENCY {
        return Ok(None);
    }
    let merchant = Merchant::new(key, name, city).or_fault()?;
    let txid = pix::txid_of(view.session.id.as_u128());
    match merchant.br_code(Some(amount), &txid) {
        Ok(text) => Ok(Some(PixCode { text, txid, amount })),
        Err(PixError::InvalidAmount) => {
            let message = base::message!(
                "The amount must be above zero, in whole centavos, and at most {max}.",
                max = pix::MAX_AMOUNT
            );
            Err(Error::invalid("amount", message))
        }
        Err(error) => Err(Error::fault(error)),
    }
}
