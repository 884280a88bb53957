//! Wire formats of money, decimals and global ids.

use async_graphql::{InputObject, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::money::{Currency, Micros};
use chrono::{DateTime, NaiveDate, Utc};
use graphql_macros::object;
use uuid::Uuid;

use super::payload::top_level;
use app::receipt::Locale;
use base::error::{Error, Result};

/// The value behind the `Decimal` scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(pub Micros);

/// An exact decimal number as a string, such as "12.34", with up to six decimals. Number literals are rejected, because most clients convert
/// them to floating point.
#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Micros::parse(&text)
                .map(Self)
                .map_err(|error| InputValueError::custom(format!("Not a Decimal: {error}"))),
            Value::Number(_) => Err(InputValueError::custom(
                "Send a Decimal as a string, such as \"12.34\", not as a number.",
            )),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// The value behind the `CurrencyCode` scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyCode(pub String);

/// ISO 4217 currency code, such as "BRL".
#[Scalar(name = "CurrencyCode")]
impl ScalarType for CurrencyCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else { return Err(InputValueError::expected_type(value)) };
        let currency = billing::money::Currency::parse(&text)
            .map_err(|error| InputValueError::custom(error.to_string()))?;
        Ok(Self(currency.to_string()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Tells developers why a text is not a value of the scalar with this name; `None` if the text is a value. The executor would also refuse the text,
/// but its error would not name the field.
pub fn refused(scalar: &str, text: &str) -> Option<String> {
    let value = || Value::String(text.to_owned());
    let quoted: String = text.chars().take(40).collect();
    match scalar {
        "DateTime" if <DateTime<Utc> as ScalarType>::parse(value()).is_err() => Some(format!(
            "{quoted:?} is not a time with an offset. Write a time such as \"2026-11-30T00:00:00-03:00\"."
        )),
        "NaiveDate" if <NaiveDate as ScalarType>::parse(value()).is_err() => {
            Some(format!("{quoted:?} is not a day. Write a day such as \"2026-11-30\"."))
        }
        "Decimal" => Micros::parse(text)
            .err()
            .map(|error| format!("{quoted:?} is not a Decimal: {error}. Write a number such as \"12.34\".")),
        "CurrencyCode" => {
            Currency::parse(text).err().map(|error| format!("{quoted:?} is not a currency: {error}"))
        }
        _ => None,
    }
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, async_graphql::Description)]
pub struct Money {
    /// The amount in major units.
    pub amount: Decimal,
    /// Currency of `amount`.
    pub currency: CurrencyCode,
}

#[object]
impl Money {
    /// The amount in major units (reais, not centavos), with up to six decimals.
    #[field(numbered)]
    fn amount(&self) -> Decimal {
        self.amount
    }

    /// Currency of `amount`.
    #[field(numbered)]
    fn currency(&self) -> &CurrencyCode {
        &self.currency
    }

    /// The amount as display text, such as "R$ 1.234,50", with the currency's usual number of decimals, rounded half away from zero, and with
    /// non-breaking spaces. Do not compute with this text. Prices per minute often have more decimals than the text shows.
    // The field has an argument, so documents that select it are not compiled. A client that shows a continuously updated cost must format the cost
    // itself.
    fn formatted(
        &self,
        #[graphql(
            desc = "BCP 47 tag, such as \"pt-BR\"; the locale of the currency's country if omitted. Portuguese, Spanish and English are supported; other \
                    languages are formatted as English."
        )]
        locale: Option<String>,
    ) -> async_graphql::Result<String> {
        Locale::requested(locale.as_deref(), &self.currency.0)
            .map(|locale| locale.formatted(self.amount.0, &self.currency.0))
            .map_err(top_level)
    }
}

impl Money {
    /// An amount that was read from the database, with its currency.
    pub fn new(amount: impl Into<Micros>, currency: &str) -> Self {
        Self { amount: Decimal(amount.into()), currency: CurrencyCode(currency.to_owned()) }
    }
}

/// An amount of money as input.
#[derive(Clone, Debug, PartialEq, Eq, InputObject)]
pub struct MoneyInput {
    /// The amount in major units, with up to six decimals.
    pub amount: Decimal,
    /// Currency of `amount`, which must be the account's currency.
    pub currency: CurrencyCode,
}

/// Types of objects with global ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The platform, a distributor or a reseller.
    Account,
    /// A callshop.
    Callshop,
    /// A user.
    User,
    /// A phone.
    Phone,
    /// A cabin.
    Cabin,
    /// A cabin session.
    CabinSession,
    /// A call.
    Call,
    /// A tariff.
    Tariff,
    /// A version of a tariff.
    TariffVersion,
    /// A register shift.
    RegisterShift,
    /// An item or discount on a session's bill.
    SessionItem,
    /// A transfer in the ledger.
    LedgerTransfer,
    /// A customer's screen.
    Screen,
    /// A payment or refund of a session.
    Payment,
    /// Cash put into or withdrawn from a drawer.
    CashMovement,
    /// An entry of the audit log.
    AuditEntry,
    /// An API token.
    ApiToken,
    /// An import of a rate deck.
    TariffImport,
    /// A saved mapping of a carrier's decks.
    TariffMapping,
    /// A webhook.
    Webhook,
    /// A message in the log of a webhook.
    WebhookDelivery,
}

impl Kind {
    const ALL: [(Self, &'static str); 21] = [
        (Self::Account, "Account"),
        (Self::Callshop, "Callshop"),
        (Self::User, "User"),
        (Self::Phone, "Phone"),
        (Self::Cabin, "Cabin"),
        (Self::CabinSession, "CabinSession"),
        (Self::Call, "Call"),
        (Self::Tariff, "Tariff"),
        (Self::TariffVersion, "TariffVersion"),
        (Self::RegisterShift, "RegisterShift"),
        (Self::SessionItem, "SessionItem"),
        (Self::LedgerTransfer, "LedgerTransfer"),
        (Self::Screen, "Screen"),
        (Self::Payment, "Payment"),
        (Self::CashMovement, "CashMovement"),
        (Self::AuditEntry, "AuditEntry"),
        (Self::ApiToken, "ApiToken"),
        (Self::TariffImport, "TariffImport"),
        (Self::TariffMapping, "TariffMapping"),
        (Self::Webhook, "Webhook"),
        (Self::WebhookDelivery, "WebhookDelivery"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind with this GraphQL type name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The opaque global id of the row `id`.
    pub fn id(self, id: Uuid) -> async_graphql::ID {
        let mut hex = Uuid::encode_buffer();
        let hex = id.simple().encode_lower(&mut hex).as_bytes();
        URL_SAFE_NO_PAD.encode([self.name().as_bytes(), b":", hex].concat()).into()
    }

    /// The row id in a global id of this kind.
    ///
    /// # Errors
    /// Fails with [`Error::NotFound`] for a malformed id as well as for an id of another kind. Both cases return the same error, so clients cannot
    /// tell them apart.
    pub fn parse(self, id: &async_graphql::ID) -> Result<Uuid> {
        match parse_any(id) {
            Some((kind, id)) if kind == self => Ok(id),
            _ => Err(Error::NotFound),
        }
    }
}

/// The kind and row id in a global id. The result is `None` for a text that [`Kind::id`] does not produce. Therefore, an object has exactly one id,
/// and clients may compare ids.
pub fn parse_any(global: &async_graphql::ID) -> Option<(Kind, Uuid)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(global.as_str()).ok()?).ok()?;
    let (name, id) = text.split_once(':')?;
    let (kind, _) = Kind::ALL.iter().find(|(_, known)| *known == name)?;
    let row = Uuid::parse_str(id).ok()?;
    (kind.id(row).as_str() == global.as_str()).then_some((*kind, row))
}
