//! Tests tariffs from a CSV file to a quote, through the use cases and the schema, on a temporary database file.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot continue fails")]

mod prices;

use std::ops::Deref;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use app::auth::Actor;
use app::rates;
use app::rates::RateSearch;
use app::tariffs::{self, Assignment, BlockOn, Edit, Import, ImportMode, NewTariff, Outcome, VersionState};
use base::clock::Clock;
use base::error::{Error, ErrorCode};
use billing::money::{Micros, Rounding};
use billing::rate_changes::RateChangeCounts;
use billing::tariff::{BandPrice, Rate};
use chrono::{DateTime, TimeDelta, Utc};
use entity::account;
use serde_json::{Value, json};
use store::Page;
use store::tariffs::{self as rows, RateFilter, RatePage};
use tests::{Backend, InProcess};
use uuid::Uuid;

const LONDON: &str = "+44 20 7946 0958";

/// A branch whose clock stands still unless the test moves it. Two versions can therefore start at the same instant.
struct Branch {
    harness: InProcess,
    now: Arc<AtomicI64>,
}

impl Deref for Branch {
    type Target = InProcess;

    fn deref(&self) -> &InProcess {
        &self.harness
    }
}

impl Branch {
    async fn new() -> Self {
        let now = Arc::new(AtomicI64::new(Utc::now().timestamp_micros()));
        let hand = now.clone();
        let clock = Clock::new(move || DateTime::from_timestamp_micros(hand.load(Ordering::SeqCst)).unwrap());
        Self { harness: InProcess::start(Backend::Sqlite, clock).await, now }
    }

    fn pass(&self, time: TimeDelta) {
        self.now.fetch_add(time.num_microseconds().unwrap(), Ordering::SeqCst);
    }

    /// Creates a tariff in which the rates of this CSV are in force.
    async fn tariff(&self, actor: &Actor, csv: &str) -> Uuid {
        let id = tariffs::create(&self.app, actor, new_tariff("BRL")).await.unwrap().id;
        let drafted = self.import(actor, id, csv, ImportMode::Replace).await.unwrap();
        assert_eq!(drafted.errors, 0, "{:?}", drafted.problems);
        tariffs::activate(&self.app, actor, drafted.version.unwrap().version.id, None).await.unwrap();
        id
    }

    async fn import(&self, actor: &Actor, id: Uuid, csv: &str, mode: ImportMode) -> Result<Outcome, Error> {
        let import = Import {
            tariff_id: id,
            file: csv.as_bytes().to_vec(),
            mapping: None,
            base_version_id: None,
            mode,
            by_date: false,
            dry_run: false,
            note: String::new(),
        };
        tariffs::import(&self.app, actor, import, |_| {}).await
    }

    /// Assigns a tariff. Returns the number of prices below cost.
    async fn assign(&self, actor: &Actor, account: &account::Model, tariff: Uuid, kind: Assignment) -> u64 {
        tariffs::assign(&self.app, actor, account.id, Some(tariff), kind).await.unwrap().1.total
    }

    /// Assigns the same cost tariff at every level of the chain.
    async fn chain(&self) {
        let csv = deck(&[("55", "Brazil", "0.01"), ("44", "United Kingdom", "0.01")]);
        let tariff = self.tariff(&self.admin, &csv).await;
        for account in [&self.distributor, &self.reseller, &self.callshop] {
            self.assign(&self.admin, account, tariff, Assignment::Cost).await;
        }
    }
}

fn new_tariff(currency: &str) -> NewTariff {
    NewTariff {
        account_id: None,
        name: "Prices".to_owned(),
        currency: Some(currency.to_owned()),
        rounding: Rounding::default(),
        time_zone: None,
        bands: Vec::new(),
        holidays: Vec::new(),
    }
}

fn deck(rows: &[(&str, &str, &str)]) -> String {
    let mut csv =
        "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n".to_owned();
    for (prefix, destination, price) in rows {
        csv.push_str(&format!("{prefix},{destination},{price},0,1,1\n"));
    }
    csv
}

fn data(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn rate(prefix: &str, destination: &str) -> Rate {
    Rate {
        prefix: prefix.to_owned(),
        destination: destination.to_owned(),
        price_per_minute: Micros(80_000),
        initial_price: None,
        connection_fee: Micros::ZERO,
        initial_increment: 30,
        increment: 6,
        minimum_charge: Micros::ZERO,
        free_seconds: 0,
        band_prices: Default::default(),
    }
}

fn code(error: &Error) -> Option<ErrorCode> {
    match error {
        Error::User(error) => Some(error.code),
        _ => None,
    }
}

fn field(error: &Error) -> String {
    match error {
        Error::User(error) => error.field.join("."),
        other => panic!("{other}"),
    }
}

fn page() -> Page {
    Page { above: None, below: None, limit: 100, descending: false, counted: false }
}

fn global(kind: &str, id: Uuid) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{kind}:{}", id.simple()))
}

#[tokio::test]
async fn ten_thousand_rates_come_in_and_go_out() {
    let branch = Branch::new().await;
    let (app, actor) = (&branch.app, &branch.reseller_user);
    let csv = data("examples/decks/world-10k.csv");
    let in_file = csv.lines().count() as u64 - 1;
    let id = branch.tariff(actor, &deck(&[("55", "Brazil", "0.5")])).await;
    let import = |dry_run| Import {
        tariff_id: id,
        file: csv.clone().into_bytes(),
        mapping: None,
        base_version_id: None,
        mode: ImportMode::Replace,
        by_date: false,
        dry_run,
        note: "World".to_owned(),
    };
    let dry =
        tariffs::import(app, actor, import(true), |_| panic!("a dry run must write nothing")).await.unwrap();
    assert!(dry.version.is_none());

    let told = Arc::new(Mutex::new(Vec::new()));
    let log = told.clone();
    let outcome =
        tariffs::import(app, actor, import(false), move |progress| log.lock().unwrap().push(progress))
            .await
            .unwrap();
    assert_eq!(outcome.changes, dry.changes);
    assert_eq!(outcome.changes.differences(), in_file);
    let version = outcome.version.unwrap();
    assert_eq!((version.version.number, version.state), (2, VersionState::Draft));
    assert_eq!(version.version.rate_count as u64, in_file);
    let told = told.lock().unwrap().clone();
    assert!(told.len() > 1 && told.iter().all(|progress| progress.total == in_file), "{told:?}");
    assert_eq!(told.last().unwrap().done, in_file);

    let exported = tariffs::export_csv(app, actor, version.version.id).await.unwrap();
    let again =
        Import { file: exported.into_bytes(), base_version_id: Some(version.version.id), ..import(false) };
    let again = tariffs::import(app, actor, again, |_| {}).await.unwrap();
    assert_eq!((again.changes.unchanged, again.changes.differences()), (in_file, 0));

    // concurrent requests for a table that is not cached share one read of the table
    let conn = app.store.reader();
    let (one, two) =
        tokio::join!(app.rates.get(conn, version.version.id), app.rates.get(conn, version.version.id));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(one.table.len() as u64, in_file);
    assert!(one.table.find("5511987654321").unwrap().prefix.starts_with("55"));
}

#[tokio::test]
async fn a_bad_row_imports_nothing() {
    let branch = Branch::new().await;
    let (app, actor) = (&branch.app, &branch.reseller_user);
    let id = branch.tariff(actor, &deck(&[("55", "Brazil", "0.5")])).await;
    let outcome =
        branch.import(actor, id, &data("billing/tests/data/broken.csv"), ImportMode::Merge).await.unwrap();
    assert!(outcome.version.is_none());
    assert_eq!(outcome.problems.len() as u64, outcome.errors + outcome.fixed);
    for code in ["DUPLICATE_PREFIX", "PREFIX_MISSING", "PRICE_NEGATIVE", "COLUMN_COUNT", "PREFIX_TOO_LONG"] {
        assert!(
            outcome.problems.iter().any(|problem| problem.code == code),
            "{code}: {:?}",
            outcome.problems
        );
    }
    assert_eq!(tariffs::versions(app, actor, id, page()).await.unwrap().rows.len(), 1);

    let many: String = (0..3_000).map(|row| format!("x{row},Nowhere,1,0,1,1\n")).collect();
    let outcome =
        branch.import(actor, id, &format!("{}{many}", deck(&[])), ImportMode::Replace).await.unwrap();
    assert_eq!((outcome.problems.len(), outcome.errors), (tariffs::MAX_PROBLEMS, 3_000));
    let error = branch.import(actor, id, &deck(&[]), ImportMode::Replace).await.unwrap_err();
    assert_eq!(code(&error), Some(ErrorCode::BadDeck));

    let query = "mutation($input: ImportTariffInput!) { importTariff(input: $input) {
        version { id } problemsTotal problems { line severity code } userErrors { code field } } }";
    let input = json!({ "tariffId": global("Tariff", id), "csv": data("billing/tests/data/broken.csv") });
    let answer = branch.send(actor, query, json!({ "input": input })).await;
    let payload = &answer["data"]["importTariff"];
    assert_eq!(payload["userErrors"], json!([{ "code": "BAD_DECK", "field": ["csv"] }]), "{answer}");
    assert_eq!(payload["version"], Value::Null);
    assert_eq!(
        payload["problems"].as_array().unwrap().len() as u64,
        payload["problemsTotal"].as_u64().unwrap()
    );
}

#[tokio::test]
async fn versions_follow_each_other_in_time() {
    let branch = Branch::new().await;
    let (app, actor) = (&branch.app, &branch.reseller_user);
    let id = branch.tariff(actor, &deck(&[("55", "Brazil", "0.5"), ("44", "Britain", "0.2")])).await;
    let csv = deck(&[("55", "Brazil", "0.4"), ("33", "France", "0.3")]);
    let merged = branch.import(actor, id, &csv, ImportMode::Merge).await.unwrap();
    assert_eq!(
        merged.changes,
        RateChangeCounts { added: 1, lowered: 1, unchanged: 1, ..RateChangeCounts::default() }
    );
    let second = merged.version.unwrap().version.id;
    let tomorrow = app.clock.now() + TimeDelta::days(1);
    let activated = tariffs::activate(app, actor, second, Some(tomorrow)).await.unwrap();
    assert_eq!(activated.version.state, VersionState::Scheduled);
    let error = tariffs::activate(app, actor, second, None).await.unwrap_err();
    assert_eq!(code(&error), Some(ErrorCode::IllegalState));

    let states = async || {
        let versions = tariffs::versions(app, actor, id, page()).await.unwrap().rows;
        versions.into_iter().map(|version| version.state).collect::<Vec<_>>()
    };
    let effective = async || {
        let ids = [id, Uuid::now_v7()];
        rows::effective_versions(app.store.reader(), &ids, app.clock.now()).await.unwrap()
    };
    assert_eq!(states().await, [VersionState::Active, VersionState::Scheduled]);
    let first = effective().await[&id].0;
    assert_ne!(first, second);
    branch.pass(TimeDelta::days(1));
    assert_eq!(states().await, [VersionState::Retired, VersionState::Active]);
    assert_eq!(effective().await[&id].0, second);
    assert_eq!(effective().await.len(), 1);

    // to roll back, copy the first version: the copy starts at the same instant as the second version, and has a higher number
    let copy = tariffs::copy_version(app, actor, first, "").await.unwrap();
    let copied = copy.version.unwrap().version;
    assert_eq!((copied.number, copied.note.as_str()), (3, "Copy of version 1"));
    assert_eq!((copy.changes.removed, copy.changes.raised), (1, 1));
    let past = tariffs::activate(app, actor, copied.id, Some(app.clock.now() - TimeDelta::seconds(1)))
        .await
        .unwrap_err();
    assert_eq!(code(&past), Some(ErrorCode::InvalidInput));
    tariffs::activate(app, actor, copied.id, None).await.unwrap();
    assert_eq!(states().await, [VersionState::Retired, VersionState::Retired, VersionState::Active]);
}

#[tokio::test]
async fn edits_make_drafts() {
    let branch = Branch::new().await;
    let (app, actor) = (&branch.app, &branch.reseller_user);
    let id = branch.tariff(actor, &deck(&[("55", "Brazil", "0.5"), ("44", "Britain", "0.2")])).await;
    let rate = rate("5511", "São Paulo 100%");
    let edit = || Edit { tariff_id: id, base_version_id: None, note: "São Paulo".to_owned() };
    let upserted = tariffs::upsert_rates(app, actor, edit(), vec![rate.clone()]).await.unwrap();
    let version = upserted.version.unwrap().version.id;
    tariffs::activate(app, actor, version, None).await.unwrap();
    let find = async |search| {
        let page = RatePage { limit: 10, ..RatePage::default() };
        let rates = tariffs::version_rates(app, actor, version, &search, page).await.unwrap();
        rates.rows.into_iter().map(|rate| rate.prefix).collect::<Vec<_>>()
    };
    let by_destination =
        |text: &str| RateSearch { destination: Some(text.to_owned()), ..RateSearch::default() };
    let by_prefix = |filter| RateSearch { filter, destination: None };
    let prefix = Some("551".to_owned());
    assert_eq!(find(by_prefix(RateFilter { prefix, number: None })).await, ["5511"]);
    let number = Some("5511987654321".to_owned());
    assert_eq!(find(by_prefix(RateFilter { prefix: None, number })).await, ["55", "5511"]);
    assert_eq!(find(by_destination("BRIT")).await, ["44"]);
    assert_eq!(find(by_destination("0%")).await, ["5511"]);
    assert!(find(by_destination("_")).await.is_empty());

    let night = BandPrice { price_per_minute: Micros(1), initial_price: None, connection_fee: None };
    let banded = Rate { band_prices: [("night".to_owned(), night)].into(), ..rate.clone() };
    let error = tariffs::upsert_rates(app, actor, edit(), vec![banded]).await.unwrap_err();
    assert_eq!(field(&error), "rates.0.bandPrices");
    let twice = vec![rate.clone(), rate.clone()];
    let error = tariffs::upsert_rates(app, actor, edit(), twice).await.unwrap_err();
    assert_eq!(field(&error), "rates.1.prefix");
    let missing = vec!["44".to_owned(), "49".to_owned()];
    let error = tariffs::delete_rates(app, actor, edit(), missing).await.unwrap_err();
    assert_eq!(field(&error), "prefixes.1");
    let deleted = tariffs::delete_rates(app, actor, edit(), vec!["44".to_owned()]).await.unwrap();
    assert_eq!((deleted.version.unwrap().version.rate_count, deleted.changes.removed), (2, 1));

    // concurrent edits of one version create two drafts; only one of them can be activated
    let upsert = async |prefix: &str| {
        let rates = vec![Rate { prefix: prefix.to_owned(), ..self::rate("1", "Elsewhere") }];
        tariffs::upsert_rates(app, actor, edit(), rates).await.unwrap().version.unwrap().version.id
    };
    let (one, two) = tokio::join!(upsert("31"), upsert("32"));
    tariffs::activate(app, actor, two, None).await.unwrap();
    let stale = tariffs::activate(app, actor, one, None).await.unwrap_err();
    assert_eq!(code(&stale), Some(ErrorCode::StaleDraft));
    let versions = tariffs::versions(app, actor, id, page()).await.unwrap().rows;
    assert_eq!(versions.len(), 5);
    let stored: i32 = versions.iter().map(|version| version.version.rate_count).sum();
    use sea_orm::{EntityTrait as _, PaginatorTrait as _};
    assert_eq!(entity::rate::Entity::find().count(app.store.reader()).await.unwrap(), stored as u64);
}

#[tokio::test]
async fn only_the_parent_assigns_and_is_warned_of_losses() {
    let branch = Branch::new().await;
    let (app, reseller, shop) = (&branch.app, &branch.reseller_user, &branch.callshop);
    let cost =
        branch.tariff(reseller, &deck(&[("55", "Brazil", "0.10"), ("5511", "São Paulo", "0.08")])).await;
    let retail = branch.tariff(reseller, &deck(&[("55", "Brazil", "0.09"), ("44", "Britain", "0.2")])).await;
    assert_eq!(branch.assign(reseller, shop, cost, Assignment::Cost).await, 0);
    let (account, margins) =
        tariffs::assign(app, reseller, shop.id, Some(retail), Assignment::Retail).await.unwrap();
    assert_eq!((account.cost_tariff_id, account.retail_tariff_id), (Some(cost), Some(retail)));
    assert_eq!((margins.total, margins.warnings[0].prefix.as_str()), (1, "55"));
    let drafted = branch
        .import(reseller, retail, &deck(&[("55", "Brazil", "0.01")]), ImportMode::Replace)
        .await
        .unwrap();
    assert_eq!(drafted.margins.total, 2, "{:?}", drafted.margins);
    let activated = tariffs::activate(app, reseller, drafted.version.unwrap().version.id, None).await;
    let margins = activated.unwrap().margins;
    assert_eq!((margins.total, margins.warnings[0].callshops), (2, 1));

    let refused = async |actor: &Actor, account: Uuid, tariff, kind| {
        tariffs::assign(app, actor, account, Some(tariff), kind).await.unwrap_err()
    };
    let own = refused(reseller, branch.reseller.id, cost, Assignment::Cost).await;
    assert!(matches!(own, Error::Forbidden), "{own}");
    let from_below = refused(&branch.owner, shop.id, cost, Assignment::Retail).await;
    assert!(matches!(from_below, Error::Forbidden), "{from_below}");
    let no_shop = refused(&branch.admin, branch.reseller.id, cost, Assignment::Retail).await;
    assert_eq!(field(&no_shop), "kind");
    let strangers = refused(&branch.admin, branch.distributor.id, cost, Assignment::Cost).await;
    assert_eq!(field(&strangers), "tariffId");
    let platforms = branch.tariff(&branch.admin, &deck(&[("55", "Brazil", "0")])).await;
    let hidden = refused(reseller, shop.id, platforms, Assignment::Cost).await;
    assert!(matches!(hidden, Error::NotFound), "{hidden}");
    let error = tariffs::create(app, reseller, new_tariff("USD")).await.unwrap_err();
    assert_eq!(code(&error), Some(ErrorCode::CurrencyMismatch));
    let dollars = tariffs::create(app, &branch.admin, new_tariff("USD")).await.unwrap();
    let error = refused(&branch.admin, shop.id, dollars.id, Assignment::Cost).await;
    assert_eq!(code(&error), Some(ErrorCode::CurrencyMismatch));
}

#[tokio::test]
async fn mutations_answer_what_they_made() {
    let branch = Branch::new().await;
    let reseller = &branch.reseller_user;
    branch.chain().await;
    let create = "mutation { createTariff(input: { name: \"Bands\", roundingDecimals: 2,
        bands: [{ name: \"night\", weekdays: [MONDAY, SUNDAY], from: \"20:00:00\", to: \"06:00:00\" }], holidays: [\"2026-12-25\"] })
        { tariff { id timeZone holidays bands { weekdays from to holidays } } userErrors { code field } } }";
    let made = branch.send(reseller, create, json!({})).await;
    let tariff = &made["data"]["createTariff"]["tariff"];
    assert_eq!(tariff["bands"][0]["weekdays"], json!(["MONDAY", "SUNDAY"]), "{made}");
    assert_eq!(
        (&tariff["holidays"][0], &tariff["timeZone"]),
        (&json!("2026-12-25"), &json!("America/Sao_Paulo"))
    );
    let upsert = "mutation($id: ID!) { upsertRates(input: { tariffId: $id, rates: [{ prefix: \"55\", destination: \"Brazil\",
        pricePerMinute: \"0.10\", bandPrices: [{ band: \"night\", pricePerMinute: \"0.05\" }] }] })
        { version { id number state rates(first: 1) { nodes { bandPrices { band pricePerMinute { amount } } } } }
          changes { added } userErrors { code message field } } }";
    let upserted = branch.send(reseller, upsert, json!({ "id": tariff["id"] })).await;
    let version = &upserted["data"]["upsertRates"]["version"];
    assert_eq!(
        version["rates"]["nodes"][0]["bandPrices"][0]["pricePerMinute"]["amount"], "0.05",
        "{upserted}"
    );
    // a file without band columns keeps the bands
    let import = "mutation($id: ID!, $csv: String!, $base: ID) { importTariff(input: { tariffId: $id, csv: $csv, mode: MERGE, baseVersionId: $base })
        { version { id rates(first: 1) { nodes { pricePerMinute { amount } bandPrices { band } } } } userErrors { message } } }";
    let csv = deck(&[("55", "Brazil", "0.12")]);
    let variables = json!({ "id": tariff["id"], "csv": csv, "base": version["id"] });
    let merged = branch.send(reseller, import, variables).await;
    let version = &merged["data"]["importTariff"]["version"];
    let expected = json!({ "pricePerMinute": { "amount": "0.12" }, "bandPrices": [{ "band": "night" }] });
    assert_eq!(version["rates"]["nodes"][0], expected, "{merged}");
    let activate = "mutation($id: ID!) { activateTariffVersion(input: { versionId: $id })
        { version { state } margin { total } userErrors { code } } }";
    let activated = branch.send(reseller, activate, json!({ "id": version["id"] })).await;
    assert_eq!(activated["data"]["activateTariffVersion"]["version"]["state"], "ACTIVE", "{activated}");
    let assign = "mutation($account: ID!, $tariff: ID) { assignTariff(input: { accountId: $account, tariffId: $tariff, kind: RETAIL })
        { callshop { retailTariff { name } costTariff { name } blockedPrefixes } userErrors { code } } }";
    let shop = global("Callshop", branch.callshop.id);
    let assigned = branch.send(reseller, assign, json!({ "account": shop, "tariff": tariff["id"] })).await;
    // the cost tariff belongs to the platform, but the reseller may read the tariff, because it is also the reseller's cost tariff
    let expected = json!({ "retailTariff": { "name": "Bands" }, "costTariff": { "name": "Prices" }, "blockedPrefixes": [] });
    assert_eq!(assigned["data"]["assignTariff"]["callshop"], expected, "{assigned}");
    let block = "mutation($id: ID!) { blockDestination(input: { callshopId: $id, prefix: \"5590\" })
        { callshop { blockedPrefixes } userErrors { code } } }";
    let blocked = branch.send(reseller, block, json!({ "id": shop })).await;
    assert_eq!(
        blocked["data"]["blockDestination"]["callshop"]["blockedPrefixes"],
        json!(["5590"]),
        "{blocked}"
    );
}

#[tokio::test]
async fn each_version_has_terms_of_its_own() {
    let branch = Branch::new().await;
    let (app, reseller) = (&branch.app, &branch.reseller_user);
    let id = branch.tariff(reseller, &deck(&[("55", "Brazil", "0.5")])).await;
    let first = tariffs::active_version(app, reseller, id).await.unwrap().unwrap().version;
    assert_eq!(first.rounding_decimals, 4);
    // `updateTariff` would make a draft with these terms and the same rates; here, the test changes the row of a draft
    let outcome =
        branch.import(reseller, id, &deck(&[("55", "Brazil", "0.5")]), ImportMode::Merge).await.unwrap();
    let draft = outcome.version.unwrap().version;
    assert_eq!(draft.rounding_decimals, 4, "the base's");
    let coarse = entity::tariff_version::Model { rounding_decimals: 1, ..draft.clone() };
    let store = &app.store;
    let changed = &coarse;
    let change = |tx: store::Tx| async move { rows::update_version(tx.conn(), changed.clone()).await };
    store.write(change).await.unwrap();
    branch.pass(TimeDelta::seconds(1));
    tariffs::activate(app, reseller, draft.id, None).await.unwrap();

    let decimals = async || {
        let shown =
            branch.send(reseller, "{ tariffs(first: 1) { nodes { roundingDecimals } } }", json!({})).await;
        shown["data"]["tariffs"]["nodes"][0]["roundingDecimals"].clone()
    };
    assert_eq!(decimals().await, 1, "those of the version in force");
    let edit = Edit { tariff_id: id, base_version_id: None, note: String::new() };
    let edited = tariffs::delete_rates(app, reseller, edit, vec!["55".to_owned()]).await.unwrap();
    assert_eq!(edited.version.unwrap().version.rounding_decimals, 1, "the base's");
    let copy = tariffs::copy_version(app, reseller, first.id, "").await.unwrap();
    assert_eq!(copy.version.unwrap().version.rounding_decimals, 4, "the copied version's");
    let conn = store.reader();
    for (version, charge) in [(first.id, 8_300), (draft.id, 0)] {
        let loaded = app.rates.get(conn, version).await.unwrap();
        let pricing = rates::pricing(&loaded.terms, loaded.table.find("5511").unwrap());
        assert_eq!(billing::rating::amount(&pricing, branch.app.clock.now(), 1), Micros(charge));
    }
}
