//! Tests tariffs through the API and the command line, on both databases: the version on which a change is based, activation of drafts, values that
//! an import keeps, and searches by name. The submodules test the lifecycle of versions.

mod dates;
mod derived;
mod impact;
mod terms;
mod versions;

use std::process::{Command, Output};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::shop::{Shop, price, text, unique};
use tests::{Client, on_both};

const HEADER: &str = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment";
const VERSION: &str = "version { id number state rates(first: 100) { nodes { prefix destination pricePerMinute { amount } \
    minimumCharge { amount } freeSeconds bandPrices { band pricePerMinute { amount } connectionFee { amount } } } } }";

/// A tariff of the reseller.
struct Tariff {
    shop: Shop,
    id: String,
}

impl Tariff {
    /// Creates the tariff with these rows in force.
    async fn with(backend: tests::Backend, rows: &[&str]) -> Self {
        let shop = Shop::start(backend, 1).await;
        let input = json!({ "name": unique("tariff"), "bands": [
            { "name": "night", "weekdays": ["MONDAY"], "from": "20:00:00", "to": "06:00:00" },
            { "name": "Sunday, \"all\" day", "weekdays": ["SUNDAY"], "from": "00:00:00", "to": "00:00:00" },
        ] });
        let made = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
        let tariff = Self { id: text(&made["tariff"]["id"]), shop };
        let first = tariff.import(HEADER, rows, "REPLACE").await;
        assert_eq!(tariff.activate(&first, None).await, "none");
        tariff
    }

    fn seller(&self) -> &Client {
        &self.shop.reseller
    }

    fn now(&self) -> DateTime<Utc> {
        self.shop.server.time().now()
    }

    async fn import(&self, header: &str, rows: &[&str], mode: &str) -> Value {
        let csv = format!("{header}\n{}\n", rows.join("\n"));
        let input = json!({ "tariffId": self.id, "csv": csv, "mode": mode });
        self.seller().did("importTariff", "ImportTariffInput", input, VERSION).await["version"].take()
    }

    /// Creates a draft that changes the price of calls to Brazil.
    async fn reprice(&self, price: &str, base: Option<&Value>) -> Value {
        let rates = json!([{ "prefix": "55", "destination": "Brazil", "pricePerMinute": price }]);
        let mut input = json!({ "tariffId": self.id, "rates": rates });
        if let Some(base) = base {
            input["baseVersionId"] = base["id"].clone();
        }
        self.seller().did("upsertRates", "UpsertRatesInput", input, VERSION).await["version"].take()
    }

    /// Activates a version. Returns the code of the refusal, or `none`.
    async fn activate(&self, version: &Value, at: Option<DateTime<Utc>>) -> String {
        let input = Self::activation(version, at);
        self.seller()
            .code("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }")
            .await
    }

    fn activation(version: &Value, at: Option<DateTime<Utc>>) -> Value {
        json!({ "versionId": version["id"], "at": at.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true)) })
    }

    /// The prices in force, as `prefix price`.
    async fn in_force(&self) -> Vec<String> {
        let query =
            "query($id: ID!) { node(id: $id) { ... on Tariff { activeVersion { rates(first: 100) { nodes {
            prefix pricePerMinute { amount } } } } } } }";
        let data = self.seller().ok(query, json!({ "id": self.id })).await;
        prices(&data["node"]["activeVersion"])
    }

    /// Runs the command line on the same database.
    async fn command(&self, arguments: &[&str]) -> Output {
        let database = self.shop.server.config_of_another().await.database_url;
        let mut command = Command::new(tests::crash::process::build(false));
        command.arg("tariff").args(arguments).args(["--database", &database]);
        command.env("CALLSHOP_HOOK__SECRETS", "[\"not a secret, and long enough for the check\"]");
        tokio::task::spawn_blocking(move || command.output().expect("the command runs"))
            .await
            .expect("the command ends")
    }
}

fn prices(version: &Value) -> Vec<String> {
    let nodes = version["rates"]["nodes"].as_array().unwrap_or_else(|| panic!("rates, not {version}"));
    nodes
        .iter()
        .map(|rate| format!("{} {}", text(&rate["prefix"]), text(&rate["pricePerMinute"]["amount"])))
        .collect()
}

const NOVEMBER: [&str; 2] = ["55,Brazil,0.10,0,1,1", "44,Britain,0.20,0,1,1"];

on_both!(a_change_builds_on_the_version_in_force, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    // the version for December drops Britain and raises prices; this version is scheduled, and there is also a draft
    let december = tariff.import(HEADER, &["55,Brazil,0.30,0,1,1"], "REPLACE").await;
    let begins = tariff.now() + TimeDelta::minutes(5);
    assert_eq!(tariff.activate(&december, Some(begins)).await, "none");
    tariff.import(HEADER, &["1,Elsewhere,9,0,1,1"], "REPLACE").await;

    // this draft corrects one price
    let hotfix = tariff.reprice("0.11", None).await;
    assert_eq!(prices(&hotfix), ["44 0.2", "55 0.11"]);
    let merged = tariff.import(HEADER, &["55,Brazil,0.12,0,1,1"], "MERGE").await;
    assert_eq!(prices(&merged), ["44 0.2", "55 0.12"]);
    let input = json!({ "tariffId": tariff.id, "prefixes": ["44"] });
    let fewer = tariff.seller().did("deleteRates", "DeleteRatesInput", input, VERSION).await;
    assert_eq!(prices(&fewer["version"]), ["55 0.1"]);

    // the correction takes effect now; the response names the scheduled version that will replace the correction
    let fields = "version { state } next { number state }";
    let input = Tariff::activation(&hotfix, None);
    let done =
        tariff.seller().did("activateTariffVersion", "ActivateTariffVersionInput", input, fields).await;
    assert_eq!((&done["version"]["state"], &done["next"]["number"]), (&json!("ACTIVE"), &json!(2)), "{done}");
    assert_eq!(done["next"]["state"], "SCHEDULED");
    assert_eq!(tariff.in_force().await, ["44 0.2", "55 0.11"]);

    // the correction is also applied to December's prices, in a new version that is based on December's version and follows it
    let fixed = tariff.reprice("0.31", Some(&december)).await;
    assert_eq!(prices(&fixed), ["55 0.31"]);
    assert_eq!(tariff.activate(&fixed, None).await, "SCHEDULE_CONFLICT");
    assert_eq!(tariff.activate(&fixed, Some(begins + TimeDelta::seconds(1))).await, "none");
    tariff.shop.server.time().pass(TimeDelta::minutes(6));
    assert_eq!(tariff.in_force().await, ["55 0.31"]);

    // the base must be a version of this tariff that may still take effect
    let rates = json!([{ "prefix": "55", "destination": "Brazil", "pricePerMinute": "1" }]);
    let input = json!({ "tariffId": tariff.id, "rates": rates, "baseVersionId": december["id"] });
    let refused = tariff.seller().tried("upsertRates", "UpsertRatesInput", input, "").await;
    assert_eq!(refused["userErrors"][0]["code"], "STALE_DRAFT", "{refused}");
    assert_eq!(refused["userErrors"][0]["field"], json!(["baseVersionId"]));
    tariff.shop.finish().await;
});

on_both!(drafts_on_drafts_come_into_force_as_one, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let first = tariff.reprice("0.11", None).await;
    let input = json!({ "tariffId": tariff.id, "prefixes": ["44"], "baseVersionId": first["id"] });
    let second = tariff.seller().did("deleteRates", "DeleteRatesInput", input, VERSION).await;
    assert_eq!(prices(&second["version"]), ["55 0.11"]);
    assert_eq!(tariff.activate(&second["version"], None).await, "none");
    assert_eq!(tariff.activate(&first, None).await, "STALE_DRAFT");
    tariff.shop.finish().await;
});

on_both!(an_older_draft_never_takes_the_place_of_a_newer_version, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    for mode in ["REPLACE", "MERGE"] {
        let older = tariff.import(HEADER, &["55,Brazil,0.5,0,1,1"], mode).await;
        let newer = tariff.reprice("0.6", None).await;
        assert_eq!(tariff.activate(&newer, None).await, "none");
        for at in [None, Some(tariff.now() + TimeDelta::days(1))] {
            assert_eq!(tariff.activate(&older, at).await, "STALE_DRAFT", "{mode}");
        }
        assert_eq!(tariff.in_force().await, ["44 0.2", "55 0.6"]);
    }
    // to activate the rates of a stale draft, copy the draft; by copying it, the user confirms that the rates are right
    let older = tariff.import(HEADER, &["55,Brazil,0.5,0,1,1"], "REPLACE").await;
    let newer = tariff.reprice("0.7", None).await;
    assert_eq!(tariff.activate(&newer, None).await, "none");
    let input = json!({ "versionId": older["id"] });
    let copy = tariff.seller().did("copyTariffVersion", "CopyTariffVersionInput", input, VERSION).await;
    assert_eq!(tariff.activate(&copy["version"], None).await, "none");
    assert_eq!(tariff.in_force().await, ["55 0.5"]);
    tariff.shop.finish().await;
});

on_both!(schedules_do_not_swallow_each_other, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let begins = tariff.now() + TimeDelta::days(20);
    let [first, same, later, earlier] = [
        tariff.reprice("0.1", None).await,
        tariff.reprice("0.2", None).await,
        tariff.reprice("0.3", None).await,
        tariff.reprice("0.4", None).await,
    ];
    assert_eq!(tariff.activate(&first, Some(begins)).await, "none");
    assert_eq!(tariff.activate(&same, Some(begins)).await, "SCHEDULE_CONFLICT");
    assert_eq!(tariff.activate(&later, Some(begins + TimeDelta::days(1))).await, "SCHEDULE_CONFLICT");
    assert_eq!(tariff.activate(&earlier, Some(begins - TimeDelta::days(1))).await, "none");
    let on_first = tariff.reprice("0.5", Some(&first)).await;
    assert_eq!(tariff.activate(&on_first, Some(begins)).await, "SCHEDULE_CONFLICT");
    assert_eq!(tariff.activate(&on_first, Some(begins + TimeDelta::days(1))).await, "none");
    tariff.shop.finish().await;
});

on_both!(of_activations_at_once_one_wins, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let second = tariff.shop.server.another_node().await;
    let elsewhere = Client::anonymous(second.http).with_token(tariff.seller().token());
    let at = tariff.now() + TimeDelta::days(1);
    for (round, at) in [None, None, None, Some(at)].into_iter().enumerate() {
        let mut drafts = Vec::new();
        for cents in 1..=3 {
            drafts.push(tariff.reprice(&format!("{round}.0{cents}"), None).await);
        }
        let activate = async |client: &Client, draft: &Value| {
            let input = Tariff::activation(draft, at);
            client.code("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await
        };
        let (one, two, three) = tokio::join!(
            activate(tariff.seller(), &drafts[0]),
            activate(&elsewhere, &drafts[1]),
            activate(tariff.seller(), &drafts[2])
        );
        let mut codes = [one, two, three];
        codes.sort();
        let refused = if at.is_some() { "SCHEDULE_CONFLICT" } else { "STALE_DRAFT" };
        assert_eq!(codes, [refused, refused, "none"], "round {round}");
    }
    second.stop().await;
    tariff.shop.finish().await;
});

on_both!(a_merge_keeps_what_the_file_has_no_column_for, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let header = format!(
        "{HEADER},minimum_charge,free_seconds,rate_per_minute:night,connection_fee:night,\"rate_per_minute:Sunday, \"\"all\"\" day\""
    );
    let full = tariff.import(&header, &["55,Brazil,0.1,0,1,1,0.05,3,0.04,0.01,0.02"], "REPLACE").await;
    assert_eq!(tariff.activate(&full, None).await, "none");
    let kept = |price: &str, fee: &str| {
        json!([
            { "band": "Sunday, \"all\" day", "pricePerMinute": { "amount": "0.02" }, "connectionFee": null },
            { "band": "night", "pricePerMinute": { "amount": price }, "connectionFee": { "amount": fee } },
        ])
    };
    let rate = |version: &Value| version["rates"]["nodes"][0].clone();
    let expected = json!({ "prefix": "55", "destination": "Brazil", "pricePerMinute": { "amount": "0.1" },
        "minimumCharge": { "amount": "0.05" }, "freeSeconds": 3, "bandPrices": kept("0.04", "0.01") });
    assert_eq!(rate(&full), expected);

    let plain = tariff.import(HEADER, &["55,Brazil,0.2,0,1,1", "49,Germany,0.3,0,1,1"], "MERGE").await;
    let merged =
        plain["rates"]["nodes"].as_array().expect("rates").iter().find(|rate| rate["prefix"] == "55");
    let mut dearer = expected.clone();
    dearer["pricePerMinute"]["amount"] = json!("0.2");
    assert_eq!(merged, Some(&dearer));
    let new = plain["rates"]["nodes"].as_array().expect("rates").iter().find(|rate| rate["prefix"] == "49");
    assert_eq!(new.expect("Germany")["minimumCharge"]["amount"], "0");

    // a column that exists counts, even if its cell is empty
    let night = format!("{HEADER},free_seconds,rate_per_minute:night");
    let merged = rate(&tariff.import(&night, &["55,Brazil,0.2,0,1,1,,0.03"], "MERGE").await);
    assert_eq!((&merged["freeSeconds"], &merged["minimumCharge"]["amount"]), (&json!(0), &json!("0.05")));
    assert_eq!(merged["bandPrices"], kept("0.03", "0.01"));
    let merged = rate(&tariff.import(&night, &["55,Brazil,0.2,0,1,1,,"], "MERGE").await);
    assert_eq!(merged["bandPrices"].as_array().map(Vec::len), Some(1), "{merged}");

    // the file has a band that the tariff does not have
    let csv = format!("{HEADER},rate_per_minute:Night\n55,Brazil,0.2,0,1,1,0.1\n");
    let input = json!({ "tariffId": tariff.id, "csv": csv, "mode": "MERGE" });
    let refused = tariff.seller().tried("importTariff", "ImportTariffInput", input, "version { id }").await;
    assert_eq!(refused["userErrors"][0]["code"], "BAD_DECK", "{refused}");
    assert!(text(&refused["userErrors"][0]["message"]).contains("night"), "{refused}");
    tariff.shop.finish().await;
});

on_both!(an_export_is_imported_as_it_was, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let bands = json!([{ "band": "night", "pricePerMinute": "0.05", "initialPrice": "0.07", "connectionFee": "0.02" },
        { "band": "Sunday, \"all\" day", "pricePerMinute": "0.01" }]);
    let rates = json!([{ "prefix": "33", "destination": "=France, \"all\"", "pricePerMinute": "0.3", "initialPrice": "0.4", "initialIncrement": 60, "minimumCharge": "0.1",
        "freeSeconds": 4, "bandPrices": bands }, { "prefix": "55", "destination": "Brazil", "pricePerMinute": "0.2" }]);
    let input = json!({ "tariffId": tariff.id, "rates": rates });
    let banded =
        tariff.seller().did("upsertRates", "UpsertRatesInput", input, VERSION).await["version"].take();
    assert_eq!(tariff.activate(&banded, None).await, "none");

    let exported = tariff.command(&["export", "--version", &text(&banded["id"])]).await;
    assert!(exported.status.success(), "{exported:?}");
    let file = tariff.shop.server.dir().join("export.csv");
    std::fs::write(&file, &exported.stdout).expect("a file");
    let file = file.display().to_string();
    let imported = tariff.command(&["import", "--tariff", &tariff.id, &file]).await;
    let said = String::from_utf8_lossy(&imported.stdout);
    assert!(
        said.contains("0 added, 0 raised, 0 lowered, 0 changed, 0 removed, 3 unchanged"),
        "{said}{imported:?}"
    );
    tariff.shop.finish().await;
});

on_both!(the_initial_increment_has_a_price_of_its_own, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let deck = format!("{HEADER},initial_price\n55,Brazil,0.12,0,30,6,0.60\n");
    price(&shop.reseller, &shop.id, &deck, "RETAIL", None).await;
    let query = "query($id: ID!, $amount: Decimal) { quote(callshopId: $id, number: \"11987654321\", amount: $amount) { seconds
        pricePerMinute { amount } initialPrice { amount } } priceList(callshopId: $id, first: 1) { nodes { initialPrice { amount } } } }";
    // the first 30 s cost 0.30, and each further 6 s cost 0.012
    for (amount, seconds) in [("0.2999", 0), ("0.3119", 30), ("0.312", 36)] {
        let found = shop.owner.ok(query, json!({ "id": shop.id, "amount": amount })).await;
        let quote = &found["quote"];
        assert_eq!(quote["seconds"], seconds, "{found}");
        assert_eq!(
            (&quote["pricePerMinute"]["amount"], &quote["initialPrice"]["amount"]),
            (&json!("0.12"), &json!("0.6"))
        );
        assert_eq!(found["priceList"]["nodes"][0]["initialPrice"]["amount"], "0.6");
    }
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "11987654321", 31_000).await;
    let closed = shop.close_cabin(0).await;
    assert_eq!(closed["statement"]["calls"][0]["amount"]["amount"], "0.312");
    let call = shop.owner.shop_list("calls", &shop.id, 1, "id").await;
    let query = "query($id: ID!) { explainCharge(callId: $id) { levels { steps { kind seconds pricePerMinute { amount } } } } }";
    let explained = shop.owner.ok(query, json!({ "id": call[0]["id"] })).await;
    let steps = explained["explainCharge"]["levels"][0]["steps"].as_array().expect("steps");
    let times: Vec<_> = steps.iter().filter(|step| step["kind"] == "TIME").collect();
    let told = |step: &Value| (step["seconds"].clone(), step["pricePerMinute"]["amount"].clone());
    assert_eq!(
        times.into_iter().map(told).collect::<Vec<_>>(),
        [(json!(30), json!("0.6")), (json!(6), json!("0.12"))]
    );
    shop.finish().await;
});

on_both!(the_command_line_tells_of_prices_below_cost, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let reseller = &tariff.shop.reseller;
    let cost = format!("{HEADER}\n55,Brazil,0.15,0,1,1\n");
    price(reseller, &tariff.shop.id, &cost, "COST", None).await;
    let input = json!({ "accountId": tariff.shop.id, "tariffId": tariff.id, "kind": "RETAIL" });
    reseller.did("assignTariff", "AssignTariffInput", input, "").await;
    let begins = tariff.now() + TimeDelta::days(20);
    let december = tariff.reprice("0.4", None).await;
    assert_eq!(tariff.activate(&december, Some(begins)).await, "none");

    let file = tariff.shop.server.dir().join("low.csv");
    std::fs::write(&file, format!("{HEADER}\n55,Brazil,0.14,0,1,1\n")).expect("a file");
    let file = file.display().to_string();
    let warning = "below cost: 55 Brazil sells at 0.14 and costs 0.15 per minute (callshops: 1)";
    for more in [&["--dry-run"][..], &["--activate"]] {
        let said = tariff.command(&[&["import", "--tariff", &tariff.id, &file], more].concat()).await;
        let errors = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{errors}");
        assert_eq!(errors.matches(warning).count(), 1, "{more:?}: {errors}");
        assert!(errors.contains("1 price is below cost"), "{more:?}: {errors}");
        // the output of an activation names the scheduled version that will replace the new version
        assert_eq!(errors.contains("version 2 replaces it"), more == ["--activate"], "{errors}");
    }
    let draft = text(&tariff.reprice("0.13", None).await["id"]);
    for (arguments, price) in
        [(["activate", "--version", &draft], "0.13"), (["revert", "--tariff", &tariff.id], "0.14")]
    {
        let said = tariff.command(&arguments).await;
        let errors = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{errors}");
        assert_eq!(errors.matches(&warning.replace("0.14", price)).count(), 1, "{arguments:?}: {errors}");
    }
    tariff.shop.finish().await;
});

on_both!(a_code_is_one_code_or_an_error, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    for cell in [
        "35191-35196",
        "1 201-203",
        "351 352",
        "351.0",
        "\"351,352\"",
        "351;352",
        "351/352",
        "1-242",
        "+1 (305)",
    ] {
        let csv = format!("{HEADER}\n{cell},Portugal,0.2,0,1,1\n");
        let input = json!({ "tariffId": tariff.id, "csv": csv, "mode": "MERGE" });
        let fields = "version { id } problems { line column code message }";
        let reader = tariff.seller().reading("en");
        let answer = reader.tried("importTariff", "ImportTariffInput", input, fields).await;
        assert_eq!(
            (&answer["version"], &answer["userErrors"][0]["code"]),
            (&Value::Null, &json!("BAD_DECK")),
            "{cell}: {answer}"
        );
        let problem = &answer["problems"][0];
        assert_eq!(
            (&problem["line"], &problem["column"], &problem["code"]),
            (&json!(2), &json!("prefix"), &json!("PREFIX_AMBIGUOUS")),
            "{answer}"
        );
        assert!(text(&problem["message"]).contains("its own row"), "{answer}");
    }
    tariff.shop.finish().await;
});

on_both!(names_are_found_without_their_accents, |backend| async move {
    let rows = [
        "351,São Tomé,0.5,0,1,1",
        "35190,SÃO TOMÉ mobile,0.6,0,1,1",
        "1,Côte d'Ivoire,0.4,0,1,1",
        "55,Brazil 100%,0.1,0,1,1",
    ];
    let tariff = Tariff::with(backend, &rows).await;
    let input = json!({ "accountId": tariff.shop.id, "tariffId": tariff.id, "kind": "RETAIL" });
    tariff.seller().did("assignTariff", "AssignTariffInput", input, "").await;
    let versions = "query($id: ID!, $text: String) { node(id: $id) { ... on Tariff { activeVersion {
        rates(first: 100, search: { destination: $text }) { nodes { prefix } } } } } }";
    let list = "query($id: ID!, $text: String, $first: Int, $after: String, $last: Int, $before: String) { priceList(callshopId: $id,
        search: { destination: $text }, first: $first, after: $after, last: $last, before: $before) {
        nodes { prefix } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let found = |list: &Value| {
        list["nodes"].as_array().expect("rows").iter().map(|row| text(&row["prefix"])).collect::<Vec<_>>()
    };
    for (written, prefixes) in [
        ("Sao Tome", &["351", "35190"][..]),
        ("são tomé", &["351", "35190"]),
        ("SÃO TOMÉ", &["351", "35190"]),
        ("Sa\u{303}o Tome\u{301} MOBILE", &["35190"]),
        ("cote d", &["1"]),
        ("0%", &["55"]),
        ("_", &[]),
    ] {
        let data = tariff.seller().ok(versions, json!({ "id": tariff.id, "text": written })).await;
        assert_eq!(found(&data["node"]["activeVersion"]["rates"]), prefixes, "{written}");
        let variables = json!({ "id": tariff.shop.id, "text": written, "first": 100 });
        let data = tariff.shop.attendant.ok(list, variables).await;
        assert_eq!(found(&data["priceList"]), prefixes, "{written}");
    }
    // the test reads the list page by page, in both directions
    let page = async |arguments: Value| {
        let mut variables = json!({ "id": tariff.shop.id, "text": "sao" });
        variables
            .as_object_mut()
            .expect("variables")
            .extend(arguments.as_object().expect("arguments").clone());
        tariff.shop.attendant.ok(list, variables).await["priceList"].take()
    };
    let first = page(json!({ "first": 1 })).await;
    assert_eq!((found(&first), &first["pageInfo"]["hasNextPage"]), (vec!["351".to_owned()], &json!(true)));
    let second = page(json!({ "first": 1, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(
        (found(&second), &second["pageInfo"]["hasNextPage"]),
        (vec!["35190".to_owned()], &json!(false))
    );
    let last = page(json!({ "last": 1 })).await;
    assert_eq!(
        (found(&last), &last["pageInfo"]["hasPreviousPage"]),
        (vec!["35190".to_owned()], &json!(true))
    );
    let before = page(json!({ "last": 1, "before": last["pageInfo"]["startCursor"] })).await;
    assert_eq!(
        (found(&before), &before["pageInfo"]["hasPreviousPage"]),
        (vec!["351".to_owned()], &json!(false))
    );

    let quote =
        "query($id: ID!, $name: String) { quote(callshopId: $id, destination: $name) { destination } }";
    for (name, destination) in
        [("sao tome", "São Tomé"), ("Sao Tome Mobile", "SÃO TOMÉ mobile"), ("ivoire", "Côte d'Ivoire")]
    {
        let data = tariff.shop.attendant.ok(quote, json!({ "id": tariff.shop.id, "name": name })).await;
        assert_eq!(data["quote"]["destination"], destination, "{name}");
    }
    tariff.shop.finish().await;
});

on_both!(a_deck_larger_than_a_request_comes_by_the_command_line, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let limit = api::config::Config::default().limits.body_bytes;
    let name = "A long name, so that few rows make a large file, for a place far away";
    let rows = limit / name.len();
    let csv: String = (0..rows).map(|row| format!("{},\"{name}\",0.1,0,1,1\n", 1_000_000 + row)).collect();
    let csv = format!("{HEADER}\n{csv}");
    assert!(csv.len() > limit && rows < 100_000);
    let query = "mutation($i: ImportTariffInput!) { importTariff(input: $i) { version { id } } }";
    let input = json!({ "tariffId": tariff.id, "csv": csv });
    let refused = tariff.seller().send(query, json!({ "i": input })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BODY_TOO_LARGE", "{refused}");

    // the schema documents the limit on a request's size, and how to import larger files
    let promise = "2 MiB";
    let kind = "{ __type(name: \"ImportTariffInput\") { inputFields { name description } } }";
    let fields = tariff.seller().ok(kind, json!({})).await;
    let field = fields["__type"]["inputFields"]
        .as_array()
        .expect("fields")
        .iter()
        .find(|field| field["name"] == "csv");
    let description = text(&field.expect("csv")["description"]);
    assert!(description.contains(promise) && description.contains("callshop tariff import"), "{description}");
    assert_eq!(limit, 2 << 20, "the documented limit must be the default");

    let file = tariff.shop.server.dir().join("large.csv");
    std::fs::write(&file, &csv).expect("a file");
    let done = tariff.command(&["import", "--tariff", &tariff.id, &file.display().to_string()]).await;
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains(&format!("{rows} added")), "{said}{}", String::from_utf8_lossy(&done.stderr));
    tariff.shop.finish().await;
});

/// A file above the limit is refused before it is read.
#[tokio::test]
async fn a_file_past_every_limit_is_not_read() {
    let tariff = Tariff::with(tests::Backend::Sqlite, &NOVEMBER).await;
    let path = tariff.shop.server.dir().join("endless.csv");
    let file = std::fs::File::create(&path).expect("a file");
    // the file is sparse, so it has no blocks on disk
    file.set_len(129 << 20).expect("a sparse file");
    let done = tariff.command(&["import", "--tariff", &tariff.id, &path.display().to_string()]).await;
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && said.contains("128 MiB"), "{said}");
    tariff.shop.finish().await;
}
