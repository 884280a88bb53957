//! Tests that a query with any filter of calls or sessions, or with any pair of filters, uses an index.

use entity::{SessionState, WordKind, cabin_session, search_word};
use sea_orm::{EntityTrait as _, IntoActiveModel};
use store::calls::CallFilter;
use store::session_list::{self, SessionFilter};
use store::{Page, Scope, Slice, Within};

use super::*;

/// Number of ordinary calls; also the number of ordinary sessions. Most filters must not read these rows.
const MANY: usize = 3_000;

fn page() -> Slice {
    Slice::Created(Page { above: None, below: None, limit: 101, descending: true, counted: true })
}

/// Rows of one shop: many ordinary rows, and two rows that all of the filters match.
struct Rows {
    shop: Uuid,
    rare: Uuid,
}

type Narrow<F> = (&'static str, &'static str, Box<dyn Fn(&mut F)>);

impl Rows {
    async fn store(server: &TestServer) -> Self {
        let rows = Self { shop: new_id(), rare: new_id() };
        let (ordinary, wanted) = (rows.ordinary(), rows.wanted());
        let (shop, rare, ordinary, wanted) = (rows.shop, rows.rare, &ordinary, &wanted);
        let stored = server.app.store.write(|tx| async move {
            for id in [shop, rare] {
                furnish(tx.conn(), id).await;
            }
            calls::insert(tx.conn(), ordinary).await?;
            calls::insert(tx.conn(), wanted).await?;
            let ordinary: Vec<cabin_session::Model> = (0..MANY).map(|_| ordinary_session(shop)).collect();
            for chunk in ordinary.chunks(500) {
                let rows = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
                cabin_session::Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
                let words = chunk.iter().map(|session| search_word::Model {
                    kind: WordKind::Session,
                    owner_id: shop,
                    word: "maria".to_owned(),
                    object_id: session.id,
                });
                let words = words.map(IntoActiveModel::into_active_model);
                search_word::Entity::insert_many(words).exec_without_returning(tx.conn()).await?;
            }
            sessions::insert(tx.conn(), wanted_session(shop, rare, SessionState::Closed)).await?;
            sessions::insert(tx.conn(), wanted_session(shop, rare, SessionState::Voided)).await
        });
        stored.await.unwrap();
        rows
    }

    fn ordinary(&self) -> Vec<call::Model> {
        // some attempts were refused for a reason other than the one that the filter looks for
        let refusal = |n: usize| n.is_multiple_of(10).then(|| "CABIN_CLOSED".to_owned());
        let one = |n| call::Model {
            callshop_id: self.shop,
            cabin_id: Some(self.shop),
            attendant_id: Some(self.shop),
            number: "5511987654321".to_owned(),
            destination: "Brazil".to_owned(),
            state: if refusal(n).is_some() { CallState::Refused } else { CallState::Ended },
            refusal: refusal(n),
            ..a_call()
        };
        (0..MANY).map(one).collect()
    }

    fn wanted(&self) -> Vec<call::Model> {
        let one = |state| call::Model {
            callshop_id: self.shop,
            cabin_id: Some(self.rare),
            session_id: Some(self.rare),
            attendant_id: Some(self.rare),
            state,
            refusal: (state == CallState::Refused).then(|| "NO_CREDIT".to_owned()),
            ..a_call()
        };
        vec![one(CallState::Refused), one(CallState::Ringing)]
    }

    /// The filters of calls, each with the index on SQLite and the column on PostgreSQL that serve it. Every filter except the filters by state
    /// matches the refused call.
    fn filters(&self) -> Vec<Narrow<CallFilter>> {
        let rare = self.rare;
        let around = Within { from: Some(now() - TimeDelta::days(1)), to: Some(now() + TimeDelta::days(1)) };
        vec![
            ("call_callshop", "id", Box::new(move |filter| filter.authorized = around)),
            ("call_number", "number", Box::new(|filter| filter.number = Some("351".to_owned()))),
            (
                "call_destination",
                "destination",
                Box::new(|filter| filter.destination = Some("Portugal".to_owned())),
            ),
            ("call_refused", "callshop_id", Box::new(|filter| filter.states = vec![CallState::Refused])),
            ("call_cabin", "cabin_id", Box::new(move |filter| filter.cabin_id = Some(rare))),
            ("call_session", "session_id", Box::new(move |filter| filter.session_id = Some(rare))),
            ("call_attendant", "attendant_id", Box::new(move |filter| filter.attendant_id = Some(rare))),
            ("call_refusal", "refusal", Box::new(|filter| filter.refusal = Some("NO_CREDIT".to_owned()))),
        ]
    }

    fn session_filters(&self) -> Vec<Narrow<SessionFilter>> {
        let rare = self.rare;
        let around = Within { from: Some(now() - TimeDelta::days(1)), to: Some(now() + TimeDelta::days(1)) };
        vec![
            ("cabin_session_callshop", "id", Box::new(move |filter| filter.opened = around)),
            ("search_word", "word", Box::new(|filter| filter.customer = vec!["silva".to_owned()])),
            ("cabin_session_receipt", "receipt_number", Box::new(|filter| filter.receipt_number = Some(77))),
            (
                "cabin_session_voided",
                "callshop_id",
                Box::new(|filter| filter.states = vec![SessionState::Voided]),
            ),
            ("cabin_session_cabin", "cabin_id", Box::new(move |filter| filter.cabin_id = Some(rare))),
            (
                "cabin_session_attendant",
                "opened_by",
                Box::new(move |filter| filter.attendant_id = Some(rare)),
            ),
        ]
    }
}

fn ordinary_session(shop: Uuid) -> cabin_session::Model {
    cabin_session::Model {
        id: new_id(),
        callshop_id: shop,
        cabin_id: shop,
        shift_id: shop,
        opened_by: shop,
        state: SessionState::Settled,
        ..a_session(shop)
    }
}

fn wanted_session(shop: Uuid, rare: Uuid, state: SessionState) -> cabin_session::Model {
    let voided = state == SessionState::Voided;
    cabin_session::Model {
        cabin_id: rare,
        opened_by: rare,
        state,
        customer: "João da Silva".to_owned(),
        receipt_number: voided.then_some(77),
        ..ordinary_session(shop)
    }
}

/// The statements since the previous call to this function that read a table without using a key, and the plans of all statements since then, as
/// text.
fn since_last(conn: &Explaining) -> (Vec<String>, String) {
    let plans = std::mem::take(&mut *conn.plans.lock().unwrap());
    conn.plans_for_all.lock().unwrap().clear();
    let sqlite = conn.get_database_backend() == DbBackend::Sqlite;
    let scans =
        plans.iter().filter(|(_, plan)| if sqlite { scans_rows(plan) } else { scans_unbounded(plan) });
    let scans = scans.map(|(sql, plan)| format!("{sql}\n  {}", plan.join("\n  "))).collect();
    (scans, plans.iter().flat_map(|(_, plan)| plan.clone()).collect::<Vec<_>>().join("\n"))
}

/// Whether PostgreSQL reads a table without a key. A read of all ids between two times is allowed. In this test, one shop has most of the calls, so
/// for a range of time, the index of ids is as good as the index of shops.
fn scans_unbounded(plan: &[String]) -> bool {
    let is_bounded =
        plan.iter().any(|line| line.contains("Index Cond: ((id >= ") && line.contains("AND (id < "));
    !is_bounded && scans_postgres(plan, "")
}

/// Whether SQLite reads a whole table. A scan of a subquery's rows is allowed; in the plan, such a scan has the name of the subquery's table.
fn scans_rows(plan: &[String]) -> bool {
    let count = |prefix: &str| plan.iter().filter(|step| step.starts_with(prefix)).count();
    let inner = count("CO-ROUTINE ") + count("MATERIALIZE ");
    let scans =
        plan.iter().filter(|step| step.starts_with("SCAN ") && !step.contains("CONSTANT ROW")).count();
    scans > inner || plan.iter().any(|step| step.starts_with("SCAN ") && step.contains(" USING "))
}

/// Checks that the plan of a single filter uses its index.
fn uses(backend: Backend, plan: &str, (index, column): (&str, &str)) -> bool {
    match backend {
        Backend::Sqlite => plan.contains(index),
        Backend::Postgres => plan.lines().any(|line| line.contains("Index Cond") && line.contains(column)),
    }
}

async fn explaining(server: &TestServer) -> Explaining {
    let tx = server.app.store.reader().begin().await.unwrap();
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
    }
    Explaining { tx, plans: Mutex::default(), plans_for_all: Mutex::default() }
}

/// Makes the statistics of PostgreSQL reflect the stored rows.
async fn analyze(server: &TestServer) {
    let reader = server.app.store.reader();
    if reader.get_database_backend() == DbBackend::Postgres {
        for table in ["call", "cabin_session", "search_word"] {
            reader.execute_unprepared(&format!("ANALYZE {table}")).await.unwrap();
        }
    }
}

on_both!(each_pair_of_filters_reads_by_index, |backend: Backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    half_a_year(&server).await;
    let rows = Rows::store(&server).await;
    analyze(&server).await;
    let conn = explaining(&server).await;
    let filters = rows.filters();
    for (at, (index, column, one)) in filters.iter().enumerate() {
        for (other_index, _, other) in &filters[at..] {
            let mut filter = CallFilter::default();
            one(&mut filter);
            other(&mut filter);
            let found = calls::list(&conn, rows.shop, &filter, &page()).await.unwrap();
            let alone = index == other_index;
            if !alone {
                assert_eq!(found.rows.first().map(|row| row.session_id), Some(Some(rows.rare)), "{filter:?}");
            }
            assert!(found.total.is_some_and(|total| total.is_exact), "{filter:?}");
            let (scans, plan) = since_last(&conn);
            assert!(scans.is_empty(), "{filter:?}\n{}", scans.join("\n\n"));
            assert!(!alone || uses(backend, &plan, (index, column)), "{filter:?} must use {index}:\n{plan}");
        }
    }
    let live = CallFilter { states: calls::LIVE.to_vec(), ..CallFilter::default() };
    let found = calls::list(&conn, rows.shop, &live, &page()).await.unwrap();
    assert_eq!(found.rows.iter().map(|row| row.state).collect::<Vec<_>>(), [CallState::Ringing]);
    let (scans, plan) = since_last(&conn);
    assert!(scans.is_empty() && plan.contains("live_call"), "{plan}");
    drop(conn);
    server.stop().await;
});

on_both!(each_pair_of_session_filters_reads_by_index, |backend: Backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    let rows = Rows::store(&server).await;
    analyze(&server).await;
    let conn = explaining(&server).await;
    let filters = rows.session_filters();
    for (at, (index, column, one)) in filters.iter().enumerate() {
        for (other_index, _, other) in &filters[at..] {
            let mut filter = SessionFilter::default();
            one(&mut filter);
            other(&mut filter);
            let found = session_list::list(&conn, rows.shop, &filter, &page()).await.unwrap();
            let alone = index == other_index;
            if !alone {
                assert_eq!(found.rows.first().map(|row| row.cabin_id), Some(rows.rare), "{filter:?}");
            }
            let (scans, plan) = since_last(&conn);
            assert!(scans.is_empty(), "{filter:?}\n{}", scans.join("\n\n"));
            assert!(!alone || uses(backend, &plan, (index, column)), "{filter:?} must use {index}:\n{plan}");
        }
    }
    drop(conn);
    server.stop().await;
});

// PostgreSQL does not know how long a page is when it makes a generic plan. Without a matching index, such a plan would read the cabins of all
// callshops in order
on_both!(a_page_of_cabins_reads_one_callshop, |backend: Backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    let shops: [Uuid; 40] = std::array::from_fn(|_| new_id());
    let shop = shops[0];
    let stored = server.app.store.write(|tx| async move {
        for id in shops {
            furnish(tx.conn(), id).await;
        }
        for number in 2..2_000 {
            // most callshops create their cabins together, so the rows of a callshop are neighbors
            let callshop_id = if number < 20 { shop } else { shops[1 + (number - 20) / 51] };
            let number = i32::try_from(number).unwrap();
            let cabin = cabin::Model::new(new_id(), callshop_id, number, String::new(), None, now());
            store::cabins::insert(tx.conn(), cabin).await?;
        }
        Ok(())
    });
    stored.await.unwrap();
    if backend == Backend::Postgres {
        server.app.store.reader().execute_unprepared("ANALYZE cabin").await.unwrap();
    }
    let conn = explaining(&server).await;
    if backend == Backend::Postgres {
        conn.tx.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan").await.unwrap();
    }
    let page = |above| Page { above, below: None, limit: 11, descending: false, counted: false };
    let scope = Scope::subtree(&a_shop(shop).path);
    let list = async |above| {
        let found = store::cabins::list_occupied(&conn, &scope, shop, page(above)).await.unwrap();
        found.unwrap().1.rows.into_iter().map(|row| (row.cabin.number, row.cabin.id)).collect::<Vec<_>>()
    };
    let first = list(None).await;
    assert_eq!(first.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>());
    let rest = list(first.last().map(|(_, id)| *id)).await;
    assert_eq!(rest.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (12..20).collect::<Vec<_>>());
    let for_all = conn.plans_for_all.lock().unwrap().clone();
    let plans = if for_all.is_empty() { conn.plans.lock().unwrap().clone() } else { for_all };
    assert_eq!(plans.len(), 2);
    for (_, plan) in plans {
        assert!(plan.iter().any(|line| line.contains("cabin_callshop")), "{}", plan.join("\n"));
    }
    drop(conn);
    server.stop().await;
});

// a query whose filter matches few of many rows is refused, so that the server does not read all of the rows; with a short range of time, the query
// is allowed
on_both!(a_rare_match_among_many_rows_needs_a_shorter_range, |backend: Backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    let shop = new_id();
    let at = |minute: usize| now() - TimeDelta::minutes(i64::try_from(30_000 - minute).unwrap());
    let rows: Vec<call::Model> = (0..20_100)
        .map(|minute| call::Model {
            id: first_id(at(minute)),
            callshop_id: shop,
            authorized_at: at(minute),
            state: if minute == 0 { CallState::Failed } else { CallState::Ended },
            charge: entity::Micros(i64::try_from(minute).unwrap()),
            ..a_call()
        })
        .collect();
    let rows = &rows;
    server.app.store.write(|tx| async move { calls::insert(tx.conn(), rows).await }).await.unwrap();
    let conn = server.app.store.reader();
    let failed = CallFilter { states: vec![CallState::Failed], ..CallFilter::default() };
    let error = calls::list(conn, shop, &failed, &page()).await.unwrap_err();
    assert!(error.to_string().contains("SEARCH_TOO_BROAD"), "{error}");
    let within = Within { from: None, to: Some(at(5_000)) };
    let found = calls::list(conn, shop, &CallFilter { authorized: within, ..failed }, &page()).await.unwrap();
    assert_eq!(
        (found.rows.len(), found.total.map(|total| (total.count, total.is_exact))),
        (1, Some((1, true)))
    );
    // a search for a frequent number does not use the index of numbers, because that index is not ordered by time
    let number = CallFilter {
        authorized: within,
        number: Some("351".to_owned()),
        states: vec![CallState::Failed],
        ..CallFilter::default()
    };
    let found = calls::list(conn, shop, &number, &page()).await.unwrap();
    assert_eq!(found.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [rows[0].id]);
    let number = CallFilter { authorized: Within::default(), states: Vec::new(), ..number };
    let found = calls::list(conn, shop, &number, &page()).await.unwrap();
    assert_eq!((found.rows.len(), found.rows[0].id), (101, rows[20_099].id));
    let all = calls::list(conn, shop, &CallFilter::default(), &page()).await.unwrap();
    assert_eq!(all.total.map(|total| (total.count, total.is_exact)), Some((10_000, false)));
    let by_cost =
        Slice::Sorted(store::sorted::SortedPage { above: None, below: None, limit: 2, descending: true });
    let error = calls::list(conn, shop, &CallFilter::default(), &by_cost).await.unwrap_err();
    assert!(error.to_string().contains("SEARCH_TOO_BROAD"), "{error}");
    let few = CallFilter { authorized: within, ..CallFilter::default() };
    let found = calls::list(conn, shop, &few, &by_cost).await.unwrap();
    assert_eq!(found.rows.iter().map(|row| row.charge.0).collect::<Vec<_>>(), [4_999, 4_998]);
    server.stop().await;
});
