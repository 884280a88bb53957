//! Tests the lifecycle of versions: canceled schedules, discarded drafts, returns to earlier versions, comparisons, and concurrent changes.

use graphql::scalars::Kind;

use super::*;

impl Tariff {
    async fn cancel(&self, client: &Client, version: &Value) -> String {
        let input = json!({ "versionId": version["id"] });
        client.code("cancelTariffVersion", "CancelTariffVersionInput", input, "version { id }").await
    }

    async fn discard(&self, version: &Value) -> String {
        let input = json!({ "versionId": version["id"] });
        self.seller().code("discardTariffVersion", "DiscardTariffVersionInput", input, "tariff { id }").await
    }

    async fn states(&self) -> Vec<String> {
        let query = "query($id: ID!) { tariff(id: $id) { versions(first: 100) { nodes { number state } } } }";
        let data = self.seller().ok(query, json!({ "id": self.id })).await;
        let nodes = data["tariff"]["versions"]["nodes"].as_array().expect("versions");
        nodes.iter().map(|version| format!("{} {}", version["number"], text(&version["state"]))).collect()
    }

    /// Goes back to this version, or to the previous version if it is `None`. Returns the payload.
    async fn revert(&self, version: Option<&Value>) -> Value {
        let input = json!({ "tariffId": self.id, "versionId": version.map(|version| version["id"].clone()) });
        let fields = "version { number state note } next { number }";
        self.seller().tried("revertTariff", "RevertTariffInput", input, fields).await
    }
}

on_both!(a_schedule_is_canceled_and_its_draft_discarded, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let begins = tariff.now() + TimeDelta::minutes(2);
    let december = tariff.reprice("0.3", None).await;
    assert_eq!(tariff.activate(&december, Some(begins)).await, "none");
    // a scheduled version is not in force, and cannot be scheduled again before its schedule is canceled
    let input = json!({ "versionId": december["id"] });
    let fields = "version { id }";
    let again =
        tariff.seller().tried("activateTariffVersion", "ActivateTariffVersionInput", input, fields).await;
    let told = text(&again["userErrors"][0]["message"]);
    assert!(told.contains("`cancelTariffVersion`"), "{again}");
    assert!(told.contains("-03:00"), "the time is in the tariff's time zone: {again}");
    let january = tariff.reprice("0.4", Some(&december)).await;
    assert_eq!(tariff.activate(&january, Some(begins + TimeDelta::minutes(2))).await, "none");

    // January's version follows December's
    assert_eq!(tariff.cancel(tariff.seller(), &december).await, "SCHEDULE_CONFLICT");
    assert_eq!(tariff.discard(&december).await, "ILLEGAL_STATE");
    assert_eq!(tariff.cancel(tariff.seller(), &january).await, "none");
    assert_eq!(
        tariff.cancel(tariff.seller(), &january).await,
        "ILLEGAL_STATE",
        "the canceled version is a draft now"
    );
    assert_eq!(tariff.cancel(tariff.seller(), &december).await, "none");
    assert_eq!(tariff.states().await, ["3 DRAFT", "2 DRAFT", "1 ACTIVE"]);
    tariff.shop.server.time().pass(TimeDelta::minutes(6));
    assert_eq!(tariff.in_force().await, ["44 0.2", "55 0.1"]);

    // a canceled version may be scheduled again
    let later = tariff.now() + TimeDelta::days(1);
    assert_eq!(tariff.activate(&december, Some(later)).await, "none");
    assert_eq!(tariff.cancel(tariff.seller(), &december).await, "none");
    assert_eq!(tariff.discard(&december).await, "ILLEGAL_STATE", "January's draft was made from it");
    assert_eq!(tariff.discard(&january).await, "none");
    assert_eq!(tariff.discard(&december).await, "none");
    assert_eq!(tariff.discard(&december).await, "NOT_FOUND");
    assert_eq!(tariff.states().await, ["1 ACTIVE"]);
    let next = tariff.reprice("0.5", None).await;
    assert_eq!(next["number"], 4, "the numbers of discarded drafts must not be used again");
    assert_eq!(tariff.discard(&next).await, "none");

    let first =
        tariff.seller().ok(ACTIVE, json!({ "id": tariff.id })).await["tariff"]["activeVersion"].take();
    assert_eq!(tariff.cancel(tariff.seller(), &first).await, "ILLEGAL_STATE");
    assert_eq!(tariff.discard(&first).await, "ILLEGAL_STATE");
    // the audit at the end of the test would find rates without a version
    tariff.shop.finish().await;
});

const ACTIVE: &str = "query($id: ID!) { tariff(id: $id) { activeVersion { id number } } }";

on_both!(a_cancellation_is_too_late_when_the_version_begins, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let begins = tariff.now() + TimeDelta::minutes(1);
    let december = tariff.reprice("0.3", None).await;
    assert_eq!(tariff.activate(&december, Some(begins)).await, "none");
    tariff.shop.server.time().pass(TimeDelta::seconds(59));
    assert_eq!(tariff.cancel(tariff.seller(), &december).await, "ILLEGAL_STATE", "the nodes' clocks differ");
    tariff.shop.server.time().pass(TimeDelta::seconds(2));
    assert_eq!(tariff.in_force().await, ["44 0.2", "55 0.3"]);
    tariff.shop.finish().await;
});

on_both!(one_mutation_goes_back, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let nothing = tariff.revert(None).await;
    assert_eq!(nothing["userErrors"][0]["code"], "ILLEGAL_STATE", "{nothing}");
    let first =
        tariff.seller().ok(ACTIVE, json!({ "id": tariff.id })).await["tariff"]["activeVersion"].take();
    let wrong = tariff.import(HEADER, &["55,Brazil,9,0,1,1"], "REPLACE").await;
    assert_eq!(tariff.activate(&wrong, None).await, "none");
    let draft = tariff.reprice("0.4", None).await;
    let scheduled = tariff.reprice("0.5", None).await;
    assert_eq!(tariff.activate(&scheduled, Some(tariff.now() + TimeDelta::days(3))).await, "none");

    for (version, code) in
        [(&wrong, "ILLEGAL_STATE"), (&draft, "ILLEGAL_STATE"), (&scheduled, "ILLEGAL_STATE")]
    {
        let refused = tariff.revert(Some(version)).await;
        assert_eq!(refused["userErrors"][0]["code"], code, "{refused}");
    }
    let done = tariff.revert(None).await;
    let expected = json!({ "version": { "number": 5, "state": "ACTIVE", "note": "Return to version 1" },
        "next": { "number": 4 }, "userErrors": [] });
    assert_eq!(done, expected);
    assert_eq!(tariff.in_force().await, ["44 0.2", "55 0.1"]);
    let again = tariff.revert(Some(&first)).await;
    assert_eq!(
        again["userErrors"][0]["code"], "ILLEGAL_STATE",
        "a repeated request must change nothing: {again}"
    );
    // without a version, `revertTariff` goes back to the previous version in force, which is version 2
    assert_eq!(tariff.revert(None).await["userErrors"], json!([]));
    assert_eq!(tariff.in_force().await, ["55 9"]);
    tariff.shop.finish().await;
});

on_both!(of_changes_at_once_one_wins, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let second = tariff.shop.server.another_node().await;
    let elsewhere = Client::anonymous(second.http).with_token(tariff.seller().token());
    let first =
        tariff.seller().ok(ACTIVE, json!({ "id": tariff.id })).await["tariff"]["activeVersion"].take();
    for round in 0..3 {
        // two requests at the same time revert the tariff to its first version
        let wrong = tariff.reprice(&format!("{round}.9"), None).await;
        assert_eq!(tariff.activate(&wrong, None).await, "none");
        let input = json!({ "tariffId": tariff.id, "versionId": first["id"] });
        let revert = async |client: &Client| {
            client.code("revertTariff", "RevertTariffInput", input.clone(), "version { id }").await
        };
        let (one, two) = tokio::join!(revert(tariff.seller()), revert(&elsewhere));
        let codes = [&one, &two];
        assert!(codes.contains(&&"none".to_owned()), "{codes:?}");
        let loser = if one == "none" { &two } else { &one };
        assert!(["STALE_DRAFT", "ILLEGAL_STATE"].contains(&loser.as_str()), "{codes:?}");
        assert_eq!(tariff.in_force().await, ["44 0.2", "55 0.1"], "round {round}");

        // two concurrent requests cancel a schedule, and then two concurrent requests discard its draft
        let next = tariff.reprice("7", None).await;
        assert_eq!(tariff.activate(&next, Some(tariff.now() + TimeDelta::days(1))).await, "none");
        let (one, two) =
            tokio::join!(tariff.cancel(tariff.seller(), &next), tariff.cancel(&elsewhere, &next));
        let mut codes = [one, two];
        codes.sort();
        assert_eq!(codes, ["ILLEGAL_STATE", "none"]);
        let (one, two) = tokio::join!(tariff.discard(&next), tariff.discard(&next));
        let mut codes = [one, two];
        codes.sort();
        // the second request may arrive while the draft's rates are being deleted; it then finishes the same work
        assert!(codes[1] == "none" && ["NOT_FOUND", "none"].contains(&codes[0].as_str()), "{codes:?}");
    }
    let drafts = tariff.states().await.into_iter().filter(|state| state.ends_with("DRAFT")).count();
    assert_eq!(drafts, 0, "a refused request must not leave a draft behind");
    second.stop().await;
    tariff.shop.finish().await;
});

/// The rows of a comparison, as `kind prefix before after percent`.
fn rows(changes: &Value) -> Vec<String> {
    let price = |rate: &Value| rate["pricePerMinute"]["amount"].as_str().unwrap_or("-").to_owned();
    let row = |row: &Value| {
        format!(
            "{} {} {} {} {}",
            text(&row["kind"]),
            text(&row["prefix"]),
            price(&row["before"]),
            price(&row["after"]),
            row["percent"].as_str().unwrap_or("-")
        )
    };
    changes["rows"]["nodes"].as_array().expect("rows").iter().map(row).collect()
}

const ROWS: &str = "added raised lowered changed removed unchanged rows(kind: $kind, first: 100) { totalCount nodes {
    kind prefix destination percent before { pricePerMinute { amount } } after { pricePerMinute { amount } } } }";
const OLD: [&str; 6] = [
    "1,America,0.1,0,1,1",
    "33,France,0.2,0,1,1",
    "44,Britain,0.2,0,1,1",
    "49,Germany,0.3,0,1,1",
    "55,Brazil,0.4,0,1,1",
    "81,Japan,0,0,1,1",
];
const NEW: [&str; 6] = [
    "1,America,0.125,0,1,1",
    "33,France,0.1,0,1,1",
    "44,Britain,0.2,0.01,1,1",
    "49,Germany,0.3,0,1,1",
    "5511,São Paulo,0.4,0,1,1",
    "81,Japan,0.5,0,1,1",
];

on_both!(any_two_versions_are_compared, |backend| async move {
    let tariff = Tariff::with(backend, &OLD).await;
    let first =
        tariff.seller().ok(ACTIVE, json!({ "id": tariff.id })).await["tariff"]["activeVersion"].take();
    let all = [
        "RAISED 1 0.1 0.125 25",
        "LOWERED 33 0.2 0.1 -50",
        "CHANGED 44 0.2 0.2 0",
        "UNCHANGED 49 0.3 0.3 0",
        "REMOVED 55 0.4 - -",
        "ADDED 5511 - 0.4 -",
        "RAISED 81 0 0.5 -",
    ];
    let counts = json!([1, 2, 1, 1, 1, 1]);
    let counted = |changes: &Value| {
        let names = ["added", "raised", "lowered", "changed", "removed", "unchanged"];
        Value::Array(names.iter().map(|name| changes[*name].clone()).collect())
    };
    // a dry run has the same rows, and stores nothing
    let csv = format!("{HEADER}\n{}\n", NEW.join("\n"));
    let run = format!(
        "mutation($i: ImportTariffInput!, $kind: RateChangeKind) {{ importTariff(input: $i) {{ version {{ id }} changes {{ {ROWS} }} userErrors {{ code }} }} }}"
    );
    let input = json!({ "tariffId": tariff.id, "csv": csv, "dryRun": true });
    let dry = tariff.seller().ok(&run, json!({ "i": input })).await["importTariff"].take();
    assert_eq!((&dry["version"], counted(&dry["changes"])), (&Value::Null, counts.clone()), "{dry}");
    assert_eq!(rows(&dry["changes"]), all);
    let raised =
        tariff.seller().ok(&run, json!({ "i": input, "kind": "RAISED" })).await["importTariff"].take();
    assert_eq!(rows(&raised["changes"]), ["RAISED 1 0.1 0.125 25", "RAISED 81 0 0.5 -"]);
    assert_eq!(raised["changes"]["rows"]["totalCount"], 2);
    assert_eq!(tariff.states().await, ["1 ACTIVE"]);

    let second = tariff.import(HEADER, &NEW, "REPLACE").await;
    let compare = format!(
        "query($a: ID!, $b: ID!, $kind: RateChangeKind) {{ compareTariffVersions(from: $a, to: $b) {{ {ROWS} }} }}"
    );
    let compared = async |from: &Value, to: &Value, kind: Option<&str>| {
        let variables = json!({ "a": from["id"], "b": to["id"], "kind": kind });
        tariff.seller().ok(&compare, variables).await["compareTariffVersions"].take()
    };
    let both = compared(&first, &second, None).await;
    assert_eq!((rows(&both), counted(&both)), (all.map(str::to_owned).to_vec(), counts.clone()));
    for (kind, expected) in [("REMOVED", "REMOVED 55 0.4 - -"), ("CHANGED", "CHANGED 44 0.2 0.2 0")] {
        assert_eq!(rows(&compared(&first, &second, Some(kind)).await), [expected]);
    }
    let back = compared(&second, &first, Some("RAISED")).await;
    assert_eq!(rows(&back), ["RAISED 33 0.1 0.2 100"]);
    // a draft knows the version that it would replace; the first version replaces nothing
    let query = format!(
        "query($id: ID!, $kind: RateChangeKind) {{ tariffVersion(id: $id) {{ changes {{ {ROWS} }} }} }}"
    );
    let own = tariff.seller().ok(&query, json!({ "id": second["id"] })).await;
    assert_eq!(rows(&own["tariffVersion"]["changes"]), all);
    let own = tariff.seller().ok(&query, json!({ "id": first["id"] })).await;
    assert_eq!(own["tariffVersion"]["changes"]["added"], 6);
    tariff.shop.finish().await;
});

// A comparison reads the prices in blocks. The comparison finds the only raised price, near the end of a long list, in both directions, and loses no
// row between two blocks.
on_both!(a_long_comparison_is_read_in_blocks, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let row = |number: usize, price: &str| format!("{},Place,{price},0,1,1", 10_000 + number);
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for number in 0..6_000 {
        // the old version lacks every third prefix of the second half, and the new version has few prefixes of the first half
        if number < 3_000 || number % 3 > 0 {
            old.push(row(number, "0.1"));
        }
        if number > 2_500 {
            new.push(row(number, if number == 5_998 { "0.2" } else { "0.1" }));
        }
    }
    let import = async |rows: Vec<String>| {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        tariff.import(HEADER, &rows, "REPLACE").await
    };
    let (old, new) = (import(old).await, import(new).await);
    let query = "query($a: ID!, $b: ID!, $kind: RateChangeKind, $first: Int, $last: Int, $after: String) {
        compareTariffVersions(from: $a, to: $b) { added raised removed unchanged
        rows(kind: $kind, first: $first, last: $last, after: $after) { nodes { prefix } pageInfo { hasNextPage endCursor } } } }";
    let page = async |more: Value| {
        let mut variables = json!({ "a": old["id"], "b": new["id"] });
        variables.as_object_mut().expect("variables").extend(more.as_object().expect("more").clone());
        tariff.seller().ok(query, variables).await["compareTariffVersions"].take()
    };
    for (first, last) in [(Some(100), None), (None, Some(100))] {
        let found = page(json!({ "kind": "RAISED", "first": first, "last": last })).await;
        assert_eq!(found["rows"]["nodes"], json!([{ "prefix": "15998" }]));
    }
    let mut prefixes = Vec::new();
    let mut after = Value::Null;
    loop {
        let found = page(json!({ "kind": "ADDED", "first": 100, "after": after })).await;
        let nodes = found["rows"]["nodes"].as_array().expect("rows");
        prefixes.extend(nodes.iter().map(|node| text(&node["prefix"])));
        after = found["rows"]["pageInfo"]["endCursor"].clone();
        if found["rows"]["pageInfo"]["hasNextPage"] == false {
            let expected = (&json!(1_000), &json!(1), &json!(2_501), &json!(2_498));
            let counts = (&found["added"], &found["raised"], &found["removed"], &found["unchanged"]);
            assert_eq!(counts, expected);
            break;
        }
    }
    let expected: Vec<String> =
        (3_000..6_000).step_by(3).map(|number| (10_000 + number).to_string()).collect();
    assert_eq!(prefixes, expected);
    tariff.shop.finish().await;
});

on_both!(the_command_line_knows_versions, |backend| async move {
    let tariff = Tariff::with(backend, &OLD).await;
    let first =
        tariff.seller().ok(ACTIVE, json!({ "id": tariff.id })).await["tariff"]["activeVersion"].take();
    let second = tariff.import(HEADER, &NEW, "REPLACE").await;
    let run = async |arguments: &[&str]| {
        let done = tariff.command(arguments).await;
        (
            String::from_utf8_lossy(&done.stdout).into_owned(),
            String::from_utf8_lossy(&done.stderr).into_owned(),
        )
    };
    let (one, two) = (text(&first["id"]), text(&second["id"]));
    let (said, errors) = run(&["compare", "--from", &one, "--to", &two]).await;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "1 added, 2 raised, 1 lowered, 1 changed, 1 removed, 1 unchanged", "{errors}");
    assert_eq!(lines[1], "RAISED 1 America: 0.1 -> 0.125 (25 %)");
    assert_eq!(lines.len(), 7, "unchanged prefixes must be left out: {said}");
    let (said, _) = run(&["compare", "--from", &one, "--to", &two, "--kind", "removed", "--json"]).await;
    let row: Value = serde_json::from_str(said.lines().nth(1).expect("a row")).expect("JSON");
    assert_eq!((&row["kind"], &row["after"]), (&json!("REMOVED"), &Value::Null));

    assert_eq!(tariff.activate(&second, Some(tariff.now() + TimeDelta::days(365))).await, "none");
    let (said, errors) = run(&["versions", "--tariff", &tariff.id]).await;
    assert!(said.starts_with("2 SCHEDULED ") && said.contains("\n1 ACTIVE "), "{said}{errors}");
    let (said, errors) = run(&["cancel", "--version", &two]).await;
    assert_eq!(said, "version 2 is a draft\n", "{errors}");
    let (said, errors) = run(&["revert", "--tariff", &tariff.id]).await;
    assert!(said.is_empty() && errors.contains("no earlier version"), "{said}{errors}");
    assert_eq!(tariff.activate(&second, None).await, "none");
    let (said, errors) = run(&["revert", "--tariff", &tariff.id, "--version", &one]).await;
    assert_eq!(said, "version 3 is in force: Return to version 1\n", "{errors}");
    tariff.shop.finish().await;
});

on_both!(rates_are_in_memory_before_a_call_needs_them, |backend| async move {
    let tariff = Tariff::with(backend, &OLD).await;
    let shop = &tariff.shop;
    let input = json!({ "accountId": shop.id, "tariffId": tariff.id, "kind": "RETAIL" });
    shop.reseller.did("assignTariff", "AssignTariffInput", input, "").await;
    let node = shop.server.another_node().await;
    let loaded = async |version: &Value| {
        let id = Kind::TariffVersion.parse(&text(&version["id"]).into()).expect("an id");
        for _ in 0..200 {
            if node.app.rates.has(id) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the other node has not loaded {version}");
    };
    let second = tariff.reprice("0.9", None).await;
    assert_eq!(tariff.activate(&second, None).await, "none");
    loaded(&second).await;
    // a scheduled version is loaded just before it takes effect
    let third = tariff.reprice("1.9", None).await;
    let later = TimeDelta::hours(3);
    assert_eq!(tariff.activate(&third, Some(tariff.now() + later)).await, "none");
    shop.server.time().pass(later - TimeDelta::seconds(30));
    loaded(&third).await;
    node.stop().await;
    tariff.shop.finish().await;
});

on_both!(a_quote_is_for_a_moment_or_for_a_version, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let shop = &tariff.shop;
    let input = json!({ "accountId": shop.id, "tariffId": tariff.id, "kind": "RETAIL" });
    shop.reseller.did("assignTariff", "AssignTariffInput", input, "callshop { id }").await;
    let december = tariff.reprice("0.3", None).await;
    assert_eq!(tariff.activate(&december, Some(tariff.now() + TimeDelta::days(1))).await, "none");
    let draft = tariff.reprice("0.5", None).await;
    let query = "query($s: ID!, $at: DateTime, $v: ID) { \
        number: quote(callshopId: $s, number: \"+5521987654321\", amount: \"3\", at: $at, versionId: $v) { \
            pricePerMinute { amount } seconds userErrors { code } } \
        named: quote(callshopId: $s, destination: \"Brasil\", at: $at, versionId: $v) { pricePerMinute { amount } } }";
    let asked = async |client: &Client, variables: Value| {
        let mut variables = variables;
        variables["s"] = json!(shop.id);
        client.send(query, variables).await
    };
    let price = async |client: &Client, variables: Value| {
        let answer = asked(client, variables).await;
        let (number, named) = (&answer["data"]["number"], &answer["data"]["named"]);
        assert_eq!(number["pricePerMinute"], named["pricePerMinute"], "{answer}");
        (text(&number["pricePerMinute"]["amount"]), number["seconds"].as_i64().expect("seconds"))
    };
    let at = |days: i64| (tariff.now() + TimeDelta::days(days)).to_rfc3339();
    assert_eq!(price(&shop.owner, json!({})).await, ("0.1".to_owned(), 1_800));
    // everybody can ask for future prices that are already scheduled
    assert_eq!(price(&shop.attendant, json!({ "at": at(2) })).await, ("0.3".to_owned(), 600));
    // only users who may read a draft can get a quote from it
    let of_draft = json!({ "v": draft["id"] });
    assert_eq!(price(&shop.reseller, of_draft.clone()).await, ("0.5".to_owned(), 360));
    assert_eq!(price(&shop.reseller, json!({ "v": draft["id"], "at": at(2) })).await.0, "0.5");
    let code = |answer: Value| answer["errors"][0]["extensions"]["code"].clone();
    assert_eq!(code(asked(&shop.owner, of_draft.clone()).await), "FORBIDDEN");
    let input = json!({ "name": unique("tariff") });
    let other = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    let input = json!({ "tariffId": other["tariff"]["id"], "csv": format!("{HEADER}\n55,Brazil,9,0,1,1\n") });
    let other = shop.reseller.did("importTariff", "ImportTariffInput", input, "version { id }").await;
    let of_other = json!({ "v": other["version"]["id"] });
    assert_eq!(code(asked(&shop.reseller, of_other).await), "INVALID_INPUT");
    tariff.shop.finish().await;
});
