//! Pix, Brazil's instant payments: keys, and the BR Code ("copia e cola") that a customer scans or pastes to pay.
//!
//! The code follows the central bank's Manual do BR Code, which is based on EMV QR Code Merchant Presented Mode: fields of a two-digit id, a
//! two-digit length and a value, and a checksum at the end. The code is static, so no bank server is needed. The code contains the amount and a
//! transaction id.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::money::Micros;

/// The currency of Pix payments.
pub const CURRENCY: &str = "BRL";
/// Maximum length of the merchant's name in a BR Code.
pub const MAX_NAME: usize = 25;
/// Maximum length of the merchant's city in a BR Code.
pub const MAX_CITY: usize = 15;
/// Maximum length of the transaction id of a static code.
pub const MAX_TXID: usize = 25;
/// Maximum length of an e-mail address that is used as a key.
const MAX_EMAIL: usize = 77;
/// One centavo in micros.
const CENTAVO: i64 = 10_000;
/// The largest amount that fits in the 13 characters of the amount field.
pub const MAX_AMOUNT: Micros = Micros(9_999_999_999_990_000);

/// Why a key or a code is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PixError {
    /// The text is not a key of any kind.
    #[error("Not a Pix key. Enter a CPF, a CNPJ, a phone with +55, an e-mail address, or a random key.")]
    UnknownKey,
    /// The check digits of a CPF or CNPJ are wrong.
    #[error("The check digits of this CPF or CNPJ are wrong. A phone must begin with +55.")]
    WrongCheckDigits,
    /// A name or city is empty, too long, or has characters that a BR Code cannot contain.
    #[error("Enter 1 to {most} letters of the Latin alphabet.")]
    InvalidText {
        /// The maximum length.
        most: usize,
    },
    /// The amount is not positive, not in whole centavos, or too large.
    #[error("The amount must be above zero, in whole centavos, and at most {MAX_AMOUNT}.")]
    InvalidAmount,
    /// The transaction id is empty, too long, or has characters other than letters and digits.
    #[error("A transaction id has 1 to {MAX_TXID} letters and digits.")]
    InvalidTxid,
}

/// A valid Pix key in the form in which the central bank's directory stores it: CPF and CNPJ without punctuation, a phone with "+", an e-mail address
/// and a random key in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixKey(String);

impl PixKey {
    /// Parses a key of any kind. A CPF and a CNPJ may have their usual punctuation. Eleven digits are read as a CPF; a phone must begin with +55.
    ///
    /// # Errors
    /// Fails with `WrongCheckDigits` for a mistyped CPF or CNPJ, otherwise with `UnknownKey`.
    pub fn parse(text: &str) -> Result<PixKey, PixError> {
        let text = text.trim();
        if text.contains('@') {
            return email(text);
        }
        if let Some(phone) = text.strip_prefix('+') {
            return phone_number(phone);
        }
        if let Some(key) = random_key(text) {
            return Ok(key);
        }
        let plain: String = text.chars().filter(|letter| !matches!(letter, '.' | '-' | '/' | ' ')).collect();
        tax_id(&plain.to_ascii_uppercase())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn email(text: &str) -> Result<PixKey, PixError> {
    let text = text.to_ascii_lowercase();
    let is_part = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
        !part.is_empty() && part.bytes().all(allowed) && !part.starts_with('.') && !part.ends_with('.')
    };
    match text.split_once('@') {
        Some((name, domain))
            if text.len() <= MAX_EMAIL && is_part(name) && is_part(domain) && domain.contains('.') =>
        {
            Ok(PixKey(text))
        }
        _ => Err(PixError::UnknownKey),
    }
}

fn phone_number(digits: &str) -> Result<PixKey, PixError> {
    let digits: String = digits.chars().filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')')).collect();
    let is_brazilian = digits.starts_with("55") && matches!(digits.len(), 12 | 13);
    if is_brazilian && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(PixKey(format!("+{digits}")))
    } else {
        Err(PixError::UnknownKey)
    }
}

/// A random key is a UUID: groups of 8, 4, 4, 4 and 12 hexadecimal digits.
fn random_key(text: &str) -> Option<PixKey> {
    let groups: Vec<&str> = text.split('-').collect();
    let is_group = |(group, length): (&&str, usize)| {
        group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let is_uuid = groups.len() == 5 && groups.iter().zip([8, 4, 4, 4, 12]).all(is_group);
    is_uuid.then(|| PixKey(text.to_ascii_lowercase()))
}

/// A CPF has eleven digits. A CNPJ has twelve letters or digits and two check digits; CNPJs with letters have existed since July 2026.
fn tax_id(text: &str) -> Result<PixKey, PixError> {
    let (body_length, highest_weight) = match text.len() {
        11 => (9, 11),
        14 => (12, 9),
        _ => return Err(PixError::UnknownKey),
    };
    let is_valid = |(at, byte): (usize, u8)| {
        byte.is_ascii_digit() || (body_length == 12 && at < 12 && byte.is_ascii_uppercase())
    };
    if !text.bytes().enumerate().all(is_valid) {
        return Err(PixError::UnknownKey);
    }
    let bytes = text.as_bytes();
    // the value of a letter, like that of a digit, is its distance from the character 0
    let values: Vec<u32> = bytes.iter().map(|byte| u32::from(byte - b'0')).collect();
    let is_checked = (body_length..text.len()).all(|at| {
        values.get(at).copied() == values.get(..at).map(|before| check_digit(before, highest_weight))
    });
    // numbers whose digits are all equal have correct check digits but are never assigned
    let is_assigned = bytes.windows(2).any(|pair| pair[0] != pair[1]);
    if is_checked && is_assigned { Ok(PixKey(text.to_owned())) } else { Err(PixError::WrongCheckDigits) }
}

/// The check digit modulo 11. The weights begin with 2 at the right and start again after the highest weight.
fn check_digit(values: &[u32], highest_weight: u32) -> u32 {
    let weights = (2..=highest_weight).cycle();
    let sum: u32 = values.iter().rev().zip(weights).map(|(value, weight)| value * weight).sum();
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// A name or city in the form that a BR Code allows: printable ASCII without accents, with a maximum length of `most` characters.
///
/// # Errors
/// Fails with `InvalidText`.
pub fn plain_text(text: &str, most: usize) -> Result<String, PixError> {
    let plain: String = text.nfd().filter(|letter| !is_combining_mark(*letter)).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_printable = plain.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic());
    if (1..=most).contains(&plain.len()) && is_printable {
        Ok(plain)
    } else {
        Err(PixError::InvalidText { most })
    }
}

/// The recipient of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// The recipient's key.
    pub key: PixKey,
    /// The recipient's name, as returned by [`plain_text`].
    pub name: String,
    /// The recipient's city, as returned by [`plain_text`].
    pub city: String,
}

impl Merchant {
    /// Makes a recipient and removes the accents from the name and the city.
    ///
    /// # Errors
    /// Fails with the error of the first invalid part.
    pub fn new(key: &str, name: &str, city: &str) -> Result<Merchant, PixError> {
        let (name, city) = (plain_text(name, MAX_NAME)?, plain_text(city, MAX_CITY)?);
        Ok(Merchant { key: PixKey::parse(key)?, name, city })
    }

    /// The BR Code of a payment. If the code has no amount, the payer enters the amount. The transaction id appears in the recipient's account.
    ///
    /// # Errors
    /// Fails with `InvalidAmount` or `InvalidTxid`.
    pub fn br_code(&self, amount: Option<Micros>, txid: &str) -> Result<String, PixError> {
        let is_txid =
            (1..=MAX_TXID).contains(&txid.len()) && txid.bytes().all(|byte| byte.is_ascii_alphanumeric());
        // three stars stand for "no transaction id"
        if !is_txid && txid != "***" {
            return Err(PixError::InvalidTxid);
        }
        let account = [field("00", "br.gov.bcb.pix"), field("01", self.key.as_str())].concat();
        let amount = amount.map(reais).transpose()?;
        let mut code = [
            field("00", "01"),
            field("26", &account),
            field("52", "0000"),
            field("53", "986"),
            amount.map(|amount| field("54", &amount)).unwrap_or_default(),
            field("58", "BR"),
            field("59", &self.name),
            field("60", &self.city),
            field("62", &field("05", txid)),
        ]
        .concat();
        // the checksum includes its own id and length
        code.push_str("6304");
        let checksum = crc16(code.as_bytes());
        Ok(format!("{code}{checksum:04X}"))
    }
}

/// Every value is shorter than 100 bytes: the longest value is an account with an e-mail address (99 bytes).
fn field(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.len())
}

fn reais(amount: Micros) -> Result<String, PixError> {
    if amount <= Micros::ZERO || amount > MAX_AMOUNT || amount.0 % CENTAVO != 0 {
        return Err(PixError::InvalidAmount);
    }
    let centavos = amount.0 / CENTAVO;
    Ok(format!("{}.{:02}", centavos / 100, centavos % 100))
}

/// CRC-16/CCITT-FALSE: polynomial 0x1021, initial value 0xFFFF.
fn crc16(bytes: &[u8]) -> u16 {
    let step = |crc: u16| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
    bytes.iter().fold(0xFFFF, |crc, byte| (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| step(crc)))
}

/// A transaction id that identifies one object: its 128-bit id in base 36, always [`MAX_TXID`] characters long.
pub fn txid_of(id: u128) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = id;
    let mut txid = [b'0'; MAX_TXID];
    for place in txid.iter_mut().rev() {
        let digit = usize::try_from(rest % 36).unwrap_or_default();
        *place = DIGITS.get(digit).copied().unwrap_or(b'0');
        rest /= 36;
    }
    txid.into_iter().map(char::from).collect()
}
