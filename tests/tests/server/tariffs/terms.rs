//! Tests changes to a tariff itself: its name, its terms, archiving, and imports that replace the rates of some countries.

use super::*;

const TERMS: &str =
    "tariff(id: $id) { name roundingDecimals roundingMode timeZone bands { name } holidays archivedAt }";

impl Tariff {
    async fn terms(&self) -> Value {
        self.seller().ok(&format!("query($id: ID!) {{ {TERMS} }}"), json!({ "id": self.id })).await["tariff"]
            .take()
    }

    /// Changes the tariff. Returns the payload.
    async fn update(&self, mut input: Value) -> Value {
        input["tariffId"] = json!(self.id);
        let fields = "tariff { name } version { id number state }";
        self.seller().tried("updateTariff", "UpdateTariffInput", input, fields).await
    }

    async fn archive(&self, archived: bool) -> Value {
        let input = json!({ "tariffId": self.id, "archived": archived });
        self.seller().tried("archiveTariff", "ArchiveTariffInput", input, "tariff { archivedAt }").await
    }
}

on_both!(terms_change_with_a_version, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let named = tariff.update(json!({ "name": "Evening" })).await;
    assert_eq!((&named["tariff"]["name"], &named["version"]), (&json!("Evening"), &Value::Null), "{named}");
    let rate = json!([{ "prefix": "55", "destination": "Brazil", "pricePerMinute": "0.1",
        "bandPrices": [{ "band": "night", "pricePerMinute": "0.05" }] }]);
    let input = json!({ "tariffId": tariff.id, "rates": rate });
    let banded =
        tariff.seller().did("upsertRates", "UpsertRatesInput", input, VERSION).await["version"].take();
    assert_eq!(tariff.activate(&banded, None).await, "none");

    let band =
        |name: &str| json!({ "name": name, "weekdays": ["MONDAY"], "from": "20:00:00", "to": "06:00:00" });
    let refused = tariff.update(json!({ "bands": [band("late")] })).await;
    assert_eq!(
        refused["userErrors"][0]["field"],
        json!(["bands"]),
        "a band with rates must not be removed: {refused}"
    );
    for bad in
        [json!({ "roundingDecimals": 7 }), json!({ "roundingDecimals": -1 }), json!({ "timeZone": "Mars" })]
    {
        let refused = tariff.update(bad).await;
        assert_eq!(refused["userErrors"][0]["code"], "INVALID_INPUT", "{refused}");
    }
    let input = json!({ "name": "Late", "bands": [band("night"), band("late")], "roundingDecimals": 2,
        "roundingMode": "UP", "timeZone": "Europe/Lisbon", "holidays": ["2026-12-25"] });
    let done = tariff.update(input).await;
    assert_eq!(
        (&done["tariff"]["name"], &done["version"]["state"]),
        (&json!("Late"), &json!("DRAFT")),
        "{done}"
    );
    // the version shows its terms and the differences, and the audit log has the values
    let query = "query($id: ID!) { tariffVersion(id: $id) { roundingDecimals roundingMode timeZone bands { name } holidays \
        changes { terms unchanged } } }";
    let shown = tariff.seller().ok(query, json!({ "id": done["version"]["id"] })).await;
    let expected = json!({ "roundingDecimals": 2, "roundingMode": "UP", "timeZone": "Europe/Lisbon",
        "bands": [{ "name": "night" }, { "name": "late" }], "holidays": ["2026-12-25"],
        "changes": { "terms": ["ROUNDING", "TIME_ZONE", "BANDS", "HOLIDAYS"], "unchanged": 2 } });
    assert_eq!(shown["tariffVersion"], expected);
    let entries = tariff.seller().account_list(
        "auditLog",
        &tariff.shop.reseller_id,
        1,
        "action changes { field before after }",
    );
    let entry = entries.await.remove(0);
    let changes = entry["changes"].as_array().expect("changes");
    let change =
        |field: &str| changes.iter().find(|change| change["field"] == field).cloned().unwrap_or_default();
    assert_eq!(change("roundingDecimals")["after"], "2", "{entry}");
    assert_eq!(change("timeZone")["after"], "Europe/Lisbon", "{entry}");
    assert!(text(&change("holidays")["after"]).contains("2026-12-25"), "{entry}");
    assert!(text(&change("bands")["after"]).contains("late"), "{entry}");
    let before = tariff.terms().await;
    assert_eq!(
        (&before["roundingDecimals"], &before["name"]),
        (&json!(4), &json!("Late")),
        "the version must be a draft"
    );
    assert_eq!(tariff.activate(&done["version"], None).await, "none");
    let expected = json!({ "name": "Late", "roundingDecimals": 2, "roundingMode": "UP", "timeZone": "Europe/Lisbon",
        "bands": [{ "name": "night" }, { "name": "late" }], "holidays": ["2026-12-25"], "archivedAt": null });
    assert_eq!(tariff.terms().await, expected);
    assert_eq!(tariff.in_force().await, ["44 0.2", "55 0.1"]);
    // nothing changes, so no version is created
    let same = tariff.update(json!({ "roundingDecimals": 2 })).await;
    assert_eq!((&same["version"], &same["userErrors"]), (&Value::Null, &json!([])));
    tariff.shop.finish().await;
});

on_both!(a_tariff_without_a_version_changes_at_once, |backend| async move {
    let mut tariff = Tariff::with(backend, &NOVEMBER).await;
    let input = json!({ "name": unique("tariff") });
    let made = tariff.seller().did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    tariff.id = text(&made["tariff"]["id"]);
    let done = tariff.update(json!({ "roundingDecimals": 1, "holidays": ["2027-01-01"] })).await;
    assert_eq!((&done["version"], &done["userErrors"]), (&Value::Null, &json!([])));
    let terms = tariff.terms().await;
    assert_eq!((&terms["roundingDecimals"], &terms["holidays"]), (&json!(1), &json!(["2027-01-01"])));
    tariff.shop.finish().await;
});

on_both!(an_archived_tariff_is_left_alone, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let draft = tariff.reprice("0.3", None).await;
    let assign = async |id: Value| {
        let input = json!({ "accountId": tariff.shop.id, "tariffId": id, "kind": "RETAIL" });
        tariff.seller().code("assignTariff", "AssignTariffInput", input, "").await
    };
    let listed = async |more: &str| {
        let data = tariff
            .seller()
            .ok(&format!("{{ tariffs(first: 100{more}) {{ nodes {{ id }} }} }}"), json!({}))
            .await;
        data["tariffs"].to_string().contains(&tariff.id)
    };
    assert_eq!(assign(json!(tariff.id)).await, "none");
    let refused = tariff.archive(true).await;
    assert_eq!(refused["userErrors"][0]["code"], "ILLEGAL_STATE", "{refused}");
    assert_eq!(assign(Value::Null).await, "none");
    let done = tariff.archive(true).await;
    assert!(done["tariff"]["archivedAt"].is_string(), "{done}");
    assert_eq!(tariff.archive(true).await, done, "a repeated request must change nothing");
    assert!(!listed("").await && listed(", includeArchived: true").await);

    assert_eq!(assign(json!(tariff.id)).await, "ILLEGAL_STATE");
    assert_eq!(tariff.activate(&draft, None).await, "ILLEGAL_STATE");
    let input = json!({ "tariffId": tariff.id, "prefixes": ["44"] });
    assert_eq!(tariff.seller().code("deleteRates", "DeleteRatesInput", input, "").await, "ILLEGAL_STATE");
    assert_eq!(tariff.update(json!({ "name": "New" })).await["userErrors"][0]["code"], "ILLEGAL_STATE");
    assert_eq!(tariff.archive(false).await["tariff"]["archivedAt"], Value::Null);
    assert!(listed("").await);
    assert_eq!(tariff.activate(&draft, None).await, "none");
    tariff.shop.finish().await;
});

on_both!(a_deck_may_be_complete_for_its_countries, |backend| async move {
    let rows = [
        "1,America,0.1,0,1,1",
        "44,Britain,0.2,0,1,1",
        "447,Britain mobile,0.3,0,1,1",
        "55,Brazil,0.4,0,1,1",
        "5511,São Paulo,0.5,0,1,1",
    ];
    let tariff = Tariff::with(backend, &rows).await;
    let draft = tariff
        .import(HEADER, &["44,Britain,0.25,0,1,1", "44780,Britain mobile,0.35,0,1,1"], "REPLACE_COUNTRIES")
        .await;
    assert_eq!(prices(&draft), ["1 0.1", "44 0.25", "44780 0.35", "55 0.4", "5511 0.5"]);
    // the base is the version in force, not a scheduled version
    assert_eq!(tariff.activate(&draft, Some(tariff.now() + TimeDelta::days(1))).await, "none");
    let other = tariff.import(HEADER, &["55,Brazil,0.6,0,1,1"], "REPLACE_COUNTRIES").await;
    assert_eq!(prices(&other), ["1 0.1", "44 0.2", "447 0.3", "55 0.6"]);
    assert_eq!(tariff.activate(&other, Some(tariff.now() + TimeDelta::days(2))).await, "SCHEDULE_CONFLICT");
    tariff.shop.finish().await;
});

on_both!(terms_of_a_tariff_without_a_version_in_force_need_a_base, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let input = json!({ "name": unique("tariff") });
    let made = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    let tariff = Tariff { id: text(&made["tariff"]["id"]), shop };
    let first = tariff.update(json!({ "roundingDecimals": 3 })).await;
    assert_eq!(first["userErrors"], json!([]), "without a version, the terms change immediately: {first}");
    let draft = tariff.import(HEADER, &NOVEMBER, "REPLACE").await;
    let refused = tariff.update(json!({ "roundingDecimals": 2 })).await;
    let error = &refused["userErrors"][0];
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("STALE_DRAFT"), &json!(["baseVersionId"])),
        "{refused}"
    );
    let changed = tariff.update(json!({ "roundingDecimals": 2, "baseVersionId": draft["id"] })).await;
    assert_eq!(changed["version"]["state"], "DRAFT", "{changed}");
    tariff.shop.finish().await;
});
