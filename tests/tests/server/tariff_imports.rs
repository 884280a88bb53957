//! Tests imports of rate decks as jobs: uploads, questions, progress, dead nodes and saved mappings.

mod checked;
mod listed;
mod lost;
mod unfinished;
mod uploads;

use std::fmt::Write as _;
use std::time::Duration;

use app::auth::token::digest;
use app::retention;
use app::tariffs::imports::worker;
use chrono::TimeDelta;
use entity::{ImportState, tariff_import};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, QueryOrder as _};
use serde_json::{Value, json};
use tests::on_both;
use tests::shop::{Shop, text, unique};
use tests::{Backend, Socket, TestServer};
use uuid::Uuid;

const JOB: &str = "id state uploadUrl rowsRead rowsTotal problemsTotal problems(first: 10) { line code remedy } detected { item value } \
    questions { code answers { text mapping } } setAside { reason rows } changes { added removed } margin { total } \
    scheduled { number state } version { id number state note rateCount rates(first: 5) { nodes { prefix destination } } } error { code message } endedAt";

const DECK: &str = "Destination;Country Code;Area Code;New Rate;Effective\nEspaña móvil;34;6, 7;0,0120;03/04/2026\n\
    España;34;;0,0065;03/04/2026\n";

async fn tariff(shop: &Shop) -> String {
    let input = json!({ "name": unique("tariff") });
    let made = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    text(&made["tariff"]["id"])
}

pub(crate) async fn create(shop: &Shop, input: Value) -> Value {
    let fields = format!("import {{ {JOB} }}");
    let made = shop.reseller.did("createTariffImport", "CreateTariffImportInput", input, &fields).await;
    assert_eq!(made["import"]["state"], "UPLOAD", "{made}");
    made["import"].clone()
}

async fn put(server: &TestServer, url: &str, file: impl Into<reqwest::Body>) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.put(format!("http://{}{url}", server.http)).body(file).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

pub(crate) async fn upload(server: &TestServer, job: &Value, file: impl Into<reqwest::Body>) {
    let (status, answer) = put(server, &text(&job["uploadUrl"]), file).await;
    assert_eq!(status, 202, "{answer}");
    // a short file may already have been read
    assert!(!["UPLOAD", "UPLOAD_AGAIN"].contains(&text(&answer["state"]).as_str()), "{answer}");
}

async fn find(shop: &Shop, id: &str) -> Value {
    let query = format!("query($id: ID!) {{ tariffImport(id: $id) {{ {JOB} }} }}");
    shop.reseller.ok(&query, json!({ "id": id })).await["tariffImport"].take()
}

/// The job once it is in this state.
pub(crate) async fn reaches(shop: &Shop, id: &str, state: &str) -> Value {
    for _ in 0..300 {
        let job = find(shop, id).await;
        if job["state"] == state {
            return job;
        }
        assert!(job["endedAt"].is_null(), "{job}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the import is not {state}: {}", find(shop, id).await);
}

fn canonical(rows: usize) -> String {
    let mut deck =
        "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n".to_owned();
    for row in 0..rows {
        writeln!(deck, "{},Somewhere {row},0.{:06},0,60,60", 100_000 + row, row % 999_999).expect("a line");
    }
    deck
}

/// Names of the uploaded files in the folder of uploads.
fn spooled(shop: &Shop) -> Vec<String> {
    let folder = &shop.server.app.config.imports.folder;
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    // the folder also contains the lock file of each node
    names.filter(|name| name.ends_with(".deck")).collect()
}

async fn nothing_is_spooled(shop: &Shop) {
    are_spooled(shop, 0).await;
}

async fn are_spooled(shop: &Shop, files: usize) {
    for _ in 0..100 {
        if spooled(shop).len() == files {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the folder must have {files} files, but contains {:?}", spooled(shop));
}

on_both!(an_uploaded_deck_becomes_a_version, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let id = tariff(&shop).await;
    let key = unique("key");
    let input = json!({ "tariffId": id, "note": "October", "idempotencyKey": key });
    let job = create(&shop, input.clone()).await;
    assert_eq!(
        create(&shop, input).await["id"],
        job["id"],
        "a repeated request must not create a second job"
    );
    let url = text(&job["uploadUrl"]);
    let (status, answer) = put(&shop.server, &url.replace("signature=", "signature=x"), "x").await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (403, &json!("FORBIDDEN")), "{answer}");
    // the signature is valid only for this job
    let other = create(&shop, json!({ "tariffId": id })).await;
    let query = url.split_once('?').expect("a query").1;
    let theirs = text(&other["uploadUrl"]);
    let mixed = format!("{}?{query}", theirs.split_once('?').expect("a query").0);
    assert_eq!(put(&shop.server, &mixed, "x").await.0, 403);

    // if two uploads run at the same time, the job takes only one of them
    let file = canonical(6_000);
    let (one, two) = tokio::join!(put(&shop.server, &url, file.clone()), put(&shop.server, &url, file));
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    // the other upload gets 503 while the first upload is being received, or 409 afterward
    assert!(matches!(statuses, [202, 409 | 503]), "{one:?} {two:?}");
    let id = text(&job["id"]);
    let done = reaches(&shop, &id, "DONE").await;
    assert_eq!(done["version"]["rateCount"], 6_000, "{done}");
    assert_eq!((&done["version"]["state"], &done["version"]["note"]), (&json!("DRAFT"), &json!("October")));
    assert_eq!((&done["rowsRead"], &done["rowsTotal"]), (&json!(6_000), &json!(6_000)), "{done}");
    assert_eq!(done["changes"]["added"], 6_000, "{done}");
    assert_eq!(done["version"]["rates"]["nodes"][0]["destination"], "Somewhere 0", "{done}");
    assert!(done["uploadUrl"].is_null() && done["error"].is_null(), "{done}");
    let (status, answer) = put(&shop.server, &url, canonical(1)).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (409, &json!("ILLEGAL_STATE")));
    let code = shop.reseller.code(
        "cancelTariffImport",
        "CancelTariffImportInput",
        json!({ "importId": id }),
        "import { id }",
    );
    assert_eq!(code.await, "ILLEGAL_STATE");
    nothing_is_spooled(&shop).await;
    shop.finish().await;
});

on_both!(an_import_may_schedule_each_date_of_its_file, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let id = tariff(&shop).await;
    let input = json!({ "tariffId": id, "byDate": true, "effectiveAt": "2090-01-01T00:00:00Z" });
    let code = shop.reseller.code("createTariffImport", "CreateTariffImportInput", input, "import { id }");
    assert_eq!(code.await, "INVALID_INPUT");
    let day = |days| (shop.server.app.clock.now() + TimeDelta::days(days)).date_naive();
    let deck = format!(
        "Code,Destination,Rate,Effective Date\n44,Place,0.21,\n55,Place,0.12,{}\n55,Place,0.13,{}\n",
        day(2),
        day(9)
    );
    let job = create(&shop, json!({ "tariffId": id, "byDate": true })).await;
    upload(&shop.server, &job, deck).await;
    let done = reaches(&shop, &text(&job["id"]), "DONE").await;
    let version = &done["version"];
    assert_eq!(
        (&version["number"], &version["state"], &version["rateCount"]),
        (&json!(3), &json!("SCHEDULED"), &json!(2)),
        "{done}"
    );
    let made = json!([
        { "number": 1, "state": "ACTIVE" },
        { "number": 2, "state": "SCHEDULED" },
        { "number": 3, "state": "SCHEDULED" },
    ]);
    assert_eq!(done["scheduled"], made, "{done}");
    nothing_is_spooled(&shop).await;
    shop.finish().await;
});

on_both!(an_import_may_name_the_hash_of_its_file, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let id = tariff(&shop).await;
    let file = canonical(1);
    let hash = digest(&file).to_uppercase();
    let job = create(&shop, json!({ "tariffId": id, "sha256": hash })).await;
    // the file changed after its hash was computed
    let (status, answer) = put(&shop.server, &text(&job["uploadUrl"]), canonical(2)).await;
    assert_eq!(
        (status, &answer["errors"][0]["extensions"]["code"]),
        (400, &json!("INVALID_INPUT")),
        "{answer}"
    );
    assert_eq!(find(&shop, &text(&job["id"])).await["state"], "UPLOAD");
    upload(&shop.server, &job, file).await;
    reaches(&shop, &text(&job["id"]), "DONE").await;
    let input = json!({ "tariffId": id, "sha256": "abc" });
    let kind = "CreateTariffImportInput";
    assert_eq!(shop.reseller.code("createTariffImport", kind, input, "import { id }").await, "INVALID_INPUT");
    nothing_is_spooled(&shop).await;
    shop.finish().await;
});

on_both!(a_question_is_answered_without_a_second_upload, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let at = chrono::Utc::now() + TimeDelta::days(3);
    let job = create(&shop, json!({ "tariffId": tariff, "effectiveAt": at })).await;
    let id = text(&job["id"]);
    upload(&shop.server, &job, DECK).await;
    let asks = reaches(&shop, &id, "ASKS").await;
    assert_eq!(asks["questions"][0]["code"], "DATE_ORDER", "{asks}");
    assert!(asks["version"].is_null() && asks["changes"].is_null(), "{asks}");
    assert_eq!(spooled(&shop).len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = shop.server.app.config.imports.folder.join(&spooled(&shop)[0]);
        let mode = std::fs::metadata(file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only the server may read the file");
    }
    let mapping = &asks["questions"][0]["answers"][0]["mapping"];
    let input = json!({ "importId": id, "mapping": mapping });
    shop.reseller
        .did("answerTariffImport", "AnswerTariffImportInput", input.clone(), "import { state }")
        .await;
    let done = reaches(&shop, &id, "DONE").await;
    assert_eq!(done["version"]["rateCount"], 3, "{done}");
    assert_eq!(done["version"]["state"], "SCHEDULED", "{done}");
    let code =
        shop.reseller.code("answerTariffImport", "AnswerTariffImportInput", input, "import { id }").await;
    assert_eq!(code, "ILLEGAL_STATE");
    nothing_is_spooled(&shop).await;
    shop.finish().await;
});

on_both!(a_bad_deck_a_dry_run_and_a_canceled_import_leave_no_version, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let job = create(&shop, json!({ "tariffId": tariff })).await;
    upload(&shop.server, &job, format!("{}351-352,Portugal,0.05,0,60,60\n", canonical(1))).await;
    let failed = reaches(&shop, &text(&job["id"]), "FAILED").await;
    assert_eq!(failed["error"]["code"], "BAD_DECK", "{failed}");
    assert_eq!(failed["problems"][0]["code"], "PREFIX_AMBIGUOUS", "{failed}");
    assert!(failed["version"].is_null() && failed["endedAt"].is_string(), "{failed}");

    let job = create(&shop, json!({ "tariffId": tariff, "dryRun": true })).await;
    upload(&shop.server, &job, canonical(10)).await;
    let checked = reaches(&shop, &text(&job["id"]), "CHECKED").await;
    assert_eq!((&checked["version"], &checked["changes"]["added"]), (&Value::Null, &json!(10)), "{checked}");

    let job = create(&shop, json!({ "tariffId": tariff })).await;
    upload(&shop.server, &job, DECK).await;
    let id = text(&job["id"]);
    reaches(&shop, &id, "ASKS").await;
    let input = json!({ "importId": id });
    shop.reseller.did("cancelTariffImport", "CancelTariffImportInput", input, "import { state }").await;
    assert_eq!(find(&shop, &id).await["state"], "CANCELED");
    // only the file of the dry run is kept
    are_spooled(&shop, 1).await;
    let versions = "query($id: ID!) { tariff(id: $id) { versions(first: 5) { totalCount } } }";
    let versions = shop.reseller.ok(versions, json!({ "id": tariff })).await;
    assert_eq!(versions["tariff"]["versions"]["totalCount"], 0);
    shop.finish().await;
});

on_both!(a_subscription_tells_each_change, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let job = create(&shop, json!({ "tariffId": tariff })).await;
    let mut socket = Socket::open(shop.server.http, shop.reseller.token()).await;
    let query = "subscription($id: ID!) { tariffImport(id: $id) { state rowsRead version { rateCount } } }";
    socket.subscribe("1", query, json!({ "id": job["id"] })).await;
    assert_eq!(socket.next().await["tariffImport"]["state"], "UPLOAD");
    upload(&shop.server, &job, canonical(100)).await;
    let mut states = Vec::new();
    loop {
        let message = socket.receive().await;
        if message["type"] == "complete" {
            break;
        }
        states.push(message["payload"]["data"]["tariffImport"].clone());
    }
    let last = states.last().expect("a message");
    assert_eq!((&last["state"], &last["version"]["rateCount"]), (&json!("DONE"), &json!(100)), "{states:?}");
    shop.finish().await;
});

on_both!(a_subscription_tells_the_start_after_a_check, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let mut socket = Socket::open(shop.server.http, shop.reseller.token()).await;
    let query = "subscription($id: ID!) { tariffImport(id: $id) { state } }";
    let (one, two) = (
        checked::checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &canonical(1)).await,
        checked::checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &canonical(1)).await,
    );
    socket.subscribe("1", query, json!({ "id": one })).await;
    assert_eq!(socket.next().await["tariffImport"]["state"], "CHECKED");
    assert_eq!(checked::start(&shop, &one).await, "none");
    assert_eq!(states(&mut socket).await.last(), Some(&json!("DONE")));

    // if the server no longer has the file, the import cannot be started, and the subscription ends
    socket.subscribe("2", query, json!({ "id": two })).await;
    assert_eq!(socket.next().await["tariffImport"]["state"], "CHECKED");
    let row = find_row(&shop, &two).await;
    let node = row.node.expect("a node");
    let forget = shop
        .server
        .app
        .store
        .write(|tx| async move { store::tariff_imports::forget(&tx, node, &[row.id]).await });
    forget.await.expect("the file is forgotten");
    assert_eq!(states(&mut socket).await.last(), Some(&json!("CHECKED")));

    // the end of the time in which an import can be started is not announced
    let three = checked::checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &canonical(1)).await;
    let expires_at = shop.server.app.clock.now() + TimeDelta::milliseconds(500);
    update(&shop, tariff_import::Model { expires_at, ..find_row(&shop, &three).await }).await;
    socket.subscribe("3", query, json!({ "id": three })).await;
    let seen = states(&mut socket).await;
    assert!(!seen.is_empty() && seen.iter().all(|state| state == "CHECKED"), "{seen:?}");
    shop.finish().await;
});

/// The states that a subscription tells until it ends.
async fn states(socket: &mut Socket) -> Vec<Value> {
    let mut states = Vec::new();
    loop {
        let message = socket.receive().await;
        if message["type"] == "complete" {
            return states;
        }
        states.push(message["payload"]["data"]["tariffImport"]["state"].clone());
    }
}

async fn find_row(shop: &Shop, id: &str) -> tariff_import::Model {
    let id = graphql::scalars::parse_any(&id.into()).expect("an id").1;
    let query = tariff_import::Entity::find_by_id(id);
    query.one(shop.server.app.store.reader()).await.expect("a query").expect("a job")
}

/// The newest job's row.
async fn newest(shop: &Shop) -> tariff_import::Model {
    let query = tariff_import::Entity::find().order_by_desc(tariff_import::Column::Id);
    query.one(shop.server.app.store.reader()).await.expect("a query").expect("a job")
}

async fn update(shop: &Shop, row: tariff_import::Model) {
    let update = |tx: store::Tx| {
        let row = row.clone().into_active_model().reset_all();
        async move { Ok(row.update(tx.conn()).await.map(drop)?) }
    };
    shop.server.app.store.write(update).await.expect("an update");
}

on_both!(a_job_whose_node_died_asks_for_its_file_again, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let app = &shop.server.app;
    let tariff = tariff(&shop).await;
    let job = create(&shop, json!({ "tariffId": tariff })).await;
    let id = text(&job["id"]);
    let row = newest(&shop).await;
    let long_ago = app.clock.now() - TimeDelta::seconds(31);
    let (state, node) = (ImportState::Reading, Some(Uuid::now_v7()));
    update(&shop, tariff_import::Model { state, node, heartbeat_at: long_ago, ..row }).await;
    worker::rescue(app).await.expect("a rescue");
    let again = find(&shop, &id).await;
    assert_eq!(again["state"], "UPLOAD_AGAIN", "{again}");
    upload(&shop.server, &again, canonical(5)).await;
    assert_eq!(reaches(&shop, &id, "DONE").await["version"]["rateCount"], 5);

    // if no file is uploaded in time, the job ends
    let job = create(&shop, json!({ "tariffId": tariff })).await;
    let row = newest(&shop).await;
    update(&shop, tariff_import::Model { expires_at: long_ago, ..row }).await;
    worker::rescue(app).await.expect("a rescue");
    let failed = find(&shop, &text(&job["id"])).await;
    assert_eq!((&failed["state"], &failed["error"]["code"]), (&json!("FAILED"), &json!("ILLEGAL_STATE")));
    let row = newest(&shop).await;
    let ended_at = Some(app.clock.now() - TimeDelta::days(31));
    update(&shop, tariff_import::Model { ended_at, ..row }).await;
    retention::maintain(app).await.expect("the maintenance succeeds");
    assert!(find(&shop, &text(&job["id"])).await.is_null(), "an old job must be deleted");
    shop.finish().await;
});

on_both!(a_login_that_ended_imports_nothing, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let expires_at = chrono::Utc::now() + TimeDelta::days(1);
    let input = json!({ "name": "Script", "scopes": ["TARIFFS_WRITE"], "expiresAt": expires_at });
    let made =
        shop.reseller.did("createApiToken", "CreateApiTokenInput", input, "token apiToken { id }").await;
    let script = shop.reseller.with_token(&text(&made["token"]));
    let begin = async || {
        let input = json!({ "tariffId": tariff });
        script.did("createTariffImport", "CreateTariffImportInput", input, "import { id uploadUrl }").await
            ["import"]
            .clone()
    };
    let (first, second) = (begin().await, begin().await);
    upload(&shop.server, &first, canonical(2)).await;
    reaches(&shop, &text(&first["id"]), "DONE").await;
    let input = json!({ "apiTokenId": made["apiToken"]["id"] });
    shop.reseller.did("revokeApiToken", "RevokeApiTokenInput", input, "apiToken { id }").await;
    upload(&shop.server, &second, canonical(2)).await;
    let failed = reaches(&shop, &text(&second["id"]), "FAILED").await;
    assert_eq!(failed["error"]["code"], "FORBIDDEN", "{failed}");
    shop.finish().await;
});

on_both!(a_mapping_is_saved_for_the_next_deck, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let save = async |name: &str, mapping: &str| {
        let input = json!({ "name": name, "mapping": mapping });
        shop.reseller
            .did("saveTariffMapping", "SaveTariffMappingInput", input, "mapping { id name mapping }")
            .await["mapping"]
            .clone()
    };
    let first = save("Carrier", r#"{"date_order": "mdy"}"#).await;
    let saved = save("Carrier", r#"{"date_order": "dmy"}"#).await;
    assert_eq!(saved["id"], first["id"], "the name must have only one mapping");
    let stored: Value = serde_json::from_str(&text(&saved["mapping"])).expect("JSON");
    assert_eq!(stored, json!({ "date_order": "dmy" }));
    let job = create(&shop, json!({ "tariffId": tariff, "mappingId": saved["id"], "dryRun": true })).await;
    upload(&shop.server, &job, DECK).await;
    let checked = reaches(&shop, &text(&job["id"]), "CHECKED").await;
    assert_eq!(checked["changes"]["added"], 3, "{checked}");
    let input = json!({ "tariffId": tariff, "csv": DECK });
    let fields = "questions { code } version { rateCount }";
    let asked = shop.reseller.tried("importTariff", "ImportTariffInput", input.clone(), fields).await;
    assert_eq!(asked["questions"][0]["code"], "DATE_ORDER", "{asked}");
    let input = json!({ "tariffId": tariff, "csv": DECK, "mappingId": saved["id"] });
    let made = shop.reseller.did("importTariff", "ImportTariffInput", input, fields).await;
    assert_eq!((&made["questions"], &made["version"]["rateCount"]), (&json!([]), &json!(3)), "{made}");
    let list = "{ tariffMappings(first: 5) { nodes { name } } }";
    assert_eq!(
        shop.reseller.ok(list, json!({})).await["tariffMappings"]["nodes"],
        json!([{ "name": "Carrier" }])
    );
    assert_eq!(shop.distributor.ok(list, json!({})).await["tariffMappings"]["nodes"], json!([]));

    let file = shop.server.dir().join("deck.csv");
    std::fs::write(&file, DECK).expect("a file");
    let arguments = ["--tariff", &tariff, &file.display().to_string(), "--dry-run", "--json", "--mapping"];
    let done = crate::carrier_decks::command(&shop, &[&arguments[..], &["Carrier"]].concat()).await;
    assert!(done.status.success(), "{done:?}");
    let unknown = crate::carrier_decks::command(&shop, &[&arguments[..], &["Nobody"]].concat()).await;
    assert!(
        String::from_utf8_lossy(&unknown.stderr).contains("neither a file nor a saved mapping"),
        "{unknown:?}"
    );

    let bad = json!({ "name": "Bad", "mapping": "{\"prise\": 1}" });
    assert_eq!(
        shop.reseller.code("saveTariffMapping", "SaveTariffMappingInput", bad, "mapping { id }").await,
        "INVALID_INPUT"
    );
    let input = json!({ "name": "Carrier" });
    let delete = |input| {
        shop.reseller.code("deleteTariffMapping", "DeleteTariffMappingInput", input, "mapping { id }")
    };
    shop.reseller
        .did("deleteTariffMapping", "DeleteTariffMappingInput", input.clone(), "mapping { id }")
        .await;
    assert_eq!(delete(input).await, "INVALID_INPUT");
    shop.finish().await;
});
