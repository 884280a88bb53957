//! Tests uploads that are too large or hostile, or come too early, and the facts that imports show about their files.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use chrono::TimeDelta;
use entity::{ImportState, tariff_import};
use serde_json::{Value, json};
use tests::on_both;
use tests::shop::{Shop, text};
use tests::{Backend, Client, TestServer};

use super::checked::{checked, start};
use super::{
    DECK, are_spooled, canonical, create, find, find_row, nothing_is_spooled, put, reaches, spooled, tariff,
    update, upload,
};

on_both!(files_that_are_too_large_are_refused_while_they_arrive, |backend: Backend| async move {
    let server = TestServer::start(backend, |config| {
        config.limits.upload_bytes = 1_000_000;
        config.imports.spool_bytes = 1_000_000;
    })
    .await;
    let shop = Shop::on(server, 1).await;
    let tariff = tariff(&shop).await;
    let job = create(&shop, json!({ "tariffId": tariff })).await;
    let (status, answer) = put(&shop.server, &text(&job["uploadUrl"]), vec![b'1'; 1_000_001]).await;
    assert_eq!(
        (status, &answer["errors"][0]["extensions"]["code"]),
        (400, &json!("INVALID_INPUT")),
        "{answer}"
    );
    nothing_is_spooled(&shop).await;
    // one file fills the folder; the next one must wait
    let asking = create(&shop, json!({ "tariffId": tariff })).await;
    let padded = format!("{DECK}{}", "\n".repeat(900_000));
    upload(&shop.server, &asking, padded).await;
    reaches(&shop, &text(&asking["id"]), "ASKS").await;
    let (status, answer) = put(&shop.server, &text(&job["uploadUrl"]), vec![b'1'; 200_000]).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (503, &json!("OVERLOADED")), "{answer}");
    let input = json!({ "importId": asking["id"] });
    shop.reseller.did("cancelTariffImport", "CancelTariffImportInput", input, "import { state }").await;
    nothing_is_spooled(&shop).await;
    upload(&shop.server, &job, canonical(3)).await;
    reaches(&shop, &text(&job["id"]), "DONE").await;

    // a file that was only checked makes room for a new file
    let mapping = json!({ "date_order": "dmy" }).to_string();
    let input = json!({ "tariffId": tariff, "dryRun": true, "mapping": mapping });
    let large = checked(&shop, input, &format!("{DECK}{}", "\n".repeat(900_000))).await;
    let job = create(&shop, json!({ "tariffId": tariff })).await;
    let mut status = 503;
    for _ in 0..100 {
        status = put(&shop.server, &text(&job["uploadUrl"]), canonical(6_000)).await.0;
        if status != 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status, 202);
    reaches(&shop, &text(&job["id"]), "DONE").await;
    nothing_is_spooled(&shop).await;
    let gone = async || find_row(&shop, &large).await.node.is_none();
    for _ in 0..100 {
        if gone().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(start(&shop, &large).await, "UPLOAD_GONE");
    shop.finish().await;
});

on_both!(hostile_uploads_fail_with_a_reason, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let mut wide = canonical(1);
    wide.push_str(&",".repeat(1_000_000));
    let long = format!("Code;Name;Rate\n351;{};0,05\n", "x".repeat(4_000_000));
    for (file, code) in [
        (wide.into_bytes(), "TOO_MANY_COLUMNS"),
        (long.into_bytes(), "CELL_TOO_LONG"),
        (b"\x1f\x8b\x08broken".to_vec(), "GZIP_INVALID"),
        (b"PK\x03\x04broken".to_vec(), "XLSX_INVALID"),
    ] {
        let job = create(&shop, json!({ "tariffId": tariff })).await;
        upload(&shop.server, &job, file).await;
        let failed = reaches(&shop, &text(&job["id"]), "FAILED").await;
        assert_eq!(failed["problems"][0]["code"], code, "{failed}");
        assert_eq!(failed["error"]["code"], "BAD_DECK", "{failed}");
    }
    shop.finish().await;
});

on_both!(files_and_mappings_with_nul_are_stored_or_refused, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    // whether the reader understands the rest, asks, or refuses, the import ends, and nothing that is stored has NUL
    for file in [
        "Code;Name;Ra\0te\n351;Portugal;0.05\n",
        "Code;Name;Rate\n351;Portu\0gal;0.05\n",
        "Code;Name;Rate\n351;Portugal;0.0\x005\n",
        &DECK.replace("España móvil", "Espa\0ña"),
        &canonical(2).replace("Somewhere 0", "Some\0where"),
        &canonical(2).replace("0.000001", "0.0\x0001"),
    ] {
        let job = create(&shop, json!({ "tariffId": tariff })).await;
        upload(&shop.server, &job, file.to_owned()).await;
        let id = text(&job["id"]);
        let ended = async || {
            let job = find(&shop, &id).await;
            ["ASKS", "DONE", "FAILED"].contains(&text(&job["state"]).as_str()).then_some(job)
        };
        let ended = tests::sip::eventually("the import ends", ended).await;
        assert!(!ended.to_string().contains("\\u0000"), "{ended}");
    }

    let harmless = json!({ "harmless": ["a\0b"] }).to_string();
    let input = json!({ "tariffId": tariff, "mapping": harmless });
    let code = shop.reseller.code("createTariffImport", "CreateTariffImportInput", input, "import { id }");
    assert_eq!(code.await, "INVALID_INPUT");
    for mapping in [harmless, json!({ "sheet": "\0" }).to_string()] {
        let input = json!({ "name": "Carrier", "mapping": mapping });
        let code = shop.reseller.code("saveTariffMapping", "SaveTariffMappingInput", input, "mapping { id }");
        assert_eq!(code.await, "INVALID_INPUT", "{mapping}");
    }
    shop.finish().await;
});

/// A named pipe in place of an uploaded file.
struct Pipe(PathBuf);

impl Pipe {
    fn in_place_of(file: PathBuf) -> Self {
        std::fs::remove_file(&file).expect("the file is deleted");
        let made = Command::new("mkfifo").arg(&file).status().expect("mkfifo runs");
        assert!(made.success());
        Self(file)
    }
}

impl Drop for Pipe {
    /// Frees a node that waits for a writer. Otherwise, a test that fails early would never end, because its runtime waits for the node's thread.
    fn drop(&mut self) {
        // Linux opens a pipe for both directions without waiting (fifo(7))
        let both = OpenOptions::new().read(true).write(true).open(&self.0);
        std::fs::remove_file(&self.0).ok();
        drop(both);
    }
}

on_both!(a_node_takes_no_file_for_an_import_while_it_reads_the_former_file, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let id = checked(&shop, json!({ "tariffId": tariff, "dryRun": true }), &canonical(2)).await;
    // a pipe in place of the file makes the node read until the test closes the pipe
    let file = Pipe::in_place_of(shop.server.app.config.imports.folder.join(&spooled(&shop)[0]));
    assert_eq!(start(&shop, &id).await, "none");
    let open = async || tokio::net::unix::pipe::OpenOptions::new().open_sender(&file.0).ok();
    let pipe = tests::sip::eventually("the node reads the pipe", open).await;

    // the node does not report that it is alive, and another node makes the import ask for its file again
    let row = find_row(&shop, &id).await;
    let state = ImportState::UploadAgain;
    update(&shop, tariff_import::Model { state, node: None, report: None, ..row }).await;
    are_spooled(&shop, 0).await;
    let again = find(&shop, &id).await;
    let (status, answer) = put(&shop.server, &text(&again["uploadUrl"]), canonical(5)).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (503, &json!("OVERLOADED")), "{answer}");
    assert_eq!(find(&shop, &id).await["state"], "UPLOAD_AGAIN");

    // an upload that waits when the work ends is received
    let url = text(&again["uploadUrl"]);
    let ((status, answer), ()) = tokio::join!(put(&shop.server, &url, canonical(5)), async { drop(pipe) });
    assert_eq!(status, 202, "{answer}");
    assert_eq!(reaches(&shop, &id, "DONE").await["version"]["rateCount"], 5);
    nothing_is_spooled(&shop).await;
    shop.finish().await;
});

on_both!(an_import_shows_its_file_and_its_creator, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = tariff(&shop).await;
    let fields = "fileName rowCount byDate note createdBy { name } apiToken { name }";
    let shown = async |client: &Client, id: &Value| client.object("tariffImport", &text(id), fields).await;
    let day = (shop.server.app.clock.now() + TimeDelta::days(2)).date_naive();
    let deck = format!("Code,Destination,Rate,Effective Date\n44,Place,0.21,\n55,Place,0.12,{day}\n\n");
    let input =
        json!({ "tariffId": tariff, "byDate": true, "note": "May", "fileName": "C:\\decks\\maio ção.csv" });
    let job = create(&shop, input).await;
    let me = shop.reseller.ok("{ viewer { name } }", json!({})).await["viewer"].take();
    let mut expected = json!({ "fileName": "maio ção.csv", "rowCount": null, "byDate": true, "note": "May", "createdBy": me, "apiToken": null });
    assert_eq!(shown(&shop.reseller, &job["id"]).await, expected);
    // the upload may name the file, too; the extended form may have any characters
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{}{}", shop.server.http, text(&job["uploadUrl"]));
    let header = "attachment; filename=\"june.csv\"; filename*=UTF-8''j%C3%BAnio.csv";
    let answer =
        http.put(url).header("content-disposition", header).body(deck).send().await.expect("an answer");
    assert_eq!(answer.status(), 202);
    reaches(&shop, &text(&job["id"]), "DONE").await;
    (expected["fileName"], expected["rowCount"]) = (json!("júnio.csv"), json!(2));
    assert_eq!(shown(&shop.reseller, &job["id"]).await, expected);
    for bad in ["", "decks/", &"x".repeat(256)] {
        let input = json!({ "tariffId": tariff, "fileName": bad });
        let code =
            shop.reseller.code("createTariffImport", "CreateTariffImportInput", input, "import { id }");
        assert_eq!(code.await, "INVALID_INPUT", "{bad:?}");
    }

    let expires_at = shop.server.app.clock.now() + TimeDelta::days(1);
    let input = json!({ "name": "Script", "scopes": ["TARIFFS_WRITE"], "expiresAt": expires_at });
    let made = shop.reseller.did("createApiToken", "CreateApiTokenInput", input, "token").await;
    let script = shop.reseller.with_token(&text(&made["token"]));
    let input = json!({ "tariffId": tariff });
    let fields = "import { id uploadUrl fileName }";
    let job = script.did("createTariffImport", "CreateTariffImportInput", input.clone(), fields).await;
    assert_eq!(job["import"]["fileName"], json!(null));
    upload(&shop.server, &job["import"], canonical(3)).await;
    reaches(&shop, &text(&job["import"]["id"]), "DONE").await;
    expected = json!({ "fileName": null, "rowCount": 3, "byDate": false, "note": "", "createdBy": me, "apiToken": { "name": "Script" } });
    assert_eq!(shown(&shop.reseller, &job["import"]["id"]).await, expected);

    // the reseller does not see the platform's users
    let job = shop.admin.did("createTariffImport", "CreateTariffImportInput", input, "import { id }").await;
    let id = &job["import"]["id"];
    assert_eq!(shown(&shop.reseller, id).await["createdBy"], json!(null));
    assert!(shown(&shop.admin, id).await["createdBy"]["name"].is_string());
    shop.finish().await;
});
