//! Tests dry runs whose files the server keeps: they are started without a second upload, discarded, or lose their files.

use app::tariffs::imports::worker::{self, Pace};
use chrono::TimeDelta;
use entity::tariff_import;
use serde_json::{Value, json};
use tests::Backend;
use tests::on_both;
use tests::shop::{Shop, text};
use uuid::Uuid;

use super::{
    DECK, are_spooled, canonical, create, find, find_row, newest, nothing_is_spooled, reaches, tariff,
    update, upload,
};

const HEADER: &str = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment";

/// The code with which starting a checked import fails, or `none`.
pub(super) async fn start(shop: &Shop, id: &str) -> String {
    let input = json!({ "importId": id });
    shop.reseller.code("startTariffImport", "StartTariffImportInput", input, "import { id }").await
}

/// The changed rates of an import, as kind, prefix and the prices before and after.
pub(super) async fn changed(shop: &Shop, id: &str, arguments: &str) -> Value {
    let fields = format!(
        "changedRates({arguments}) {{ totalCount nodes {{ kind prefix before {{ pricePerMinute {{ amount }} }} \
            after {{ pricePerMinute {{ amount }} }} }} }}"
    );
    shop.reseller.object("tariffImport", id, &fields).await["changedRates"].take()
}

/// A job whose dry run with this file has succeeded.
pub(super) async fn checked(shop: &Shop, input: Value, file: &str) -> String {
    let job = create(shop, input).await;
    upload(&shop.server, &job, file.to_owned()).await;
    let id = text(&job["id"]);
    reaches(shop, &id, "CHECKED").await;
    id
}

/// A job by date whose dry run has succeeded, and another job that waits for the same file. If both make versions, the versions conflict, because the
/// file has one date in the future.
pub(super) struct Rivals {
    pub(super) id: String,
    pub(super) other: Value,
    pub(super) file: String,
}

impl Rivals {
    pub(super) async fn new(shop: &Shop) -> Self {
        let tariff = tariff(shop).await;
        put_in_force(shop, &tariff).await;
        let day = (shop.server.app.clock.now() + TimeDelta::days(2)).date_naive();
        let file = format!("Code,Destination,Rate,Effective Date\n34,E,0.12,{day}\n");
        let mut input = json!({ "tariffId": tariff, "byDate": true, "mode": "MERGE" });
        let other = create(shop, input.clone()).await;
        input["dryRun"] = json!(true);
        Self { id: checked(shop, input, &file).await, other, file }
    }
}

/// Puts a version with three prices of 0.10 in force.
pub(super) async fn put_in_force(shop: &Shop, tariff: &str) {
    let csv = format!("{HEADER}\n33,F,0.10,0,1,1\n34,E,0.10,0,1,1\n35,P,0.10,0,1,1\n");
    let input = json!({ "tariffId": tariff, "csv": csv });
    let made = shop.reseller.did("importTariff", "ImportTariffInput", input, "version { id }").await;
    let input = json!({ "versionId": made["version"]["id"] });
    shop.reseller.did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await;
}

on_both!(a_checked_import_is_started_without_a_second_upload, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    put_in_force(&shop, &tariff).await;
    let file = format!("{HEADER}\n34,E,0.12,0,1,1\n35,P,0.10,0,1,1\n36,H,0.13,0,1,1\n");
    let id = checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &file).await;
    let price = |amount: &str| json!({ "pricePerMinute": { "amount": amount } });
    let expected = json!({ "totalCount": 3, "nodes": [
        { "kind": "REMOVED", "prefix": "33", "before": price("0.1"), "after": null },
        { "kind": "RAISED", "prefix": "34", "before": price("0.1"), "after": price("0.12") },
        { "kind": "ADDED", "prefix": "36", "before": null, "after": price("0.13") },
    ] });
    assert_eq!(changed(&shop, &id, "first: 5").await, expected);
    assert_eq!(changed(&shop, &id, "last: 1").await["nodes"], json!([expected["nodes"][2]]));
    let raised = changed(&shop, &id, "first: 5, kind: RAISED").await;
    assert_eq!(raised, json!({ "totalCount": 1, "nodes": [expected["nodes"][1]] }));

    // a dry run that was checked can be found again, and started once
    let list =
        "query($id: ID!) { tariff(id: $id) { imports(first: 5) { totalCount nodes { id state dryRun } } } }";
    let listed = shop.reseller.ok(list, json!({ "id": tariff })).await["tariff"]["imports"].take();
    assert_eq!(
        listed,
        json!({ "totalCount": 1, "nodes": [{ "id": id, "state": "CHECKED", "dryRun": true }] })
    );
    let at = shop.server.app.clock.now() + TimeDelta::days(3);
    let input = json!({ "importId": id, "effectiveAt": at });
    shop.reseller.did("startTariffImport", "StartTariffImportInput", input, "import { state }").await;
    assert_eq!(start(&shop, &id).await, "ILLEGAL_STATE");
    let done = reaches(&shop, &id, "DONE").await;
    let version = &done["version"];
    assert_eq!((&version["state"], &version["rateCount"]), (&json!("SCHEDULED"), &json!(3)), "{done}");
    assert_eq!(changed(&shop, &id, "first: 5").await, json!({ "totalCount": 0, "nodes": [] }));
    nothing_is_spooled(&shop).await;

    // the newest import comes first, and only the owner of the tariff sees imports
    let second = create(&shop, json!({ "tariffId": tariff })).await;
    let listed = shop.reseller.ok(list, json!({ "id": tariff })).await["tariff"]["imports"].take();
    assert_eq!((&listed["totalCount"], &listed["nodes"][0]["id"]), (&json!(2), &second["id"]), "{listed}");
    let cost = shop.reseller.object("account", &shop.reseller_id, "costTariff { id }").await;
    let cost = &cost["costTariff"]["id"];
    let input = json!({ "tariffId": cost });
    shop.distributor.did("createTariffImport", "CreateTariffImportInput", input, "import { id }").await;
    let seen = async |client: &tests::Client| {
        client.ok(list, json!({ "id": cost })).await["tariff"]["imports"]["totalCount"].take()
    };
    assert_eq!((seen(&shop.distributor).await, seen(&shop.reseller).await), (json!(1), json!(0)));
    shop.finish().await;
});

on_both!(a_checked_import_whose_file_is_gone_cannot_be_started, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let app = &shop.server.app;
    let tariff = tariff(&shop).await;
    let mapping = json!({ "date_order": "dmy" }).to_string();
    let input = json!({ "tariffId": tariff, "dryRun": true, "mapping": mapping });
    let id = checked(&shop, input.clone(), DECK).await;
    let found = shop.reseller.object("tariffImport", &id, "mapping dryRun").await;
    assert_eq!(found, json!({ "mapping": "{\"date_order\":\"dmy\"}", "dryRun": true }));
    let row = newest(&shop).await;
    let long_ago = app.clock.now() - TimeDelta::seconds(151);
    update(&shop, tariff_import::Model { expires_at: long_ago, ..row }).await;
    assert_eq!(start(&shop, &id).await, "UPLOAD_GONE");
    nothing_is_spooled(&shop).await;
    assert_eq!(find(&shop, &id).await["state"], "CHECKED");

    // the file is lost if its node has died
    let id = checked(&shop, input, DECK).await;
    let row = newest(&shop).await;
    let node = Some(Uuid::now_v7());
    update(&shop, tariff_import::Model { node, heartbeat_at: long_ago, ..row.clone() }).await;
    assert_eq!(start(&shop, &id).await, "UPLOAD_GONE");
    nothing_is_spooled(&shop).await;
    // if the file is deleted just before the start, the import asks for the file
    update(&shop, row).await;
    assert_eq!(start(&shop, &id).await, "none");
    let again = reaches(&shop, &id, "UPLOAD_AGAIN").await;
    assert!(again["uploadUrl"].is_string(), "{again}");
    upload(&shop.server, &again, DECK).await;
    assert_eq!(reaches(&shop, &id, "DONE").await["version"]["rateCount"], 3);
    nothing_is_spooled(&shop).await;
    shop.finish().await;
});

on_both!(a_started_import_that_fails_can_be_started_again, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let Rivals { id, other, file } = Rivals::new(&shop).await;
    let before = changed(&shop, &id, "first: 5").await;
    assert_eq!(before["totalCount"], 1, "{before}");
    let until = find_row(&shop, &id).await.expires_at;
    // another import schedules a version for the same day
    upload(&shop.server, &other, file).await;
    let other = reaches(&shop, &text(&other["id"]), "DONE").await;
    assert_eq!(start(&shop, &id).await, "none");
    let failed = reaches(&shop, &id, "CHECKED").await;
    assert_eq!(failed["error"]["code"], "SCHEDULE_CONFLICT", "{failed}");
    assert_eq!(failed["changes"], json!({ "added": 0, "removed": 0 }), "{failed}");
    assert!(failed["version"].is_null() && failed["endedAt"].is_string(), "{failed}");
    assert_eq!(shop.reseller.object("tariffImport", &id, "dryRun").await["dryRun"], true);
    assert_eq!(changed(&shop, &id, "first: 5").await, before);
    assert_eq!(find_row(&shop, &id).await.expires_at, until, "a start does not prolong the time");
    are_spooled(&shop, 1).await;

    let input = json!({ "versionId": other["version"]["id"] });
    shop.reseller.did("cancelTariffVersion", "CancelTariffVersionInput", input, "version { id }").await;
    assert_eq!(start(&shop, &id).await, "none");
    let done = reaches(&shop, &id, "DONE").await;
    assert_eq!((&done["error"], &done["version"]["state"]), (&Value::Null, &json!("SCHEDULED")), "{done}");
    nothing_is_spooled(&shop).await;
    shop.finish().await;
});

on_both!(a_checked_import_is_discarded_with_its_file, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let id = checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &canonical(2)).await;
    assert_eq!(changed(&shop, &id, "first: 5").await["totalCount"], 2);
    let input = json!({ "importId": id });
    let cancel = || {
        shop.reseller.code("cancelTariffImport", "CancelTariffImportInput", input.clone(), "import { id }")
    };
    assert_eq!(cancel().await, "none");
    let discarded = find(&shop, &id).await;
    assert_eq!(discarded["state"], "CANCELED", "{discarded}");
    assert_eq!(changed(&shop, &id, "first: 5").await, json!({ "totalCount": 0, "nodes": [] }));
    nothing_is_spooled(&shop).await;
    assert_eq!(
        (start(&shop, &id).await, cancel().await),
        ("ILLEGAL_STATE".to_owned(), "ILLEGAL_STATE".to_owned())
    );
    shop.finish().await;
});

on_both!(a_started_import_takes_effect_as_chosen, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let at = shop.server.app.clock.now() + TimeDelta::days(3);
    let scheduled = json!({ "tariffId": tariff, "dryRun": true, "effectiveAt": at });
    let id = checked(&shop, scheduled, &canonical(1)).await;
    let refused = async |mut input: Value| {
        input["importId"] = json!(id);
        let kind = "StartTariffImportInput";
        shop.reseller.code("startTariffImport", kind, input, "import { id }").await
    };
    assert_eq!(refused(json!({ "takeEffect": "DRAFT", "effectiveAt": at })).await, "INVALID_INPUT");
    assert_eq!(refused(json!({ "takeEffect": "NOW", "effectiveAt": at })).await, "INVALID_INPUT");
    assert_eq!(refused(json!({ "takeEffect": "AT" })).await, "INVALID_INPUT");
    let started = async |id: &str, choice: &str| {
        let input = json!({ "importId": id, "takeEffect": choice });
        let fields = "import { effectiveAt }";
        shop.reseller.did("startTariffImport", "StartTariffImportInput", input, fields).await;
        reaches(&shop, id, "DONE").await["version"]["state"].take()
    };
    assert_eq!(started(&id, "DRAFT").await, "DRAFT");
    let id = checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &canonical(1)).await;
    assert_eq!(started(&id, "NOW").await, "ACTIVE");

    let file = "Code,Destination,Rate,Effective Date\n34,E,0.12,\n";
    let by_date = json!({ "tariffId": tariff, "dryRun": true, "byDate": true });
    let id = checked(&shop, by_date, file).await;
    let input = json!({ "importId": id, "takeEffect": "DRAFT" });
    let kind = "StartTariffImportInput";
    let code = shop.reseller.code("startTariffImport", kind, input, "import { id }").await;
    assert_eq!(code, "INVALID_INPUT");
    shop.finish().await;
});

on_both!(a_long_list_of_changes_says_that_it_is_cut_off, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let complete = async |id: &str| {
        shop.reseller.object("tariffImport", id, "changedRatesComplete").await["changedRatesComplete"].take()
    };
    let input = json!({ "tariffId": tariff, "dryRun": true });
    let id = checked(&shop, input.clone(), &canonical(5_001)).await;
    assert_eq!(complete(&id).await, false);
    for (kind, total) in
        [("", 5_001), (", kind: ADDED", 5_001), (", kind: REMOVED", 0), (", kind: UNCHANGED", 0)]
    {
        assert_eq!(changed(&shop, &id, &format!("last: 1{kind}")).await["totalCount"], total, "{kind}");
    }
    let last = &changed(&shop, &id, "last: 1").await["nodes"][0]["prefix"];
    assert_eq!(last, "104999", "the change number 5,001 is not listed");

    let short = checked(&shop, input, &canonical(5_000)).await;
    assert_eq!(complete(&short).await, true);
    let input = json!({ "importId": short });
    shop.reseller.did("cancelTariffImport", "CancelTariffImportInput", input, "import { id }").await;
    assert_eq!(complete(&short).await, Value::Null);
    shop.finish().await;
});

/// Inserts checked imports without files, as if this node had checked them after the given one. The node forgets these imports at its next step.
async fn check_newer(shop: &Shop, row: &tariff_import::Model, count: usize) {
    let rows: Vec<tariff_import::Model> =
        (0..count).map(|_| tariff_import::Model { id: Uuid::now_v7(), ..row.clone() }).collect();
    let insert = |tx: store::Tx| {
        let rows = rows.clone();
        async move {
            for row in rows {
                store::tariff_imports::insert(tx.conn(), row).await?;
            }
            Ok(())
        }
    };
    shop.server.app.store.write(insert).await.expect("the imports are inserted");
    worker::step(&shop.server.app, &mut Pace::default(), true).await.expect("a step");
}

on_both!(a_node_keeps_the_files_of_a_hundred_checked_imports, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let id = checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &canonical(1)).await;
    let row = newest(&shop).await;
    check_newer(&shop, &row, 99).await;
    assert_eq!(find_row(&shop, &id).await.node, row.node, "the file is kept");
    // an import that was started and failed is as new as its failure
    let ended_at = row.ended_at.map(|at| at + TimeDelta::seconds(1));
    update(&shop, tariff_import::Model { ended_at, ..row.clone() }).await;
    check_newer(&shop, &row, 100).await;
    assert_eq!(find_row(&shop, &id).await.node, row.node, "the file is kept");
    are_spooled(&shop, 1).await;
    update(&shop, row.clone()).await;
    check_newer(&shop, &row, 100).await;
    let input = json!({ "importId": id });
    let kind = "StartTariffImportInput";
    let told = shop.reseller.tried("startTariffImport", kind, input, "import { id }").await;
    let error = &told["userErrors"][0];
    let message = "The server no longer has the file. Create another import, and upload the file again.";
    assert_eq!((&error["code"], &error["message"]), (&json!("UPLOAD_GONE"), &json!(message)), "{told}");
    assert_eq!(changed(&shop, &id, "first: 1").await["totalCount"], 0);
    nothing_is_spooled(&shop).await;
    shop.finish().await;
});

on_both!(a_checked_import_sends_heartbeats, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let app = &shop.server.app;
    let tariff = tariff(&shop).await;
    let id = checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &canonical(1)).await;
    let quiet = app.clock.now() - TimeDelta::seconds(149);
    update(&shop, tariff_import::Model { heartbeat_at: quiet, ..newest(&shop).await }).await;
    worker::step(app, &mut Pace::default(), false).await.expect("a step");
    let row = find_row(&shop, &id).await;
    assert!(row.heartbeat_at > quiet + TimeDelta::seconds(100), "{row:?}");
    assert_eq!(start(&shop, &id).await, "none");
    reaches(&shop, &id, "DONE").await;
    shop.finish().await;
});
