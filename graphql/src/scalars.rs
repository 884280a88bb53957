//! Money, decimals, ids: how values look on the wire.

use async_graphql::{
    InputObject, InputValueError, InputValueResult, Scalar, ScalarType, SimpleObject, Value,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::money::Micros;
use uuid::Uuid;

use base::error::{Error, Result};

/// An exact decimal number as a string, such as "12.34". Number literals are refused: they pass through floating point in most
/// clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(pub Micros);

#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Micros::parse(&text)
                .map(Self)
                .map_err(|error| InputValueError::custom(format!("not a Decimal: {error}"))),
            Value::Number(_) => {
                Err(InputValueError::custom("a Decimal is a string, such as \"12.34\", not a number"))
            }
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// ISO 4217 code of a currency, such as "BRL".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyCode(pub String);

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

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct Money {
    /// The amount, up to six decimals.
    pub amount: Decimal,
    /// In which currency.
    pub currency: CurrencyCode,
}

impl Money {
    /// An amount in a currency that was stored.
    pub fn new(amount: impl Into<Micros>, currency: &str) -> Self {
        Self { amount: Decimal(amount.into()), currency: CurrencyCode(currency.to_owned()) }
    }
}

/// An amount of money, given.
#[derive(Clone, Debug, PartialEq, Eq, InputObject)]
pub struct MoneyInput {
    /// The amount, up to six decimals.
    pub amount: Decimal,
    /// In which currency; it must be the account's.
    pub currency: CurrencyCode,
}

/// The types that have global ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An account that is no callshop.
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
}

impl Kind {
    const ALL: [(Self, &'static str); 12] = [
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
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind with this name of a GraphQL type.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The opaque global id of the object with this row id.
    pub fn id(self, id: Uuid) -> async_graphql::ID {
        URL_SAFE_NO_PAD.encode(format!("{}:{}", self.name(), id.simple())).into()
    }

    /// The row id in a global id of this kind.
    ///
    /// # Errors
    /// [`Error::NotFound`] for another kind's id as for no id at all: what it is not is nobody's business.
    pub fn parse(self, id: &async_graphql::ID) -> Result<Uuid> {
        match parse_any(id) {
            Some((kind, id)) if kind == self => Ok(id),
            _ => Err(Error::NotFound),
        }
    }
}

/// The kind and row id in a global id; none for what [`Kind::id`] does not write: an object has one id, so that clients may compare them.
pub fn parse_any(global: &async_graphql::ID) -> Option<(Kind, Uuid)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(global.as_str()).ok()?).ok()?;
    let (name, id) = text.split_once(':')?;
    let (kind, _) = Kind::ALL.iter().find(|(_, known)| *known == name)?;
    let row = Uuid::parse_str(id).ok()?;
    (kind.id(row).as_str() == global.as_str()).then_some((*kind, row))
}
