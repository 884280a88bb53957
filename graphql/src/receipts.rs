//! Receipts of paid sessions, for printing or sending.

use async_graphql::{Context, Enum, ID};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use graphql_macros::object;

use super::payload::{UserError, nullable, top_level};
use super::roles::SIGNED_IN;
use super::scalars::{Kind, Money};
use super::sessions::{CabinSession, SettleSessionPayload};
use super::{app, caller};
use app::receipt::Format;
use app::receipts::{self, Paper, Printed};

/// Output format of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Format")]
pub enum ReceiptFormat {
    /// Plain text, 32 columns, for 58 mm printers.
    #[graphql(name = "TEXT_58")]
    Text58,
    /// Plain text, 48 columns, for 80 mm printers.
    #[graphql(name = "TEXT_80")]
    Text80,
    /// A self-contained HTML page.
    Html,
    /// A PDF page 80 mm wide, with Latin, Greek, Cyrillic, Arabic, Armenian, and Georgian letters. Other letters print as "?", with a note.
    Pdf,
    /// ESC/POS commands for 58 mm printers with 32 columns: text in code page 850, a Pix code as a QR code, and a cut. Send the bytes to the printer
    /// unchanged.
    #[graphql(name = "ESC_POS_58")]
    EscPos58,
    /// ESC/POS commands for 80 mm printers with 48 columns.
    #[graphql(name = "ESC_POS_80")]
    EscPos80,
}

crate::compiled::enums!(ReceiptFormat);

/// The receipt of a paid session.
#[derive(async_graphql::Description)]
pub struct Receipt(Printed);

#[object]
impl Receipt {
    /// Receipt number, consecutive in the callshop.
    fn number(&self) -> String {
        self.0.number.to_string()
    }

    /// Whether the receipt is marked as a duplicate.
    fn reprint(&self) -> bool {
        self.0.reprint
    }

    /// The requested format.
    fn format(&self) -> ReceiptFormat {
        self.0.format.into()
    }

    /// Language of the receipt: "pt-BR", "en" or "es".
    fn locale(&self) -> &str {
        self.0.locale
    }

    /// Media type of the bytes in `base64`.
    fn media_type(&self) -> &str {
        self.0.format.media_type()
    }

    /// Name under which a browser can save the receipt, such as "receipt-1042.pdf".
    fn file_name(&self) -> String {
        format!("receipt-{}.{}", self.0.number, self.0.format.extension())
    }

    /// The receipt as text or as an HTML page; null for other formats.
    fn text(&self) -> Option<&str> {
        text_of(&self.0)
    }

    /// The receipt's bytes, encoded in base64 (RFC 4648, section 4); set for every format.
    fn base64(&self) -> String {
        STANDARD.encode(&self.0.bytes)
    }
}

/// The document as text, if its format is a text format.
fn text_of(printed: &Printed) -> Option<&str> {
    std::str::from_utf8(&printed.bytes).ok().filter(|_| printed.format.is_text())
}

/// The printed bill of a session that is not paid.
#[derive(async_graphql::Description)]
pub struct PrintedBill(Printed);

#[object]
impl PrintedBill {
    /// The requested format.
    fn format(&self) -> ReceiptFormat {
        self.0.format.into()
    }

    /// Language of the bill: "pt-BR", "en" or "es".
    fn locale(&self) -> &str {
        self.0.locale
    }

    /// Media type of the bytes in `base64`.
    fn media_type(&self) -> &str {
        self.0.format.media_type()
    }

    /// Name under which a browser can save the bill, such as "bill.pdf".
    fn file_name(&self) -> String {
        format!("bill.{}", self.0.format.extension())
    }

    /// The bill as text or as an HTML page; null for other formats.
    fn text(&self) -> Option<&str> {
        text_of(&self.0)
    }

    /// The bill's bytes, encoded in base64 (RFC 4648, section 4); set for every format.
    fn base64(&self) -> String {
        STANDARD.encode(&self.0.bytes)
    }
}

#[object]
impl SettleSessionPayload {
    /// The session after settlement, with its receipt number.
    fn session(&self) -> Option<&CabinSession> {
        self.session.as_ref()
    }

    /// Cash to return to the customer.
    fn change(&self) -> Option<&Money> {
        self.change.as_ref()
    }

    /// Errors that the caller can correct; empty on success. If there are errors, the other fields are null.
    fn user_errors(&self) -> &[UserError] {
        &self.user_errors
    }

    /// The original receipt, including the change; null if no session was settled. Receipts from `Query.receipt` are marked as duplicates.
    async fn receipt(
        &self,
        ctx: &Context<'_>,
        format: ReceiptFormat,
        #[graphql(
            desc = "BCP 47 tag, such as \"pt-BR\"; the callshop's locale if omitted, English if unsupported."
        )]
        locale: Option<String>,
        #[graphql(default, desc = "Whether the printer opens the cash drawer; only for ESC_POS formats.")]
        open_drawer: bool,
    ) -> async_graphql::Result<Option<Receipt>> {
        let (Some(session), Some(change)) = (&self.session, &self.change) else { return Ok(None) };
        let paper = Paper { format: format.into(), locale: locale.as_deref(), open_drawer };
        let printed = receipts::original(app(ctx), &session.0, change.amount.0, paper).await;
        printed.map(|printed| Some(Receipt(printed))).map_err(top_level)
    }
}

/// The fields of `Query` for receipts and bills.
#[derive(Default)]
pub struct ReceiptQuery;

#[object(root = "Query")]
impl ReceiptQuery {
    /// A copy of a paid session's receipt, marked as a duplicate; null if there is no such session. Fails with `ILLEGAL_STATE` if the session is
    /// not paid.
    #[field(roles = SIGNED_IN, scope = SESSIONS_READ)]
    async fn receipt(
        &self,
        ctx: &Context<'_>,
        session_id: ID,
        format: ReceiptFormat,
        #[graphql(
            desc = "BCP 47 tag, such as \"pt-BR\"; the callshop's locale if omitted, English if unsupported."
        )]
        locale: Option<String>,
        #[graphql(default, desc = "Whether the printer opens the cash drawer; only for ESC_POS formats.")]
        open_drawer: bool,
    ) -> Option<async_graphql::Result<Receipt>> {
        let printed = async {
            let session = Kind::CabinSession.parse(&session_id)?;
            let paper = Paper { format: format.into(), locale: locale.as_deref(), open_drawer };
            receipts::reprint(app(ctx), caller(ctx)?, session, paper).await
        };
        nullable(printed.await.map(Receipt))
    }

    /// The bill of a closed session, to hand to the customer before payment. The bill contains the amount to pay and, if the callshop has a Pix key,
    /// the Pix code. Null if there is no such session. Fails with `ILLEGAL_STATE` unless the session is CLOSED.
    #[field(roles = SIGNED_IN, scope = SESSIONS_READ)]
    async fn printed_bill(
        &self,
        ctx: &Context<'_>,
        session_id: ID,
        format: ReceiptFormat,
        #[graphql(
            desc = "BCP 47 tag, such as \"pt-BR\"; the callshop's locale if omitted, English if unsupported."
        )]
        locale: Option<String>,
    ) -> Option<async_graphql::Result<PrintedBill>> {
        let printed = async {
            let session = Kind::CabinSession.parse(&session_id)?;
            let paper = Paper { format: format.into(), locale: locale.as_deref(), open_drawer: false };
            receipts::bill(app(ctx), caller(ctx)?, session, paper).await
        };
        nullable(printed.await.map(PrintedBill))
    }
}
