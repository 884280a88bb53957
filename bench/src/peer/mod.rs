//! The peer sends the same transaction as a call end to the same kind of database, and does nothing else.
//!
//! The peer uses the product's own tables and indexes, in a separate database next to the product's database. Each transaction writes the
//! deduplication key, the call (after it reads and locks the call), a transfer with three charges, six balances (three of which release a hold), the
//! callshop's next `seq`, and the activity row. There is one statement per kind of row.
//!
//! Ids are numbers that are written as UUIDs, so that SQL can compute ids as well. Calls are numbered from 1; [`account`] gives the accounts of
//! callshop `s`.

mod postgres;
mod sqlite;

use std::sync::Arc;

use entity::{Book, CallState, activity_head, call, ledger_balance};
use sea_orm::{EntityTrait as _, IntoActiveModel as _};
use store::{self, Store, StoreOptions};
use uuid::Uuid;

use crate::database::Databases;
use crate::report::Figures;
use crate::{Plan, Result};

/// The first number used for the ids of accounts. Each callshop has a range of ten numbers.
const ACCOUNTS: u64 = 1_000_000_000;
/// Books that an ended call changes, in lock order. The callshop pays the first reseller, the first reseller pays the second reseller, and the second
/// reseller pays the distributor.
const BOOKS: [(u64, Book, i64); 6] = [
    (1, Book::Credit, -299_900),
    (2, Book::Credit, -239_900),
    (2, Book::Revenue, 299_900),
    (3, Book::Credit, -179_900),
    (3, Book::Revenue, 239_900),
    (4, Book::Revenue, 179_900),
];
/// The amounts that the callshop, the first reseller and the second reseller pay.
const PAID: [i64; 3] = [299_900, 239_900, 179_900];
/// The call's charges at all levels.
const CHARGES: &str = "[90,359900,90,299900,90,239900,90,179900,90,0]";
/// Number of rows in each statement that fills the tables.
const CHUNK: usize = 500;

/// Templates for the peer's rows. The templates come from a call that the product charged.
pub struct Sample {
    /// The call.
    pub call: call::Model,
    /// The payload of the call's activity row.
    pub shown: serde_json::Value,
}

/// The peer with its database.
pub enum Peer {
    /// pgbench.
    Postgres(postgres::Pgbench),
    /// SQLite's own library, called directly.
    Sqlite(sqlite::Direct),
}

impl Peer {
    /// Creates the database and its rows: one live call for each transaction of the plan.
    pub async fn start(databases: &Databases, plan: &Plan, sample: &Sample) -> Result<Self> {
        let url = databases.create("peer")?;
        fill(&url, plan, sample).await?;
        match databases {
            Databases::Postgres(server) => Ok(Self::Postgres(postgres::Pgbench::new(server, plan, sample)?)),
            Databases::Sqlite(_) => Ok(Self::Sqlite(sqlite::Direct::open(&url, plan, sample)?)),
        }
    }

    /// The peer's name for the report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "pgbench, one transaction each",
            Self::Sqlite(_) => "SQLite, one transaction each",
        }
    }

    /// Ends about `calls` calls. All clients end the same number of calls.
    pub fn turn(&mut self, databases: &Databases, calls: u32) -> Result<Figures> {
        match (self, databases) {
            (Self::Postgres(peer), Databases::Postgres(server)) => peer.turn(server, calls),
            (Self::Sqlite(peer), _) => peer.turn(calls),
            (Self::Postgres(_), Databases::Sqlite(_)) => Err("pgbench does not run on SQLite".into()),
        }
    }
}

/// The peer's total number of calls. Every client rounds up its share of the calls.
fn calls_in_all(plan: &Plan) -> u64 {
    let share = (plan.calls / plan.rounds).max(1);
    u64::from(share.div_ceil(plan.connections)) * u64::from(plan.connections) * u64::from(plan.rounds)
}

/// The id (a UUID) that stands for this number.
fn id(number: u64) -> Result<Uuid> {
    Ok(Uuid::parse_str(&format!("{number:032}"))?)
}

/// The id of an account in a callshop's branch. The accounts of a branch are numbered from 1; number 1 is the callshop.
fn account(shop: u64, place: u64) -> Result<Uuid> {
    id(ACCOUNTS + shop * 10 + place)
}

async fn fill(url: &str, plan: &Plan, sample: &Sample) -> Result<()> {
    let store = Store::connect(&StoreOptions { url: url.to_owned(), connections: 2 }, Arc::new(())).await?;
    store.migrate().await?;
    let shops = u64::from(plan.shops);
    let mut calls = Vec::new();
    for number in 1..=calls_in_all(plan) {
        let live = call::Model {
            id: id(number)?,
            callshop_id: account(number % shops, 1)?,
            request_id: id(number)?.to_string(),
            phone_id: id(number)?,
            state: CallState::Answered,
            ended_at: None,
            ended_by: None,
            cause: None,
            holds: serde_json::json!([0, 299_900, 239_900, 179_900, 0]),
            ..sample.call.clone()
        };
        calls.push(live);
    }
    let (mut balances, mut heads) = (Vec::new(), Vec::new());
    for shop in 0..shops {
        for (place, book, _) in BOOKS {
            let balance = entity::Micros(0);
            balances.push(
                ledger_balance::Model {
                    account_id: account(shop, place)?,
                    book,
                    currency: sample.call.currency.clone(),
                    balance,
                    held: balance,
                }
                .into_active_model(),
            );
        }
        heads.push(
            activity_head::Model { callshop_id: account(shop, 1)?, seq: 0, kept_from: 1 }.into_active_model(),
        );
    }
    let tx = store.reader().begin().await?;
    for chunk in calls.chunks(CHUNK) {
        store::calls::insert(&tx, chunk).await?;
    }
    for chunk in balances.chunks(CHUNK) {
        ledger_balance::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx).await?;
    }
    activity_head::Entity::insert_many(heads).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(())
}
