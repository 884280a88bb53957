//! Compares the database with the recorded responses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use api::config::Config;
use billing::money::Micros;
use entity::{
    Book, CallState, SessionState, TransferKind, cabin_session, call, cash_movement, hook_event,
    ledger_balance, ledger_entry, ledger_transfer,
};
use graphql::scalars::Kind;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::json;
use store::{Reader, Store, StoreOptions};
use uuid::Uuid;

use super::notes::{Notes, Talk};
use super::process::Process;
use super::site::Site;
use super::{COST, RETAIL, WHOLESALE};
use crate::shop::unique;

/// Initial credit of the shop and of its reseller.
const SHOP_CREDIT: i64 = 500_000_000;
const RESELLER_CREDIT: i64 = 1_000_000_000;
const FLOAT: i64 = 100_000_000;

/// Runs all comparisons. Returns a summary.
pub(super) async fn everything(site: &Site, process: &Process, config: &Config) -> String {
    close_register(site).await;
    let options = StoreOptions { url: config.database_url.clone(), connections: 2 };
    let store = Store::connect(&options, Arc::new(())).await.expect("the database opens");
    let conn = store.reader();
    let notes = std::mem::take(&mut *site.notes.lock().expect("the notes"));
    let shop = Kind::Callshop.parse(&site.shop.id.clone().into()).expect("an id");
    let reseller = Kind::Account.parse(&site.shop.reseller_id.clone().into()).expect("an id");
    events(conn, &notes).await;
    calls(conn, &notes).await;
    once("top-ups", &notes.top_ups, top_ups(conn, shop).await);
    let moved = cash_movement::Entity::find().all(conn).await.expect("movements");
    once("pay-ins", &notes.pay_ins, moved.iter().map(|row| row.amount.0).collect());
    sessions(conn, &notes).await;
    credit(conn, &notes, shop, reseller).await;
    let (clean, audit) = process.audit().await;
    assert!(clean, "callshop audit:\n{audit}");
    let last = audit.lines().last().unwrap_or_default().to_owned();
    format!(
        "once each: {} events, {} calls, {} settled sessions, {} top-ups, {} pay-ins; Z report without a variance; audit: {last}",
        notes.events.len(),
        notes.calls.len(),
        notes.sessions.len(),
        notes.top_ups.len(),
        notes.pay_ins.len()
    )
}

/// Closes the register. The Z report must have no variance.
async fn close_register(site: &Site) {
    let expected = site.note(|notes| FLOAT + notes.pay_ins.iter().sum::<i64>() + notes.cash);
    let counts = json!([{ "method": "CASH", "amount": Micros(expected).to_string() }]);
    let input = json!({ "callshopId": site.shop.id, "counts": counts, "carryOver": [], "idempotencyKey": unique("key") });
    let fields = "shift { zReport { methods { method variance { amount } } } }";
    let closed = site.did(&site.shop.attendant, "closeRegister", input, fields).await;
    let methods = closed["shift"]["zReport"]["methods"].as_array().expect("methods").clone();
    assert!(methods.iter().all(|line| line["variance"]["amount"] == "0"), "{methods:?}");
}

/// Asserts that each recorded item is stored once, and that no other item is stored.
fn once<T: Ord + Debug>(what: &str, noted: &BTreeSet<T>, found: Vec<T>) {
    let count = found.len();
    let found: BTreeSet<T> = found.into_iter().collect();
    assert_eq!(found.len(), count, "{what}: some are stored twice");
    let missing: Vec<&T> = noted.difference(&found).collect();
    let unknown: Vec<&T> = found.difference(noted).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "{what}: missing {missing:?}, unknown {unknown:?}");
}

async fn events(conn: &Reader, notes: &Notes) {
    let rows = hook_event::Entity::find().all(conn).await.expect("events");
    once("events", &notes.events, rows.into_iter().map(|row| row.eid).collect());
}

async fn calls(conn: &Reader, notes: &Notes) {
    let rows = call::Entity::find().all(conn).await.expect("calls");
    let asked: BTreeSet<String> = notes.calls.keys().cloned().collect();
    once("calls", &asked, rows.iter().map(|row| row.request_id.clone()).collect());
    let mut posted: BTreeMap<Uuid, usize> = BTreeMap::new();
    let of_calls = ledger_transfer::Entity::find().filter(ledger_transfer::Column::CallId.is_not_null());
    for row in of_calls.all(conn).await.expect("transfers") {
        assert_eq!(row.kind, TransferKind::Call, "{row:?}");
        *posted.entry(row.call_id.expect("a call")).or_default() += 1;
    }
    for row in rows {
        let talk = notes.calls[&row.request_id];
        assert_eq!(row.holds, json!([]), "a finished call must hold no credit: {row:?}");
        let charges = row.charges.read().expect("charges");
        let charges: Vec<i64> = charges.iter().map(|charge| charge.amount.0).collect();
        match talk {
            Talk::Refused => assert_eq!(row.state, CallState::Refused, "{row:?}"),
            Talk::Failed => assert_eq!(row.state, CallState::Failed, "{row:?}"),
            Talk::Seconds(seconds) => {
                assert_eq!(row.state, CallState::Ended, "{row:?}");
                assert_eq!(i64::from(row.talk_seconds), seconds, "{row:?}");
                assert_eq!((row.charge.0, row.written_off.0), (RETAIL.cost(seconds), 0), "{row:?}");
                let levels = [RETAIL.cost(seconds), COST.cost(seconds), WHOLESALE.cost(seconds), 0];
                assert_eq!(charges, levels, "{row:?}");
            }
        }
        let paid = matches!(talk, Talk::Seconds(1..));
        assert_eq!(
            posted.remove(&row.id).unwrap_or(0),
            usize::from(paid),
            "must be charged exactly once: {row:?}"
        );
    }
}

async fn top_ups(conn: &Reader, shop: Uuid) -> Vec<i64> {
    let given = ledger_transfer::Entity::find().filter(ledger_transfer::Column::Kind.eq(TransferKind::TopUp));
    let given: BTreeSet<Uuid> =
        given.all(conn).await.expect("transfers").into_iter().map(|row| row.id).collect();
    let rows = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::AccountId.eq(shop))
        .filter(ledger_entry::Column::Book.eq(Book::Credit));
    let rows = rows.all(conn).await.expect("entries");
    let amounts = rows.into_iter().filter(|row| given.contains(&row.transfer_id)).map(|row| row.amount.0);
    // leave out the initial credit
    amounts.filter(|amount| *amount != SHOP_CREDIT).collect()
}

async fn sessions(conn: &Reader, notes: &Notes) {
    let rows = cabin_session::Entity::find().all(conn).await.expect("sessions");
    let id = |row: &cabin_session::Model| Kind::CabinSession.id(row.id).to_string();
    let noted: BTreeSet<String> = notes.sessions.keys().cloned().collect();
    once("sessions", &noted, rows.iter().map(id).collect());
    for row in &rows {
        assert_eq!(row.state, SessionState::Settled, "{row:?}");
        assert_eq!(row.total.map(|total| total.0), Some(notes.sessions[&id(row)]), "{row:?}");
    }
    let receipts = rows.iter().filter_map(|row| row.receipt_number).collect();
    once("receipts", &notes.receipts, receipts);
    let count = i64::try_from(rows.len()).expect("the number fits into 63 bits");
    assert_eq!(notes.receipts, (1..=count).collect(), "receipt numbers must have no gap");
}

async fn credit(conn: &Reader, notes: &Notes, shop: Uuid, reseller: Uuid) {
    let talked = |price: super::Price| -> i64 {
        let cost = |talk: &Talk| if let Talk::Seconds(seconds) = talk { price.cost(*seconds) } else { 0 };
        notes.calls.values().map(cost).sum()
    };
    let given: i64 = notes.top_ups.iter().sum();
    for (account, left) in
        [(shop, SHOP_CREDIT + given - talked(COST)), (reseller, RESELLER_CREDIT - talked(WHOLESALE))]
    {
        let row = ledger_balance::Entity::find_by_id((account, Book::Credit, "BRL".to_owned()))
            .one(conn)
            .await
            .expect("a balance");
        let row = row.expect("a balance");
        assert_eq!((row.balance.0, row.held.0), (left, 0), "credit of {account}");
    }
}
