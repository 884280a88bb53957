//! Tests that statements about an account's money, and the statements that every node repeats each second, read only the rows that they need.

use std::collections::BTreeSet;

use entity::{ledger_balance, tariff, tariff_version};
use sea_orm::IntoActiveModel;
use store::{exports, problems, tariff_versions};

use super::*;

/// Number of transfers of one account.
const MANY: i64 = 6_000;

/// A transaction that records plans. PostgreSQL reads a whole table only if no index fits, because a read of a whole small table is cheap.
async fn explaining(server: &TestServer) -> Explaining {
    let tx = server.app.store.reader().begin().await.unwrap();
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
    }
    Explaining { tx, plans: Mutex::default(), plans_for_all: Mutex::default() }
}

/// The lines of the plans of all statements since the last call to this function.
fn taken(conn: &Explaining) -> Vec<String> {
    conn.plans_for_all.lock().unwrap().clear();
    std::mem::take(&mut *conn.plans.lock().unwrap()).into_iter().flat_map(|(_, plan)| plan).collect()
}

/// Whether SQLite reads a whole table. A scan of the subquery `entry`, which has the rows of the page, is allowed.
fn scans_tables(plan: &[String]) -> bool {
    plan.iter().any(|step| step.starts_with("SCAN ") && step != "SCAN entry")
}

/// The largest number of rows that a single step of a PostgreSQL plan produced.
fn most_rows(plan: &[String]) -> u64 {
    let rows = |line: &String| {
        let (_, rest) = line.split_once("actual rows=")?;
        let (rows, rest) = rest.split_once(" loops=")?;
        let loops = rest.trim_end_matches(')');
        Some(rows.parse::<u64>().ok()? * loops.parse::<u64>().ok()?)
    };
    plan.iter().filter_map(rows).max().expect("a plan with numbers of rows")
}

/// Stores [`MANY`] charges that a shop pays to its reseller, the same number of charges that other shops pay, and the shop's top-ups. The platform
/// gets entries in two currencies.
async fn charges(server: &TestServer, [shop, reseller, platform]: [Uuid; 3]) {
    let charges: Vec<NewTransfer> = (0..2 * MANY)
        .map(|number| {
            let payer_id = if number % 2 == 0 { shop } else { Uuid::now_v7() };
            let row = call::Model { callshop_id: payer_id, ..a_call() };
            let charge = CallCharge { payee_id: reseller, ..charge(&row) };
            NewTransfer { id: new_id(), ..NewTransfer::of_charges(row.id, "BRL", now(), vec![charge]) }
        })
        .collect();
    let top_ups = (0..MANY / 100).map(|_| {
        let entries =
            vec![Entry::new(shop, Book::Credit, Micros(9)), Entry::new(reseller, Book::Issued, Micros(-9))];
        NewTransfer { id: new_id(), ..NewTransfer::new(TransferKind::TopUp, "BRL", now(), entries) }
    });
    let of_platform = ["BRL", "EUR"].map(|currency| {
        let entries = vec![
            Entry::new(platform, Book::Credit, Micros(7)),
            Entry::new(platform, Book::Issued, Micros(-7)),
        ];
        NewTransfer { id: new_id(), ..NewTransfer::new(TransferKind::TopUp, currency, now(), entries) }
    });
    let mut all: Vec<NewTransfer> = charges.into_iter().chain(top_ups).chain(of_platform).collect();
    while !all.is_empty() {
        let rest = all.split_off(all.len().min(2_000));
        let part = &all;
        server
            .app
            .store
            .write(|tx| async move { ledger::post(tx.conn(), part.clone()).await })
            .await
            .unwrap();
        all = rest;
    }
    analyze(server, &["ledger_transfer", "ledger_posting", "call_charge", "ledger_balance"]).await;
}

/// Makes the statistics of PostgreSQL reflect the stored rows.
async fn analyze(server: &TestServer, tables: &[&str]) {
    let reader = server.app.store.reader();
    if reader.get_database_backend() == DbBackend::Postgres {
        for table in tables {
            reader.execute_unprepared(&format!("ANALYZE {table}")).await.unwrap();
        }
    }
}

on_both!(an_accounts_entries_are_read_by_index, |backend: Backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    let accounts @ [shop, reseller, platform] = std::array::from_fn(|_| new_id());
    charges(&server, accounts).await;
    let conn = explaining(&server).await;
    for account in [shop, reseller] {
        assert_eq!(problems::broken_books(&conn, account).await.unwrap(), []);
        let plan = taken(&conn);
        if backend == Backend::Sqlite {
            // the entries are summed as they are read, without a copy
            let words = ["SCAN", "MATERIALIZE", "CO-ROUTINE", "USE TEMP"];
            let copies = |step: &String| words.iter().any(|word| step.starts_with(word));
            assert!(!plan.iter().any(copies), "{plan:#?}");
        }
    }
    assert_eq!(problems::broken_books(&conn, platform).await.unwrap(), [], "the account has two currencies");
    taken(&conn);
    // the pages of an account statement: each page reads only its own rows, wherever it begins
    let (mut after, mut read) = (Uuid::nil(), BTreeSet::new());
    loop {
        let page = exports::credit_entries(&conn, shop, after, 200).await.unwrap();
        let plan = taken(&conn);
        let Some(last) = page.last() else { break };
        after = last.transfer_id;
        read.extend(page.iter().map(|entry| entry.transfer_id));
        match backend {
            Backend::Sqlite => assert!(!scans_tables(&plan), "{plan:#?}"),
            Backend::Postgres => assert!(most_rows(&plan) <= 1_000, "{plan:#?}"),
        }
    }
    assert_eq!(i64::try_from(read.len()).unwrap(), MANY + MANY / 100);
    drop(conn);
    server.stop().await;
});

/// Stores many accounts and versions. Four accounts have a threshold for low credit, and four scheduled versions have taken effect. Shops do not
/// count, because their feed gets such an event from the calls.
async fn watched(tx: &impl ConnectionTrait) {
    for part in 0..4 {
        let shops: Vec<account::Model> = (0..250)
            .map(|number| account::Model {
                kind: if number == 0 { AccountKind::Reseller } else { AccountKind::Callshop },
                low_credit: Some(entity::Micros(5)),
                credit_limit: Some(entity::Micros(0)),
                ..a_shop(new_id())
            })
            .collect();
        let owner = shops[0].id;
        let zero = entity::Micros(0);
        let balances = shops.iter().map(|shop| ledger_balance::Model {
            account_id: shop.id,
            book: Book::Credit,
            currency: shop.currency.clone(),
            balance: zero,
            held: zero,
        });
        let balances: Vec<_> = balances.map(IntoActiveModel::into_active_model).collect();
        let shops = shops.into_iter().map(IntoActiveModel::into_active_model);
        account::Entity::insert_many(shops).exec_without_returning(tx).await.unwrap();
        ledger_balance::Entity::insert_many(balances).exec_without_returning(tx).await.unwrap();
        let tariff = tariff::Model {
            id: owner,
            account_id: owner,
            name: format!("Tariff {part}"),
            currency: "BRL".to_owned(),
            blocked_prefixes: serde_json::json!([]),
            first_terms: serde_json::json!(null),
            created_at: now(),
            last_number: None,
            archived_at: None,
        };
        tariff::Entity::insert(tariff.into_active_model()).exec_without_returning(tx).await.unwrap();
        let versions = (0..250).map(|number| a_version(owner, number).into_active_model());
        tariff_version::Entity::insert_many(versions).exec_without_returning(tx).await.unwrap();
    }
}

/// A version that took effect. The owner of version 0 has yet to be notified.
fn a_version(tariff_id: Uuid, number: i32) -> tariff_version::Model {
    tariff_version::Model {
        id: new_id(),
        tariff_id,
        number,
        active_from: Some(now() - TimeDelta::minutes(number.into())),
        starts_later: number == 0,
        rounding_decimals: 4,
        rounding_mode: entity::RoundingMode::HalfUp,
        time_zone: "UTC".to_owned(),
        bands: serde_json::json!([]),
        holidays: serde_json::json!([]),
        rate_count: 0,
        note: String::new(),
        base_version_id: None,
        source_version_id: None,
        source_revision: None,
        created_at: now(),
    }
}

on_both!(each_seconds_checks_for_notices_read_by_index, |backend: Backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    // the server's own check must not mark the rows, so the rows are never committed
    let conn = explaining(&server).await;
    watched(&conn.tx).await;
    if backend == Backend::Postgres {
        for table in ["account", "ledger_balance", "tariff_version"] {
            conn.tx.execute_unprepared(&format!("ANALYZE {table}")).await.unwrap();
        }
    }
    assert_eq!(accounts::credit_turns(&conn, 100).await.unwrap().len(), 4);
    let turns = taken(&conn);
    assert_eq!(tariff_versions::begun(&conn, now(), 100).await.unwrap().len(), 4);
    let begun = taken(&conn);
    for (plan, index) in [(turns, "account_low_credit"), (begun, "tariff_version_starts_later")] {
        assert!(plan.iter().any(|step| step.contains(index)), "{plan:#?}");
        let by_index = |step: &String| !step.starts_with("SCAN") || step.contains(index);
        match backend {
            Backend::Sqlite => assert!(plan.iter().all(by_index), "{plan:#?}"),
            Backend::Postgres => assert!(most_rows(&plan) <= 4, "{plan:#?}"),
        }
    }
    drop(conn);
    server.stop().await;
});
