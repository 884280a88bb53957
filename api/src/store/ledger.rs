//! Transfers, entries and running balances.

use std::collections::BTreeMap;

use billing::money::Micros;
use chrono::{DateTime, Utc};
use entity::{Book, TransferKind, ledger_balance, ledger_entry, ledger_transfer};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::error::{Error, Result};

/// A movement of money to be posted. Its entries sum to zero.
#[derive(Clone, Debug)]
pub struct NewTransfer {
    /// Why.
    pub kind: TransferKind,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; none for what the proxy caused.
    pub user_id: Option<Uuid>,
    /// For which call.
    pub call_id: Option<Uuid>,
    /// Reason given.
    pub note: String,
    /// Whose book, which, and by how much it changes.
    pub entries: Vec<(Uuid, Book, Micros)>,
}

/// Posts transfers: rows for each, and every balance moved once, in the global order.
///
/// # Errors
/// A fault when entries do not sum to zero or overflow; those of the database.
pub async fn post(conn: &impl ConnectionTrait, transfers: Vec<NewTransfer>) -> Result<()> {
    let (mut heads, mut entries) = (Vec::new(), Vec::new());
    let mut changes: BTreeMap<(Uuid, Book), Micros> = BTreeMap::new();
    for transfer in transfers {
        let id = Uuid::now_v7();
        let sum = billing::money::Micros::try_sum(transfer.entries.iter().map(|(_, _, amount)| *amount))
            .map_err(Error::fault)?;
        if sum != Micros::ZERO {
            return Err(Error::fault("a transfer does not sum to zero"));
        }
        for (position, (account_id, book, amount)) in (0..).zip(transfer.entries) {
            let change = changes.entry((account_id, book)).or_default();
            *change = change.checked_add(amount).map_err(Error::fault)?;
            let entry =
                ledger_entry::Model { transfer_id: id, position, account_id, book, amount: amount.into() };
            entries.push(entry.into_active_model());
        }
        let head = ledger_transfer::Model {
            id,
            kind: transfer.kind,
            at: transfer.at,
            user_id: transfer.user_id,
            call_id: transfer.call_id,
            note: transfer.note,
        };
        heads.push(head.into_active_model());
    }
    if heads.is_empty() {
        return Ok(());
    }
    ledger_transfer::Entity::insert_many(heads).exec_without_returning(conn).await?;
    ledger_entry::Entity::insert_many(entries).exec_without_returning(conn).await?;
    let rows = changes.into_iter().map(|((account_id, book), change)| {
        ledger_balance::Model { account_id, book, balance: change.into() }.into_active_model()
    });
    let sum = Expr::col((ledger_balance::Entity, ledger_balance::Column::Balance))
        .add(Expr::col(("excluded", ledger_balance::Column::Balance)));
    ledger_balance::Entity::insert_many(rows)
        .on_conflict(
            OnConflict::columns([ledger_balance::Column::AccountId, ledger_balance::Column::Book])
                .value(ledger_balance::Column::Balance, sum)
                .to_owned(),
        )
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// The balances of one book of several accounts; an account without entries has none.
///
/// # Errors
/// Those of the database.
pub async fn balances(
    conn: &impl ConnectionTrait,
    accounts: &[Uuid],
    book: Book,
) -> Result<BTreeMap<Uuid, Micros>> {
    let rows = ledger_balance::Entity::find()
        .filter(ledger_balance::Column::AccountId.is_in(accounts.iter().copied()))
        .filter(ledger_balance::Column::Book.eq(book))
        .order_by_asc(ledger_balance::Column::AccountId)
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.account_id, row.balance.into())).collect())
}

/// The sum of all entries, and how many balances differ from theirs: both zero, or the ledger is broken.
///
/// # Errors
/// Those of the database.
pub async fn coherence(conn: &impl ConnectionTrait) -> Result<(i64, usize)> {
    let sums: Vec<(Uuid, Book, i64)> = ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::AccountId)
        .column(ledger_entry::Column::Book)
        // SUM of BIGINT is NUMERIC on PostgreSQL
        .column_as(ledger_entry::Column::Amount.sum().cast_as("BIGINT"), "amount")
        .group_by(ledger_entry::Column::AccountId)
        .group_by(ledger_entry::Column::Book)
        .into_tuple()
        .all(conn)
        .await?;
    let kept = ledger_balance::Entity::find().all(conn).await?;
    let mut kept: BTreeMap<(Uuid, Book), i64> =
        kept.into_iter().map(|row| ((row.account_id, row.book), row.balance.0)).collect();
    let mut wrong = 0;
    let mut total = 0_i64;
    for (account, book, sum) in sums {
        total = total.checked_add(sum).ok_or_else(|| Error::fault("the ledger overflows"))?;
        if kept.remove(&(account, book)) != Some(sum) {
            wrong += 1;
        }
    }
    Ok((total, wrong + kept.values().filter(|balance| **balance != 0).count()))
}
