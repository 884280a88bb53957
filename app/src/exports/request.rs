//! A client's request for an export: the rows, the period and the format.

use entity::{Book, TokenScope};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::{Actor, Right};
use crate::receipt::Locale;
use base::error::{Error, Result};

/// The rows to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// The rates of a tariff version, as a rate deck.
    Rates,
    /// Call attempts that were authorized in the period.
    Calls,
    /// Changes to one book of an account.
    Ledger,
    /// Payments and refunds of customers.
    Payments,
    /// Shifts of the register, by the time of their opening.
    Shifts,
    /// An account's statement for a period.
    Statement,
    /// The prices in force for a callshop's customers.
    PriceList,
}

impl Subject {
    /// All subjects.
    pub const ALL: [Self; 7] = [
        Self::Rates,
        Self::Calls,
        Self::Ledger,
        Self::Payments,
        Self::Shifts,
        Self::Statement,
        Self::PriceList,
    ];

    /// The name in addresses and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rates => "rates",
            Self::Calls => "calls",
            Self::Ledger => "ledger",
            Self::Payments => "payments",
            Self::Shifts => "shifts",
            Self::Statement => "statement",
            Self::PriceList => "price-list",
        }
    }

    /// The subject with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }

    /// The scope that an API token needs to read the exported list through the API.
    pub(super) fn scope(self) -> TokenScope {
        match self {
            Self::Rates | Self::PriceList => TokenScope::TariffsRead,
            Self::Calls => TokenScope::CallsRead,
            Self::Ledger | Self::Statement => TokenScope::LedgerRead,
            Self::Payments => TokenScope::SessionsRead,
            Self::Shifts => TokenScope::RegisterRead,
        }
    }

    /// The right that the actor needs. Attendants are not allowed to export payments, because attendants count the drawer blind.
    pub(super) fn right(self) -> Right {
        match self {
            Self::Rates => Right::ManageTariffs,
            Self::Calls | Self::Shifts => Right::SeeShop,
            Self::Ledger | Self::Statement => Right::SeeCredit,
            Self::Payments => Right::SeeDrawer,
            Self::PriceList => Right::Quote,
        }
    }
}

/// The format of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values in UTF-8, with a header.
    #[default]
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// A document to print; only for statements and price lists.
    Pdf,
}

impl Format {
    /// The ending of the file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Pdf => "pdf",
        }
    }

    /// The format with this name. The name is the file's extension.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Csv, Self::Jsonl, Self::Pdf].into_iter().find(|format| format.extension() == name)
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/jsonl; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }
}

/// A request for an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The rows to export.
    pub subject: Subject,
    /// Id of the tariff version, account or callshop.
    pub id: Uuid,
    /// Beginning of the period, as in [`super::period`]; `None` includes everything before the end of the period. Rates and price lists have no
    /// period.
    pub from: Option<String>,
    /// End of the period; `None` for everything from the beginning.
    pub to: Option<String>,
    /// The book of the ledger; CREDIT if `None`.
    pub book: Option<Book>,
    /// The format.
    pub format: Format,
    /// BCP 47 tag of the language of a PDF document and of the country names in a price list; `None` for the actor's language.
    pub locale: Option<String>,
}

impl Request {
    pub(super) fn check_format(&self) -> Result<()> {
        if self.format == Format::Pdf && !matches!(self.subject, Subject::Statement | Subject::PriceList) {
            let message = "Only statements and price lists are available as PDF. Choose CSV or JSONL.";
            return Err(Error::invalid("format", message));
        }
        Ok(())
    }

    /// The language of the file: the requested language or, if the request names none, the actor's language.
    pub(super) fn language(&self, actor: &Actor) -> Locale {
        self.locale.as_deref().map_or(actor.locale, Locale::parse)
    }

    /// A file name made of the subject, the account or tariff, and the period. Characters other than letters, digits and `_` become dashes, so that
    /// the name is safe in headers and in every file system.
    pub(super) fn file_name(&self, whose: &str) -> String {
        let parts = [Some(self.subject.name()), Some(whose), self.from.as_deref(), self.to.as_deref()];
        let parts: Vec<String> =
            parts.into_iter().flatten().map(plain).filter(|part| !part.is_empty()).collect();
        format!("{}.{}", parts.join("-"), self.format.extension())
    }
}

/// The first 60 characters of a text. Characters other than letters, digits and `_` become dashes.
fn plain(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let text: String =
        text.chars().take(60).map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    text.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain() {
        let request = Request {
            subject: Subject::Calls,
            id: Uuid::nil(),
            from: Some("2026-11-01T00:00:00+01:00".to_owned()),
            to: None,
            book: None,
            format: Format::Jsonl,
            locale: None,
        };
        assert_eq!(request.file_name("../São \"x\"\r\n"), "calls-S-o--x-2026-11-01T00-00-00-01-00.jsonl");
        assert!(request.file_name(&"ä".repeat(500)).len() < 200);
    }

    #[test]
    fn subjects_and_formats_are_known_by_their_names() {
        assert!(Subject::ALL.into_iter().all(|subject| Subject::named(subject.name()) == Some(subject)));
        assert_eq!((Subject::named("users"), Format::named("xlsx")), (None, None));
        assert_eq!(Format::named("jsonl"), Some(Format::Jsonl));
    }
}
