//! The ledger: entries and balances of an account's books.

use async_graphql::{Context, ID, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{AccountKind, account};
use graphql_macros::object;

use super::accounts::parse_account;
use super::filters::{TimeRange, within};
use super::paging::{Page, Paging, connection};
use super::payload::{nullable, top_level};
use super::roles::BACK_OFFICE;
use super::scalars::{Kind, Money};
use super::sessions::PaymentMethod;
use super::users::User;
use super::{actor, app, caller, graphql_enum};
use app::ledger::{self, Line};

graphql_enum!(
    /// A book (ledger account) of an account. A positive balance is an asset of the account. A negative balance shows where the funds came from.
    LedgerBook = "entity::Book" {
        /// The account's balance with its parent.
        Credit,
        /// Credit given to child accounts; negative.
        Issued,
        /// Income from the calls of child accounts.
        Revenue,
        /// Money in a callshop's register, by shift and payment method.
        Drawer,
        /// Sales of a callshop; negative.
        Sales,
        /// Deposits of customers; negative.
        Deposits,
        /// Amounts that customers owe for closed sessions.
        Receivable,
        /// Amounts that rounding added to statements and cash payments, with the opposite sign.
        Rounding,
        /// Differences between counted money and the books; positive if money was missing.
        Variance,
        /// Source of floats and pay-ins; destination of pay-outs and of the contents of counted drawers.
        Outside,
        /// Value of talk time that no customer pays for, because calls were ended late, or because bills were paid before the true end of a call was
        /// known.
        WriteOff,
    }
);

graphql_enum!(
    /// Reason for a transfer.
    TransferKind = "entity::TransferKind" {
        /// A parent gave credit to a child.
        TopUp,
        /// A parent corrected a child's credit.
        Adjustment,
        /// A call ended, and each account paid its parent for the call.
        Call,
        /// A call cost more than the customer was charged, because the call was ended late, or because the bill was paid before the call's true end
        /// was known.
        WriteOff,
        /// Another transfer was reversed.
        Reversal,
        /// Opening float of a register.
        Float,
        /// Cash was put into the drawer by hand.
        PayIn,
        /// Cash was withdrawn from the drawer by hand.
        PayOut,
        /// A customer paid a deposit.
        Deposit,
        /// A statement became final, so the customer owes its total.
        Sale,
        /// A customer paid a statement.
        Settlement,
        /// A customer got money back after paying.
        Refund,
        /// An unused deposit was refunded.
        DepositRefund,
        /// A register was counted and emptied.
        Count,
    }
);

/// The change that one transfer made to one book.
#[derive(async_graphql::Description)]
pub struct LedgerEntry(Line);

/// The part of a DRAWER entry that belongs to one shift and payment method.
#[object]
#[derive(SimpleObject)]
pub struct DrawerAmount {
    /// Register shift; null if the shift is unknown.
    pub shift_id: Option<ID>,
    /// Payment method; null if the method is unknown.
    pub method: Option<PaymentMethod>,
    /// The amount, positive for money into the drawer, and negative for money out of the drawer.
    pub amount: Money,
}

/// The change that a transfer made to another book.
#[object]
#[derive(SimpleObject)]
pub struct LedgerCounterpart {
    /// Account that owns the book.
    pub account_id: ID,
    /// Display name of the account that owns the book.
    pub account: String,
    /// The changed book.
    pub book: LedgerBook,
    /// Signed change in the balance of the other book.
    pub amount: Money,
}

#[object]
impl LedgerEntry {
    /// Global id of the transfer; `reverseTransfer` accepts it.
    fn transfer_id(&self) -> ID {
        Kind::LedgerTransfer.id(self.0.transfer.id)
    }

    /// Reason for the transfer.
    fn kind(&self) -> TransferKind {
        self.0.transfer.kind.into()
    }

    /// When the transfer was booked.
    fn at(&self) -> DateTime<Utc> {
        self.0.transfer.at
    }

    /// Signed change in the balance of the queried book.
    fn amount(&self) -> Money {
        Money::new(self.0.amount, &self.0.currency)
    }

    /// Free-text reason or reference; may be empty.
    fn note(&self) -> &str {
        &self.0.transfer.note
    }

    /// User who made the transfer; null if a call caused the transfer, or if the user belongs to an account above the caller's account.
    fn user(&self) -> Option<User> {
        self.0.user.clone().map(User)
    }

    /// Call that caused the transfer; null if no call caused it.
    fn call_id(&self) -> Option<ID> {
        self.0.transfer.call_id.map(|id| Kind::Call.id(id))
    }

    /// Cabin session that caused the transfer; null if no session caused it.
    fn session_id(&self) -> Option<ID> {
        self.0.transfer.session_id.map(|id| Kind::CabinSession.id(id))
    }

    /// Transfer that this transfer reverses; null if it reverses no transfer.
    fn reverses(&self) -> Option<ID> {
        self.0.transfer.reverses.map(|id| Kind::LedgerTransfer.id(id))
    }

    /// Transfer that reversed this transfer; null if it was not reversed.
    fn reversed_by(&self) -> Option<ID> {
        self.0.reversed_by.map(|id| Kind::LedgerTransfer.id(id))
    }

    /// The change to the DRAWER book, by shift and payment method; empty for other books.
    #[field(length = 4)]
    fn drawer(&self) -> Vec<DrawerAmount> {
        let posted = self.0.entries.iter().filter(|entry| entry.shift_id.is_some());
        let part = |entry: &entity::ledger_entry::Model| DrawerAmount {
            shift_id: entry.shift_id.map(|id| Kind::RegisterShift.id(id)),
            method: entry.method.map(Into::into),
            amount: Money::new(entry.amount, &self.0.currency),
        };
        posted.map(part).collect()
    }

    /// The changes that the transfer made to other books, limited to the caller's subtree.
    #[field(length = 4)]
    fn counterparts(&self) -> Vec<LedgerCounterpart> {
        let part = |(entry, account): &(entity::ledger_entry::Model, account::Model)| LedgerCounterpart {
            account_id: global_id(account),
            account: account.name.clone(),
            book: entry.book.into(),
            amount: Money::new(entry.amount, &self.0.currency),
        };
        self.0.others.iter().map(part).collect()
    }
}

fn global_id(account: &account::Model) -> ID {
    match account.kind {
        AccountKind::Callshop => Kind::Callshop.id(account.id),
        _ => Kind::Account.id(account.id),
    }
}

/// The fields of `Query` for the ledger.
#[derive(Default)]
pub struct LedgerQuery;

#[object(root = "Query")]
impl LedgerQuery {
    /// Balances of one book, one balance per currency. The book belongs to the caller's account or to an account below it. Only the platform can have
    /// several currencies, because an account below a distributor has the distributor's currency. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = LEDGER_READ, length = 10)]
    async fn ledger_balances(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(default_with = "LedgerBook::Credit", desc = "Book to read.")] book: LedgerBook,
    ) -> Option<async_graphql::Result<Vec<Money>>> {
        let found = async {
            let id = parse_account(ctx, &account_id).await?;
            ledger::balances(app(ctx), caller(ctx)?, id, book.into()).await
        }
        .await;
        let money = |balances: std::collections::BTreeMap<String, billing::money::Micros>| {
            balances.into_iter().map(|(currency, amount)| Money::new(amount, &currency)).collect()
        };
        nullable(found.map(money))
    }

    /// Entries of one book, newest first, with one entry per transfer. The book belongs to the caller's account or to an account below it. Hidden
    /// from attendants.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    #[field(roles = BACK_OFFICE, scope = LEDGER_READ)]
    async fn ledger(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(default_with = "LedgerBook::Credit", desc = "Book to read.")] book: LedgerBook,
        #[graphql(desc = "Only entries in this range of time; all if omitted.")] at: Option<TimeRange>,
        paging: Paging,
    ) -> async_graphql::Result<Page<LedgerEntry>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let id = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let within = within("at", at).map_err(top_level)?;
        let read = |page| ledger::list(app, actor, id, book.into(), within, page);
        connection(ctx, paging, true, read, |line: &Line| line.transfer.id, LedgerEntry).await
    }
}
