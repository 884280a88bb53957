//! Links to exports, and account statements.

use async_graphql::{Context, ID, InputObject};
use chrono::{DateTime, NaiveDate, Utc};
use entity::{AccountKind, Book};
use futures_util::FutureExt as _;
use graphql_macros::object;
use uuid::Uuid;

use super::accounts::{account_id, parse_account};
use super::ledger::LedgerBook;
use super::payload::{answer, nullable, payload, top_level};
use super::roles::{BACK_OFFICE, SIGNED_IN};
use super::scalars::{Kind, Money};
use super::{app, caller, graphql_enum};
use app::App;
use app::account_statement::{self, Line, Statement};
use app::exports::{self, Format, Request, Subject};
use base::error::{Error, ErrorCode, Result};

graphql_enum!(
    /// Rows to export.
    ExportSubject = "app::exports::Subject" {
        /// The rates of a tariff version, as a rate deck in the format of `examples/decks`.
        Rates,
        /// Call attempts that were authorized in the period, of a callshop or of all callshops below an account.
        Calls,
        /// Changes to one book of an account.
        Ledger,
        /// Payments and refunds of customers. Hidden from attendants.
        Payments,
        /// Shifts of the register, by the time of their opening.
        Shifts,
        /// The statement of an account.
        Statement,
        /// The customer prices of a callshop that are in force, with the names of the countries.
        PriceList,
    }
);

graphql_enum!(
    /// Format of an exported file.
    ExportFormat = "app::exports::Format" {
        /// Comma-separated values in UTF-8, with a header. An apostrophe is put before a text that begins like a formula.
        Csv,
        /// One JSON object per line.
        Jsonl,
        /// A document to print. Only statements and price lists have this format.
        Pdf,
    }
);

/// Writes the global id of a row whose GraphQL type has this name.
pub fn global_id(name: &'static str, id: Uuid) -> String {
    Kind::named(name).map_or_else(|| id.to_string(), |kind| kind.id(id).to_string())
}

/// A request for an export, with its ids as texts.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The rows to export.
    pub subject: Subject,
    /// The account or callshop; for all subjects except rates.
    pub account_id: Option<ID>,
    /// The tariff version; for rates.
    pub tariff_version_id: Option<ID>,
    /// Beginning of the period.
    pub from: Option<String>,
    /// End of the period.
    pub to: Option<String>,
    /// The book; for the ledger.
    pub book: Option<Book>,
    /// The format.
    pub format: Format,
    /// The language of a PDF document and of the country names in a price list.
    pub locale: Option<String>,
}

impl Asked {
    /// The request with its ids parsed.
    ///
    /// # Errors
    /// Fails with `INVALID_INPUT` if an argument is missing, or does not belong to the subject. Fails with `NOT_FOUND` for an invalid id.
    pub async fn request(self, app: &App) -> Result<Request> {
        let is_rates = self.subject == Subject::Rates;
        let is_of_now = is_rates || self.subject == Subject::PriceList;
        let foreign = [
            ("accountId", is_rates && self.account_id.is_some()),
            ("tariffVersionId", !is_rates && self.tariff_version_id.is_some()),
            ("from", is_of_now && self.from.is_some()),
            ("to", is_of_now && self.to.is_some()),
            ("book", self.subject != Subject::Ledger && self.book.is_some()),
        ];
        if let Some((field, _)) = foreign.into_iter().find(|(_, is_foreign)| *is_foreign) {
            return Err(Error::invalid(field, "This export does not have this argument. Omit it."));
        }
        let id = match (is_rates, self.tariff_version_id, self.account_id) {
            (true, Some(id), _) => Kind::TariffVersion.parse(&id)?,
            (true, None, _) => {
                let message = "Give the tariff version whose rates to export.";
                return Err(Error::invalid("tariffVersionId", message));
            }
            (false, _, Some(id)) => account_id(app, &id).await?,
            (false, _, None) => {
                return Err(Error::invalid("accountId", "Give the account or callshop to export."));
            }
        };
        Ok(Request {
            subject: self.subject,
            id,
            from: self.from,
            to: self.to,
            book: self.book,
            format: self.format,
            locale: self.locale,
        })
    }
}

/// The export that a link downloads.
#[derive(InputObject)]
pub struct CreateExportLinkInput {
    /// The rows to export.
    pub subject: ExportSubject,
    /// The account or callshop; required for all subjects except RATES.
    pub account_id: Option<ID>,
    /// The tariff version; required for RATES.
    pub tariff_version_id: Option<ID>,
    /// Beginning of the period: a day such as "2026-11-01" or a month such as "2026-11" in the account's time zone, or a time with an offset. If
    /// omitted, the period begins with the first row.
    pub from: Option<String>,
    /// End of the period, in the same form as `from`. If the end is a day or month, the period includes that day or month; if it is a time, the
    /// period ends just before it. If omitted, the period ends now.
    pub to: Option<String>,
    /// The book, for LEDGER; CREDIT if omitted.
    pub book: Option<LedgerBook>,
    /// Format of the file.
    #[graphql(default_with = "ExportFormat::Csv")]
    pub format: ExportFormat,
    /// BCP 47 tag of the language of a PDF document and of the country names in a price list, such as "pt-BR"; the caller's language if omitted.
    pub locale: Option<String>,
}

payload!(
    /// A link to an export.
    CreateExportLinkPayload {
        /// Address of the file, relative to the address of the server. The address contains a signature, so the download needs no token.
        url: String,
        /// When the link stops working, 5 minutes after its creation. A download that has already begun is not interrupted. The link also stops
        /// working when the login or API token that created it ends.
        expires_at: DateTime<Utc>,
    }
);

graphql_enum!(
    /// Kind of a line in an account statement.
    AccountStatementLineKind = "app::account_statement::LineKind" {
        /// The parent gave credit.
        TopUp,
        /// The parent corrected the credit.
        Adjustment,
        /// The parent reversed a top-up or an adjustment.
        Reversal,
        /// The account paid for calls that one tariff version priced, including later corrections.
        Calls,
    }
);

/// An account's statement for a period, about its credit with its parent. `opening` plus the amounts of all lines is exactly `closing`.
#[derive(async_graphql::Description)]
pub struct AccountStatement(Statement);

#[object]
impl AccountStatement {
    /// Account that the statement is about.
    fn account_id(&self) -> ID {
        let account = &self.0.account;
        let kind = if account.kind == AccountKind::Callshop { Kind::Callshop } else { Kind::Account };
        kind.id(account.id)
    }

    /// Display name of the account that the statement is about.
    fn account(&self) -> &str {
        &self.0.account.name
    }

    /// First instant of the period.
    fn from(&self) -> Option<DateTime<Utc>> {
        self.0.within.from
    }

    /// First instant after the period; the time of the query if the period has not ended.
    fn to(&self) -> DateTime<Utc> {
        self.0.ends_at()
    }

    /// Balance at the beginning of the period.
    fn opening(&self) -> Money {
        Money::new(self.0.opening, &self.0.account.currency)
    }

    /// Top-ups, adjustments and reversals in the order of their booking, then the calls, one line per tariff version. If there are more than 1000
    /// top-ups, adjustments and reversals, only the first 1000 have lines of their own; the others are added up, in one line per kind.
    #[field(length = 20)]
    fn lines(&self) -> Vec<AccountStatementLine> {
        let currency = &self.0.account.currency;
        let line = |line: &Line| AccountStatementLine { line: line.clone(), currency: currency.clone() };
        self.0.lines.iter().map(line).collect()
    }

    /// Balance at the end of the period.
    fn closing(&self) -> Money {
        Money::new(self.0.closing, &self.0.account.currency)
    }
}

/// A line of an account statement.
#[derive(async_graphql::Description)]
pub struct AccountStatementLine {
    line: Line,
    currency: String,
}

#[object]
impl AccountStatementLine {
    /// Kind of the line.
    fn kind(&self) -> AccountStatementLineKind {
        self.line.kind.into()
    }

    /// When the movement was booked; null for a line that adds up several movements.
    fn at(&self) -> Option<DateTime<Utc>> {
        self.line.at
    }

    /// Reason that the parent gave; may be empty.
    fn note(&self) -> &str {
        &self.line.note
    }

    /// Number of the tariff version that priced the calls; null for other lines, and for calls whose charges are no longer stored.
    fn tariff_version_number(&self) -> Option<i32> {
        self.line.version.as_ref().map(|version| version.number)
    }

    /// When this tariff version took effect; null if `tariffVersionNumber` is null.
    fn tariff_version_active_from(&self) -> Option<DateTime<Utc>> {
        self.line.version.as_ref().and_then(|version| version.active_from)
    }

    /// Number of charged calls; for other kinds of lines, the number of movements.
    fn count(&self) -> i64 {
        self.line.count
    }

    /// Seconds billed for the calls; 0 for other lines.
    fn billed_seconds(&self) -> i64 {
        self.line.billed_seconds
    }

    /// Signed change in the balance.
    fn amount(&self) -> Money {
        Money::new(self.line.amount, &self.currency)
    }
}

/// The queries that this file defines.
#[derive(Default)]
pub struct ExportQuery;

#[object(root = "Query")]
impl ExportQuery {
    /// The statement of the caller's account, or of an account below it, from day `from` to day `to` in the account's time zone, both inclusive. Null
    /// if there is no such account. The platform has no parent, and thus no statement. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = LEDGER_READ)]
    async fn account_statement(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Option<async_graphql::Result<AccountStatement>> {
        let made = async {
            let id = parse_account(ctx, &account_id).await?;
            account_statement::of_days(app(ctx), caller(ctx)?, id, (from, to)).boxed().await
        };
        nullable(made.await.map(AccountStatement))
    }
}

/// The mutations that this file defines.
#[derive(Default)]
pub struct ExportMutation;

#[object(root = "Mutation")]
impl ExportMutation {
    /// Creates a link from which a browser can download an export without a token. Programs that can send a token need no link.
    #[field(
        roles = SIGNED_IN,
        scope = CALLS_READ | LEDGER_READ | REGISTER_READ | SESSIONS_READ | TARIFFS_READ
    )]
    async fn create_export_link(
        &self,
        ctx: &Context<'_>,
        input: CreateExportLinkInput,
    ) -> async_graphql::Result<CreateExportLinkPayload> {
        let (app, asked) = (app(ctx), Asked::from(input));
        let made = async {
            let actor = caller(ctx)?;
            let request = asked.request(app).await?;
            exports::check(app, actor, &request).boxed().await?;
            exports::link::create(app, actor, request)
        };
        let made = match made.await {
            // a missing permission is a top-level error, as for a role that has no permission to export anything
            Err(Error::User(error)) if error.code == ErrorCode::Forbidden => {
                return Err(top_level(Error::User(error)));
            }
            made => made,
        };
        answer(made.map(|link| CreateExportLinkPayload {
            url: Some(link.path),
            expires_at: Some(link.expires_at),
            user_errors: Vec::new(),
        }))
    }
}

impl From<CreateExportLinkInput> for Asked {
    fn from(input: CreateExportLinkInput) -> Self {
        Self {
            subject: input.subject.into(),
            account_id: input.account_id,
            tariff_version_id: input.tariff_version_id,
            from: input.from,
            to: input.to,
            book: input.book.map(Into::into),
            format: input.format.into(),
            locale: input.locale,
        }
    }
}

#[cfg(test)]
mod tests {
    use app::account_statement::LineKind;

    use super::*;

    #[test]
    fn lines_are_named_alike_in_files_and_in_the_api() {
        use async_graphql::resolver_utils::EnumType as _;
        for item in AccountStatementLineKind::items() {
            assert_eq!(LineKind::from(item.value).as_str(), item.name);
        }
    }
}
