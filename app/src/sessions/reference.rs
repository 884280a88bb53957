//! The number that a payment or refund has in another system, such as a card terminal's NSU or a Pix transaction id.

use entity::PaymentMethod;

use base::error::{Error, Result};

/// Maximum length of a reference, in characters.
const MAX_REFERENCE: usize = 64;

/// Trims and checks a reference. An empty reference counts as no reference.
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`, if the reference is too long, has control characters, or belongs to cash.
pub(super) fn clean(field: &str, method: PaymentMethod, reference: Option<&str>) -> Result<Option<String>> {
    let text = reference.unwrap_or_default().trim();
    if text.chars().count() > MAX_REFERENCE || !billing::text::is_line(text) {
        let message =
            base::message!("A reference can have at most {max} printable characters.", max = MAX_REFERENCE);
        return Err(Error::invalid(field, message));
    }
    if method == PaymentMethod::Cash && !text.is_empty() {
        return Err(Error::invalid(field, "Cash has no reference. Omit `reference`."));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
