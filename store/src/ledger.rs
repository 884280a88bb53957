//! Transfers, entries, running balances, and the holds of live calls.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use billing::money::Micros;
use chrono::{DateTime, Utc};
use entity::{
    Book, PaymentMethod, TransferKind, call_charge, ledger_balance, ledger_entry, ledger_posting,
    ledger_transfer,
};
use sea_orm::sea_query::{Expr, ExprTrait as _, LockType, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait as _, Statement,
};
use uuid::Uuid;

use super::{Listed, Page, Within, Writes, bulk};
use base::error::{Error, OrFault as _, Result};

/// A transfer to post. The entries of a transfer must sum to zero.
#[derive(Clone, Debug)]
pub struct NewTransfer {
    /// The transfer's id, a UUIDv7.
    pub id: Uuid,
    /// The reason for the transfer.
    pub kind: TransferKind,
    /// ISO 4217 code of all its entries.
    pub currency: String,
    /// When the transfer is posted, by the server's clock.
    pub at: DateTime<Utc>,
    /// The user who caused the transfer; `None` if a proxy's event caused it.
    pub user_id: Option<Uuid>,
    /// The call to which the transfer belongs, if any.
    pub call_id: Option<Uuid>,
    /// The cabin session to which the transfer belongs, if any.
    pub session_id: Option<Uuid>,
    /// The earlier transfer that this transfer reverses.
    pub reverses: Option<Uuid>,
    /// Reason given by the user; may be empty.
    pub note: String,
    /// The changes to balances.
    pub contents: Contents,
}

/// The form in which a transfer is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// One row for each entry.
    Postings(Vec<Entry>),
    /// The charges of a call, with one row for the two entries of each charge. No charge is zero.
    Charges(Vec<CallCharge>),
}

/// What an account pays for a call to the account above it. The charge is stored as one row of `call_charge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCharge {
    /// Level of the payer; 1 is the callshop.
    pub level: i32,
    /// The paying account.
    pub payer_id: Uuid,
    /// The account that is paid.
    pub payee_id: Uuid,
    /// The tariff version that priced the call.
    pub version_id: Uuid,
    /// Seconds billed.
    pub billed_seconds: i32,
    /// Amount paid; positive.
    pub amount: Micros,
}

impl CallCharge {
    /// The two entries of the charge, in the order of the view `ledger_entry`.
    fn entries(&self) -> Result<[Entry; 2]> {
        let paid = self.amount.checked_neg().or_fault()?;
        Ok([
            Entry::new(self.payer_id, Book::Credit, paid),
            Entry::new(self.payee_id, Book::Revenue, self.amount),
        ])
    }

    fn row(&self, transfer_id: Uuid) -> call_charge::Model {
        call_charge::Model {
            transfer_id,
            level: self.level,
            payer_id: self.payer_id,
            payee_id: self.payee_id,
            version_id: self.version_id,
            amount: self.amount.into(),
            billed_seconds: self.billed_seconds,
        }
    }
}

/// One entry of a transfer, which changes one book of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The account.
    pub account_id: Uuid,
    /// The book.
    pub book: Book,
    /// Signed change to the balance.
    pub amount: Micros,
    /// The shift and payment method; only for [`Book::Drawer`].
    pub drawer: Option<(Uuid, PaymentMethod)>,
}

impl Entry {
    /// A change to any book except the drawer.
    pub fn new(account_id: Uuid, book: Book, amount: Micros) -> Self {
        Self { account_id, book, amount, drawer: None }
    }

    /// Money put into a shift's drawer. If the amount is negative, money was removed from the drawer.
    pub fn drawer(callshop_id: Uuid, shift_id: Uuid, method: PaymentMethod, amount: Micros) -> Self {
        Self { account_id: callshop_id, book: Book::Drawer, amount, drawer: Some((shift_id, method)) }
    }

    fn row(&self, transfer_id: Uuid, position: i32) -> ledger_posting::Model {
        ledger_posting::Model {
            transfer_id,
            position,
            account_id: self.account_id,
            book: self.book,
            amount: self.amount.into(),
            shift_id: self.drawer.map(|(shift, _)| shift),
            method: self.drawer.map(|(_, method)| method),
        }
    }
}

impl NewTransfer {
    /// A transfer with a new id; the optional fields are empty.
    pub fn new(kind: TransferKind, currency: &str, at: DateTime<Utc>, entries: Vec<Entry>) -> Self {
        Self {
            id: Uuid::now_v7(),
            kind,
            currency: currency.to_owned(),
            at,
            user_id: None,
            call_id: None,
            session_id: None,
            reverses: None,
            note: String::new(),
            contents: Contents::Postings(entries),
        }
    }

    /// The transfer of a call's charges, none of which is zero.
    pub fn of_charges(call_id: Uuid, currency: &str, at: DateTime<Utc>, charges: Vec<CallCharge>) -> Self {
        let new = Self::new(TransferKind::Call, currency, at, Vec::new());
        Self { call_id: Some(call_id), contents: Contents::Charges(charges), ..new }
    }

    /// The changes to balances. Each charge produces two entries.
    ///
    /// # Errors
    /// Fails with a fault if an amount cannot be negated.
    pub fn entries(&self) -> Result<Cow<'_, [Entry]>> {
        match &self.contents {
            Contents::Postings(entries) => Ok(Cow::Borrowed(entries)),
            Contents::Charges(charges) => {
                let entries: Vec<[Entry; 2]> =
                    charges.iter().map(CallCharge::entries).collect::<Result<_>>()?;
                Ok(Cow::Owned(entries.into_flattened()))
            }
        }
    }

    /// A new transfer that reverses this transfer. The entries of the new transfer are stored as postings.
    ///
    /// # Errors
    /// Fails with a fault if an amount cannot be negated.
    pub fn reversal(&self, at: DateTime<Utc>) -> Result<Self> {
        let entries = self.entries()?;
        let entries = entries
            .iter()
            .map(|entry| Ok(Entry { amount: entry.amount.checked_neg().or_fault()?, ..*entry }));
        Ok(Self {
            call_id: self.call_id,
            session_id: self.session_id,
            reverses: Some(self.id),
            ..Self::new(TransferKind::Reversal, &self.currency, at, entries.collect::<Result<_>>()?)
        })
    }
}

/// Posts transfers: inserts their rows and updates each balance once, in the global lock order. Entries with an amount of zero are omitted. A
/// transfer that has only zero entries is omitted, too.
///
/// # Errors
/// Fails with a fault if entries do not sum to zero, if their sum overflows, or if a charge is zero. May also fail with database errors.
pub async fn post(conn: &impl ConnectionTrait, transfers: Vec<NewTransfer>) -> Result<()> {
    post_and_hold(conn, transfers, &BTreeMap::new(), Writes::default()).await
}

/// Changes to held credit, by account and currency.
pub type Holds = BTreeMap<(Uuid, String), Micros>;

/// The key of a balance: book, account and currency, in lock order.
type Key = (Book, Uuid, String);

/// Like [`post`], but also changes held credit by `held`, and runs the writes in `besides` in the same round trip.
///
/// # Errors
/// Fails with the same errors as [`post`].
pub async fn post_and_hold(
    conn: &impl ConnectionTrait,
    transfers: Vec<NewTransfer>,
    held: &Holds,
    besides: Writes,
) -> Result<()> {
    let (mut heads, mut postings, mut charges) = (Vec::new(), Vec::new(), Vec::new());
    let mut changes: BTreeMap<Key, (Micros, Micros)> = BTreeMap::new();
    for ((account_id, currency), change) in held.iter().filter(|(_, change)| **change != Micros::ZERO) {
        changes.insert((Book::Credit, *account_id, currency.clone()), (Micros::ZERO, *change));
    }
    for transfer in transfers {
        let entries = transfer.entries()?;
        let sum = Micros::try_sum(entries.iter().map(|entry| entry.amount)).or_fault()?;
        if sum != Micros::ZERO {
            return Err(Error::fault("a transfer does not sum to zero"));
        }
        let moving: Vec<Entry> =
            entries.iter().copied().filter(|entry| entry.amount != Micros::ZERO).collect();
        for entry in &moving {
            let key = (entry.book, entry.account_id, transfer.currency.clone());
            let (change, _) = changes.entry(key).or_default();
            *change = change.checked_add(entry.amount).or_fault()?;
        }
        match &transfer.contents {
            Contents::Postings(_) => {
                postings.extend((0..).zip(&moving).map(|(position, entry)| entry.row(transfer.id, position)));
            }
            Contents::Charges(all) if moving.len() == 2 * all.len() => {
                charges.extend(all.iter().map(|charge| charge.row(transfer.id)));
            }
            Contents::Charges(_) => return Err(Error::fault("a charge is zero")),
        }
        if !moving.is_empty() {
            heads.push(head(transfer));
        }
    }
    let backend = conn.get_database_backend();
    let Writes(mut statements) = besides;
    statements.extend(bulk::inserts::<ledger_transfer::Entity>(backend, &heads, "")?);
    statements.extend(bulk::inserts::<ledger_posting::Entity>(backend, &postings, "")?);
    statements.extend(bulk::inserts::<call_charge::Entity>(backend, &charges, "")?);
    statements.extend(move_balances(backend, changes)?);
    bulk::together(conn, statements).await
}

fn head(transfer: NewTransfer) -> ledger_transfer::Model {
    ledger_transfer::Model {
        id: transfer.id,
        kind: transfer.kind,
        currency: transfer.currency,
        at: transfer.at,
        user_id: transfer.user_id,
        call_id: transfer.call_id,
        note: transfer.note,
        reverses: transfer.reverses,
        session_id: transfer.session_id,
    }
}

fn move_balances(backend: DbBackend, changes: BTreeMap<Key, (Micros, Micros)>) -> Result<Vec<Statement>> {
    let row = |((book, account_id, currency), (change, held)): (Key, (Micros, Micros))| {
        ledger_balance::Model { account_id, book, currency, balance: change.into(), held: held.into() }
    };
    // the rows are in key order, which is the lock order. The book CREDIT comes first, because it is locked before the amounts to charge are known
    let rows: Vec<ledger_balance::Model> = changes.into_iter().map(row).collect();
    let add =
        "ON CONFLICT (account_id, book, currency) DO UPDATE SET balance = ledger_balance.balance + excluded.balance,
        held = ledger_balance.held + excluded.held";
    bulk::inserts::<ledger_balance::Entity>(backend, &rows, add)
}

/// An account's credit with its parent, and the part of the credit that live calls hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credit {
    /// Sum of the account's entries.
    pub balance: Micros,
    /// Amount held by the live calls of the account's subtree.
    pub held: Micros,
}

/// The credit of accounts, locked in id order until the transaction ends, so that the transaction can hold or spend credit.
///
/// # Errors
/// May fail with database errors.
pub async fn lock_credit(conn: &impl ConnectionTrait, accounts: &[Uuid]) -> Result<BTreeMap<Uuid, Credit>> {
    credit_rows(conn, accounts, true).await
}

/// The credit of accounts, not locked.
///
/// # Errors
/// May fail with database errors.
pub async fn credit(conn: &impl ConnectionTrait, accounts: &[Uuid]) -> Result<BTreeMap<Uuid, Credit>> {
    credit_rows(conn, accounts, false).await
}

async fn credit_rows(
    conn: &impl ConnectionTrait,
    accounts: &[Uuid],
    lock: bool,
) -> Result<BTreeMap<Uuid, Credit>> {
    let mut query = ledger_balance::Entity::find()
        .filter(bulk::among(conn, ledger_balance::Column::AccountId, accounts.iter().copied()))
        .filter(ledger_balance::Column::Book.eq(Book::Credit))
        .order_by_asc(ledger_balance::Column::AccountId);
    if lock {
        query = query.lock(LockType::NoKeyUpdate);
    }
    let rows = query.all(conn).await?;
    let credit = |row: &ledger_balance::Model| Credit { balance: row.balance.into(), held: row.held.into() };
    Ok(rows.iter().map(|row| (row.account_id, credit(row))).collect())
}

/// Creates an account's credit balance of zero. Locking the credit requires this row.
///
/// # Errors
/// May fail with database errors.
pub async fn open_credit(conn: &impl ConnectionTrait, account_id: Uuid, currency: &str) -> Result<()> {
    let zero = entity::Micros(0);
    let currency = currency.to_owned();
    let row = ledger_balance::Model { account_id, book: Book::Credit, currency, balance: zero, held: zero };
    ledger_balance::Entity::insert(row.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// The transfers of calls, with their entries; reversed transfers are left out.
///
/// # Errors
/// May fail with database errors.
pub async fn standing_of_calls(conn: &impl ConnectionTrait, calls: &[Uuid]) -> Result<Vec<NewTransfer>> {
    standing(conn, bulk::among(conn, ledger_transfer::Column::CallId, calls.iter().copied())).await
}

/// The transfers of a cabin session, with their entries; reversed transfers are left out.
///
/// # Errors
/// May fail with database errors.
pub async fn standing_of_session(conn: &impl ConnectionTrait, session: Uuid) -> Result<Vec<NewTransfer>> {
    standing(conn, ledger_transfer::Column::SessionId.eq(session)).await
}

async fn standing(conn: &impl ConnectionTrait, about: SimpleExpr) -> Result<Vec<NewTransfer>> {
    let heads = ledger_transfer::Entity::find().filter(about).order_by_asc(ledger_transfer::Column::Id);
    let heads = heads.all(conn).await?;
    let taken_back: BTreeSet<Uuid> = heads.iter().filter_map(|head| head.reverses).collect();
    let stands = |head: &ledger_transfer::Model| head.reverses.is_none() && !taken_back.contains(&head.id);
    let heads: Vec<ledger_transfer::Model> = heads.into_iter().filter(stands).collect();
    let ids: Vec<Uuid> = heads.iter().map(|head| head.id).collect();
    let rows = ledger_entry::Entity::find()
        .filter(bulk::among(conn, ledger_entry::Column::TransferId, ids))
        .order_by_asc(ledger_entry::Column::TransferId)
        .order_by_asc(ledger_entry::Column::Position)
        .all(conn)
        .await?;
    let mut entries: BTreeMap<Uuid, Vec<Entry>> = BTreeMap::new();
    for row in rows {
        entries.entry(row.transfer_id).or_default().push(Entry {
            account_id: row.account_id,
            book: row.book,
            amount: row.amount.into(),
            drawer: row.shift_id.zip(row.method),
        });
    }
    heads
        .into_iter()
        .map(|head| {
            // a transfer without entries is a fault: a reversal of such a transfer would not undo the charge
            let of_head =
                entries.remove(&head.id).ok_or_else(|| Error::fault("a transfer has no entries"))?;
            Ok(NewTransfer {
                id: head.id,
                kind: head.kind,
                currency: head.currency,
                at: head.at,
                user_id: head.user_id,
                call_id: head.call_id,
                session_id: head.session_id,
                reverses: head.reverses,
                note: head.note,
                contents: Contents::Postings(of_head),
            })
        })
        .collect()
}

/// The balances of one book of an account, by currency. Currencies without entries are omitted.
///
/// # Errors
/// May fail with database errors.
pub async fn balances(
    conn: &impl ConnectionTrait,
    account_id: Uuid,
    book: Book,
) -> Result<BTreeMap<String, Micros>> {
    let rows = ledger_balance::Entity::find()
        .filter(ledger_balance::Column::AccountId.eq(account_id))
        .filter(ledger_balance::Column::Book.eq(book))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.currency, row.balance.into())).collect())
}

/// Condition that a row's transfer was booked in the range. The caller has already limited the transfers' ids to the range plus an hour before and
/// after it.
fn booked<C: ColumnTrait>(within: Within, transfer_id: C) -> Condition {
    if within.is_open() {
        return Condition::all();
    }
    let transfer = ledger_transfer::Entity::find()
        .select_only()
        .expr_as(Expr::cust("1"), "one")
        .filter(
            Expr::col((ledger_transfer::Entity, ledger_transfer::Column::Id))
                .equals((transfer_id.entity_name(), transfer_id)),
        )
        .filter(within.times(ledger_transfer::Column::At));
    Condition::all().add(Expr::exists(transfer.into_query()))
}

/// A page of the ids of transfers that changed an account's book in a range of time. The calling function must have begun a transaction on one
/// snapshot, because the page is read in two queries.
///
/// # Errors
/// May fail with database errors.
pub async fn transfers_of(
    conn: &impl ConnectionTrait,
    account_id: Uuid,
    book: Book,
    within: Within,
    page: Page,
) -> Result<Listed<Uuid>> {
    use call_charge::Column as Charged;
    use ledger_posting::Column as Posted;
    let postings = Posted::AccountId.eq(account_id).and(Posted::Book.eq(book));
    let posted = found::<ledger_posting::Entity, _>(conn, Posted::TransferId, postings, within, page).await?;
    let charges = match book {
        Book::Credit => Charged::PayerId.eq(account_id),
        Book::Revenue => Charged::PayeeId.eq(account_id),
        _ => return Ok(posted),
    };
    let charged = found::<call_charge::Entity, _>(conn, Charged::TransferId, charges, within, page).await?;
    // a transfer has either postings or charges
    let mut rows = [posted.rows, charged.rows].concat();
    rows.sort_unstable();
    if page.descending {
        rows.reverse();
    }
    rows.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    let total = posted.total.zip(charged.total).map(|(one, other)| one.plus(other));
    Ok(Listed { rows, total })
}

/// A page of the transfers with at least one row that matches the condition `which`.
async fn found<E: EntityTrait, C: ColumnTrait>(
    conn: &impl ConnectionTrait,
    transfer_id: C,
    which: SimpleExpr,
    within: Within,
    page: Page,
) -> Result<Listed<Uuid>> {
    // a transfer may have several rows of the same book; by grouping the rows in index order, the query reads only as many rows as the page needs
    let query = E::find()
        .select_only()
        .column(transfer_id)
        .filter(which)
        .filter(within.ids(transfer_id))
        .filter(booked(within, transfer_id))
        .group_by(transfer_id);
    let total = page.total(conn, &query).await?;
    Ok(Listed { rows: page.apply(query, transfer_id).into_tuple().all(conn).await?, total })
}

/// Transfers by id. This query does not check the actor's scope: the calling function must have checked access to the objects.
///
/// # Errors
/// May fail with database errors.
pub async fn transfers(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<ledger_transfer::Model>> {
    let query =
        ledger_transfer::Entity::find().filter(ledger_transfer::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(conn).await?)
}

/// The entries of transfers, by transfer and position.
///
/// # Errors
/// May fail with database errors.
pub async fn entries(conn: &impl ConnectionTrait, transfers: &[Uuid]) -> Result<Vec<ledger_entry::Model>> {
    let query = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::TransferId.is_in(transfers.iter().copied()))
        .order_by_asc(ledger_entry::Column::TransferId)
        .order_by_asc(ledger_entry::Column::Position);
    Ok(query.all(conn).await?)
}

/// The reversals of transfers. Maps the id of each reversed transfer to its reversal's id.
///
/// # Errors
/// May fail with database errors.
pub async fn reversals(conn: &impl ConnectionTrait, transfers: &[Uuid]) -> Result<BTreeMap<Uuid, Uuid>> {
    use ledger_transfer::Column;
    let rows: Vec<(Uuid, Uuid)> = ledger_transfer::Entity::find()
        .select_only()
        .column(Column::Reverses)
        .column(Column::Id)
        .filter(Column::Reverses.is_not_null())
        .filter(Column::Reverses.is_in(transfers.iter().copied()))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().collect())
}
