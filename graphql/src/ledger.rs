//! The ledger: what changed an account's books.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{AccountKind, account};

use super::accounts::parse_account;
use super::paging::{Page, Paging, connection};
use super::payload::{nullable, top_level};
use super::roles::{BACK_OFFICE, Rule};
use super::scalars::{Kind, Money};
use super::sessions::PaymentMethod;
use super::users::User;
use super::{actor, app, caller, remote_enum};
use app::ledger::{self, Line};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[("Query.ledger", BACK_OFFICE), ("Query.ledgerBalances", BACK_OFFICE)];

remote_enum!(
    /// A book of an account. Above zero: what is held by the account or owed to it; below zero: where it came from.
    LedgerBook = "entity::Book" {
        /// What the account holds with its parent.
        Credit,
        /// Credit that it gave its children, below zero.
        Issued,
        /// What its children's calls brought.
        Revenue,
        /// Money in a callshop's register, by shift and payment method.
        Drawer,
        /// What a callshop sold, below zero.
        Sales,
        /// What customers paid in advance, below zero.
        Deposits,
        /// What customers owe for closed sessions.
        Receivable,
        /// What rounding added to statements and cash, below zero.
        Rounding,
        /// What counts differed from the books: above zero, money was missing.
        Variance,
        /// Where floats and pay-ins come from, and pay-outs and counted drawers go to.
        Outside,
        /// What late cuts gave away.
        WriteOff,
    }
);

remote_enum!(
    /// Why money moved.
    TransferKind = "entity::TransferKind" {
        /// A parent gave credit to a child.
        TopUp,
        /// A parent corrected a child's credit.
        Adjustment,
        /// A call ended: every level paid the one above.
        Call,
        /// What a late cut left beyond the covered seconds.
        WriteOff,
        /// Another transfer was taken back.
        Reversal,
        /// The float that a register opened with.
        Float,
        /// Cash was put in by hand.
        PayIn,
        /// Cash was taken out by hand.
        PayOut,
        /// A customer paid in advance.
        Deposit,
        /// A statement became final: the customer owed it.
        Sale,
        /// The customer paid it.
        Settlement,
        /// What he had paid was given back.
        Refund,
        /// A deposit was given back unused.
        DepositRefund,
        /// A register was counted and emptied.
        Count,
    }
);

/// What one transfer changed in one book.
pub struct LedgerEntry(Line);

/// The part of a change of DRAWER that is of one shift and payment method.
#[derive(SimpleObject)]
pub struct DrawerAmount {
    /// The shift.
    pub shift_id: Option<ID>,
    /// How it was paid.
    pub method: Option<PaymentMethod>,
    /// Into the drawer; below zero, out of it.
    pub amount: Money,
}

/// Another side of a transfer.
#[derive(SimpleObject)]
pub struct LedgerCounterpart {
    /// Whose book.
    pub account_id: ID,
    /// His name.
    pub account: String,
    /// Which book.
    pub book: LedgerBook,
    /// What it changed by.
    pub amount: Money,
}

#[Object]
impl LedgerEntry {
    /// The transfer; `reverseTransfer` takes it.
    async fn transfer_id(&self) -> ID {
        Kind::LedgerTransfer.id(self.0.transfer.id)
    }

    /// Why.
    async fn kind(&self) -> TransferKind {
        self.0.transfer.kind.into()
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.transfer.at
    }

    /// What the book changed by.
    async fn amount(&self) -> Money {
        Money::new(self.0.amount, &self.0.currency)
    }

    /// Reason or reference.
    async fn note(&self) -> &str {
        &self.0.transfer.note
    }

    /// Who did it; null for what calls caused and for who is above the caller's account.
    async fn user(&self) -> Option<User> {
        self.0.user.clone().map(User)
    }

    /// For which call.
    async fn call_id(&self) -> Option<ID> {
        self.0.transfer.call_id.map(|id| Kind::Call.id(id))
    }

    /// For which cabin session.
    async fn session_id(&self) -> Option<ID> {
        self.0.transfer.session_id.map(|id| Kind::CabinSession.id(id))
    }

    /// The transfer that this one took back.
    async fn reverses(&self) -> Option<ID> {
        self.0.transfer.reverses.map(|id| Kind::LedgerTransfer.id(id))
    }

    /// The transfer that took this one back.
    async fn reversed_by(&self) -> Option<ID> {
        self.0.reversed_by.map(|id| Kind::LedgerTransfer.id(id))
    }

    /// Of DRAWER: its parts by shift and payment method.
    async fn drawer(&self) -> Vec<DrawerAmount> {
        let posted = self.0.entries.iter().filter(|entry| entry.shift_id.is_some());
        let part = |entry: &entity::ledger_entry::Model| DrawerAmount {
            shift_id: entry.shift_id.map(|id| Kind::RegisterShift.id(id)),
            method: entry.method.map(Into::into),
            amount: Money::new(entry.amount, &self.0.currency),
        };
        posted.map(part).collect()
    }

    /// The transfer's other sides, as far as they are in the caller's branch.
    async fn counterparts(&self) -> Vec<LedgerCounterpart> {
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

/// Queries of this file.
#[derive(Default)]
pub struct LedgerQuery;

#[Object]
impl LedgerQuery {
    /// The balances of a book of the caller's account or one below it, one for each currency: several only of the platform, whose distributors
    /// use several.
    async fn ledger_balances(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(default_with = "LedgerBook::Credit", desc = "Which book.")] book: LedgerBook,
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

    /// What changed a book of the caller's account or one below it, newest first: one entry a transfer.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn ledger(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(default_with = "LedgerBook::Credit", desc = "Which book.")] book: LedgerBook,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<LedgerEntry>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let id = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let read = |page| ledger::list(app, actor, id, book.into(), page);
        let paging = Paging { first, after, last, before };
        connection(paging, true, read, |line: &Line| line.transfer.id, LedgerEntry).await
    }
}
