//! Tests started imports that lose their files, their logins, or their place on the node.

use app::tariffs::imports::worker::{self, Pace};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{ImportState, tariff_import};
use serde_json::{Value, json};
use store::tariffs::RatePage;
use tests::Backend;
use tests::on_both;
use tests::shop::{Shop, text};
use uuid::Uuid;

use super::checked::{Rivals, changed, checked, start};
use super::{are_spooled, canonical, create, find_row, reaches, spooled, tariff, update, upload};

on_both!(a_started_import_that_lost_its_file_is_no_dry_run_anymore, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let Rivals { id, other, file } = Rivals::new(&shop).await;
    are_spooled(&shop, 1).await;
    // somebody deletes the file
    let path = shop.server.app.config.imports.folder.join(&spooled(&shop)[0]);
    std::fs::remove_file(path).expect("the file is deleted");
    assert_eq!(start(&shop, &id).await, "none");
    let again = reaches(&shop, &id, "UPLOAD_AGAIN").await;
    assert_eq!(again["changes"], Value::Null, "the next file may be another file: {again}");
    assert_eq!(changed(&shop, &id, "first: 5").await, json!({ "totalCount": 0, "nodes": [] }));

    // meanwhile, another import schedules a version for the same day
    upload(&shop.server, &other, file.clone()).await;
    reaches(&shop, &text(&other["id"]), "DONE").await;
    upload(&shop.server, &again, file).await;
    let failed = reaches(&shop, &id, "FAILED").await;
    assert_eq!(failed["error"]["code"], "SCHEDULE_CONFLICT", "{failed}");
    shop.finish().await;
});

/// The versions of a tariff, and what the audit log says about them, newest first.
async fn versions(shop: &Shop, tariff: &str) -> (Value, Value) {
    let query = "query($tariff: ID!, $account: ID!) { tariff(id: $tariff) { versions(first: 5) { nodes { number state } } } \
        auditLog(accountId: $account, first: 2) { nodes { action changes { field after } } } }";
    let variables = json!({ "tariff": tariff, "account": shop.reseller_id });
    let mut found = shop.reseller.ok(query, variables).await;
    (found["tariff"]["versions"]["nodes"].take(), found["auditLog"]["nodes"].take())
}

on_both!(a_version_is_stored_and_put_in_force_in_one_transaction, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let at = shop.server.app.clock.now() + TimeDelta::days(3);
    let id = checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &canonical(2)).await;
    let input = json!({ "importId": id, "takeEffect": "NOW" });
    shop.reseller.did("startTariffImport", "StartTariffImportInput", input, "import { id }").await;
    let done = reaches(&shop, &id, "DONE").await;
    assert_eq!(
        (&done["version"]["state"], &done["changes"]["added"]),
        (&json!("ACTIVE"), &json!(2)),
        "{done}"
    );
    let (_, audited) = versions(&shop, &tariff).await;
    let started = audited[0]["changes"].as_array().expect("changes").iter();
    let started =
        started.filter(|change| change["field"] == "activeFrom" && !change["after"].is_null()).count();
    assert_eq!((&audited[0]["action"], started), (&json!("importTariff"), 1), "{audited}");
    assert_ne!(audited[1]["action"], "importTariff", "{audited}");

    // a version that cannot take effect is stored nevertheless, and the import says why it did not take effect
    let scheduled = json!({ "tariffId": tariff, "effectiveAt": at });
    let first = create(&shop, scheduled.clone()).await;
    let second = create(&shop, scheduled).await;
    upload(&shop.server, &first, canonical(3)).await;
    reaches(&shop, &text(&first["id"]), "DONE").await;
    upload(&shop.server, &second, canonical(4)).await;
    let failed = reaches(&shop, &text(&second["id"]), "FAILED").await;
    assert_eq!(failed["error"]["code"], "SCHEDULE_CONFLICT", "{failed}");
    let (version, changes) = (&failed["version"], &failed["changes"]);
    assert_eq!(
        (&version["state"], &version["rateCount"], &changes["added"]),
        (&json!("DRAFT"), &json!(4), &json!(2))
    );
    let expected = json!([{ "number": 3, "state": "DRAFT" }, { "number": 2, "state": "SCHEDULED" }, { "number": 1, "state": "ACTIVE" }]);
    assert_eq!(versions(&shop, &tariff).await.0, expected);
    shop.finish().await;
});

on_both!(
    an_import_whose_node_dies_after_it_stored_the_version_ends_as_its_version,
    |backend: Backend| async move {
        let shop = Shop::start(backend, 1).await;
        let app = &shop.server.app;
        let tariff = tariff(&shop).await;
        let made =
            create(&shop, json!({ "tariffId": tariff, "effectiveAt": app.clock.now() + TimeDelta::days(3) }))
                .await;
        let id = text(&made["id"]);
        upload(&shop.server, &made, canonical(2)).await;
        reaches(&shop, &id, "DONE").await;
        let row = find_row(&shop, &id).await;
        // the node that stored the version died before it ended the import; its login ended, too
        let stored = async |node: Uuid, heartbeat_at: DateTime<Utc>, error: Option<Value>| {
            let (state, node, auth_session_id, ended_at) = (ImportState::Reading, Some(node), None, None);
            let row = tariff_import::Model {
                state,
                node,
                heartbeat_at,
                auth_session_id,
                error,
                ended_at,
                ..row.clone()
            };
            update(&shop, row).await;
            // the node's own loop may take the same step
            worker::step(app, &mut Pace::default(), true).await.expect("a step");
        };
        let error =
            json!({ "code": "SCHEDULE_CONFLICT", "message": "Version 2 is scheduled for the same time." });
        // another node ends the import, or this node, which could not end it before
        let now = app.clock.now();
        for (node, heartbeat_at) in
            [(Uuid::now_v7(), now - TimeDelta::seconds(31)), (app.imports.node(), now)]
        {
            stored(node, heartbeat_at, None).await;
            let done = reaches(&shop, &id, "DONE").await;
            assert_eq!((&done["error"], &done["changes"]["added"]), (&Value::Null, &json!(2)), "{done}");
            stored(node, heartbeat_at, Some(error.clone())).await;
            let failed = reaches(&shop, &id, "FAILED").await;
            assert_eq!((&failed["error"], &failed["changes"]["added"]), (&error, &json!(2)), "{failed}");
        }
        shop.finish().await;
    }
);

on_both!(a_node_does_not_forget_an_import_that_was_just_started, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let app = &shop.server.app;
    let tariff = tariff(&shop).await;
    let input = json!({ "tariffId": tariff, "dryRun": true });
    let (old, started) =
        (checked(&shop, input.clone(), &canonical(2)).await, checked(&shop, input, &canonical(2)).await);
    let (old_row, row) = (find_row(&shop, &old).await, find_row(&shop, &started).await);
    let (node, ids, row) = (row.node.expect("a node"), &[old_row.id, row.id], &row);
    let left = app.store.write(|tx| async move {
        let reading = tariff_import::Model { state: ImportState::Reading, ..row.clone() };
        store::tariff_imports::update(&tx, reading).await?;
        store::tariff_imports::forget(&tx, node, ids).await?;
        let mut left = Vec::new();
        for id in ids {
            let page = RatePage { after: None, before: None, limit: 5, descending: false, counted: false };
            left.push(store::tariff_imports::changes(tx.conn(), *id, None, page).await?.rows.len());
        }
        // when the transaction ends, the import is a dry run again, so the node does not begin to work on it
        store::tariff_imports::update(&tx, row.clone()).await?;
        Ok(left)
    });
    assert_eq!(left.await.expect("a transaction"), [0, 2]);
    assert_eq!(find_row(&shop, &old).await.node, None);
    shop.finish().await;
});
