//! The records of the day, which must agree: the ledger, sessions, reports and the audit log.

use super::*;

/// The entries of a book, as the API returns them.
async fn ledger(client: &Client, account: &str, book: &str) -> Vec<Value> {
    let query = "query($a: ID!, $b: LedgerBook!) { ledger(accountId: $a, book: $b, first: 100) { nodes { kind callId amount { amount } } \
        pageInfo { hasNextPage } } }";
    let mut data = client.ok(query, json!({ "a": account, "b": book })).await;
    assert_eq!(data["ledger"]["pageInfo"]["hasNextPage"], json!(false));
    let entries = data["ledger"]["nodes"].take();
    flat(&entries).as_array().expect("entries").clone()
}

async fn book(client: &Client, account: &str, book: &str) -> String {
    sum(ledger(client, account, book).await.iter().map(|entry| &entry["amount"]))
}

/// The sum of a book's entries that come from calls.
async fn by_calls(client: &Client, account: &str, book: &str) -> String {
    let entries = ledger(client, account, book).await;
    sum(entries.iter().filter(|entry| !entry["callId"].is_null()).map(|entry| &entry["amount"]))
}

pub(super) async fn books(day: &Day) {
    let shop = &day.shop;
    let given_away = ledger(&shop.owner, &shop.id, "WRITE_OFF").await;
    let given_away: Vec<&Value> = given_away.iter().rev().map(|entry| &entry["amount"]).collect();
    assert_eq!(given_away, ["0.03", "0.01"]);
    for (name, holds) in [
        ("RECEIVABLE", "0"),
        ("DEPOSITS", "0"),
        ("DRAWER", "0"),
        ("VARIANCE", "2"),
        // the write-offs are Bruno's 0.03 and Dora's 0.01
        ("WRITE_OFF", "0.04"),
        // rounding adds -0.002, -0.02 and -0.01; the book has the opposite sign
        ("ROUNDING", "0.032"),
        // sales are 13.442 (calls of 4.042 and items of 11, less discounts of 1.60), plus 0.04 that was written off, minus 1 that was refunded to
        // Carla
        ("SALES", "-12.482"),
        // the cash floats of 150 and 20 came from outside the shop; the amounts 30, 10, 95.85 and 44.56 left the shop again
        ("OUTSIDE", "10.41"),
    ] {
        assert_eq!(book(&shop.owner, &shop.id, name).await, holds, "{name}");
    }
    // the balance is 500 - 499.0062 + 299.997, less the 2.4016 that calls cost
    assert_eq!(balance(day).await, ["298.5892", "0"]);
    assert_eq!(book(&shop.owner, &shop.id, "CREDIT").await, "298.5892");
    assert_eq!(book(&shop.reseller, &shop.reseller_id, "CREDIT").await, "998.2158");
    assert_eq!(book(&shop.reseller, &shop.reseller_id, "REVENUE").await, "2.4016");
    assert_eq!(book(&shop.reseller, &shop.reseller_id, "ISSUED").await, "-300.9908");
    assert_eq!(book(&shop.distributor, &shop.distributor_id, "REVENUE").await, "1.7842");
    let reseller =
        shop.reseller.object("account", &shop.reseller_id, "balance { amount } held { amount }").await;
    assert_eq!(flat(&reseller), json!({ "balance": "998.2158", "held": "0" }));
}

/// Checks that receipts have consecutive numbers, and that customers paid exactly the billed amounts.
pub(super) async fn sessions(day: &Day) {
    let query = "query($s: ID!) { sessions(callshopId: $s, first: 100) { nodes { id customer state receiptNumber carriedOver total { amount } \
        cashRounding { amount } settledBy { displayName } payments { kind amount { amount } } statement { callsTotal { amount } total { amount } \
        calls { amount { amount } } } } } }";
    let data = flat(&day.shop.owner.ok(query, json!({ "s": day.shop.id })).await);
    let (mut settled, mut billed) = (BTreeMap::new(), Vec::new());
    for session in data["sessions"]["nodes"].as_array().expect("sessions") {
        let calls = session["statement"]["calls"].as_array().expect("calls");
        assert_eq!(session["statement"]["callsTotal"], json!(sum(calls)), "{session}");
        billed.extend(calls.iter().cloned());
        if session["state"] == "VOIDED" {
            assert_eq!((&session["customer"], &session["receiptNumber"]), (&json!("Iris"), &Value::Null));
            continue;
        }
        assert_eq!(
            (&session["state"], &session["total"]),
            (&json!("SETTLED"), &session["statement"]["total"])
        );
        let payments = session["payments"].as_array().expect("payments");
        let of = |kind: &str| {
            let of_kind = payments.iter().filter(|payment| payment["kind"] == kind);
            of_kind.map(|payment| amount(&payment["amount"]).0).sum::<i64>()
        };
        let paid = of("SALE") + of("DEPOSIT") - of("DEPOSIT_REFUND");
        assert_eq!(paid, amount(&session["total"]).0 + amount(&session["cashRounding"]).0, "{session}");
        let number: u32 = text(&session["receiptNumber"]).parse().expect("a number");
        let who = (
            text(&session["customer"]),
            text(&session["settledBy"]["displayName"]),
            session["carriedOver"] == json!(true),
        );
        settled.insert(number, who);
        let copy = "query($s: ID!) { receipt(sessionId: $s, format: TEXT_80, locale: \"en\") { number reprint text } }";
        let copy = day.shop.owner.ok(copy, json!({ "s": session["id"] })).await["receipt"].take();
        assert_eq!((&copy["number"], &copy["reprint"]), (&session["receiptNumber"], &json!(true)));
        let total =
            format!("R$ {:.2}", text(&session["total"]).parse::<rust_decimal::Decimal>().expect("a decimal"));
        assert!(text(&copy["text"]).contains(&total), "{total}\n{copy}");
        if session["customer"] == "Dora" {
            assert!(
                text(&copy["text"]).contains("11:01:00  1:00\n"),
                "the copy must match the original: {copy}"
            );
        }
        let refund = format!("{} 14:10 Cash", day.date.format("%-d %b %Y"));
        assert_eq!(text(&copy["text"]).contains(&refund), session["customer"] == "Carla", "{copy}");
    }
    let expected = [
        ("Carla", "Ana"),
        ("Rosa", "Ana"),
        ("Bruno", "Ana"),
        ("Dora", "Ana"),
        ("Gil", "Ana"),
        ("Eva", "Ana"),
        ("Fabio", "Bia"),
        ("Hugo", "Bia"),
        ("Joao", "Bia"),
    ];
    let expected = expected.map(|(customer, by)| (customer.to_owned(), by.to_owned(), customer == "Fabio"));
    assert_eq!(settled, (1..).zip(expected).collect());
    assert_eq!(sum(&billed), "4.042");
}

/// A group's name with its retail, revenue, cost and margin.
type Group<'a> = (&'a str, [&'a str; 4]);

async fn report(
    day: &Day,
    client: &Client,
    account: &str,
    by: Option<&str>,
) -> (Value, Vec<(String, [String; 4])>) {
    const FIGURES: &str = "attempts refused answered asr acdSeconds talkSeconds billedSeconds retail { amount } revenue { amount } \
        cost { amount } margin { amount }";
    let query = format!(
        "query($a: ID!, $d: NaiveDate!, $g: [ReportDimension!]!) {{ report(accountId: $a, from: $d, to: $d, groupBy: $g) {{ total {{ {FIGURES} }} \
         groups(first: 100) {{ nodes {{ day callshop cabinNumber destination attendant figures {{ {FIGURES} }} }} }} }} }}"
    );
    let by: Vec<&str> = by.into_iter().collect();
    let data = client.ok(&query, json!({ "a": account, "d": day.date, "g": by })).await;
    let report = flat(&data["report"]);
    let group = |group: &Value| {
        let key = ["day", "callshop", "cabinNumber", "destination", "attendant"].map(|name| &group[name]);
        let key = key
            .into_iter()
            .find(|value| !value.is_null())
            .map_or_else(String::new, |key| key.as_str().map_or_else(|| key.to_string(), str::to_owned));
        (key, ["retail", "revenue", "cost", "margin"].map(|name| text(&group["figures"][name])))
    };
    let groups = report["groups"]["nodes"].as_array().expect("groups").iter().map(group).collect();
    (report["total"].clone(), groups)
}

async fn grouped(day: &Day, (client, account): (&Client, &str), by: &str, expected: &[Group<'_>]) {
    let (total, groups) = report(day, client, account, Some(by)).await;
    let groups: BTreeMap<_, _> = groups.into_iter().collect();
    let named = expected.iter().map(|(name, figures)| ((*name).to_owned(), figures.map(str::to_owned)));
    assert_eq!(groups, named.collect(), "{by}");
    for (position, name) in ["retail", "revenue", "cost", "margin"].into_iter().enumerate() {
        let micros: i64 =
            groups.values().map(|figures| Micros::parse(&figures[position]).expect("an amount").0).sum();
        assert_eq!(json!(Micros(micros).to_string()), total[name], "{name} by {by}");
    }
}

pub(super) async fn reports(day: &Day) {
    let shop = &day.shop;
    let date = day.date.to_string();
    // the totals are thirteen calls, one call to 190, and one busy line; the talk includes the sixty seconds that Dora paid for; the calls at 09:14,
    // 11:36, 12:19 and 16:00 were refused
    let mut total = json!({ "attempts": 15, "refused": 4, "answered": 14, "asr": "0.9333", "acdSeconds": 127, "talkSeconds": 1771,
        "billedSeconds": 1722, "retail": "4.042", "revenue": "4.042", "cost": "2.4016", "margin": "1.6404" });
    let owner = (&shop.owner, shop.id.as_str());
    assert_eq!(report(day, owner.0, owner.1, None).await.0, total);
    grouped(day, owner, "DAY", &[(&date, ["4.042", "4.042", "2.4016", "1.6404"])]).await;
    grouped(day, owner, "CALLSHOP", &[("Callshop", ["4.042", "4.042", "2.4016", "1.6404"])]).await;
    grouped(
        day,
        owner,
        "CABIN",
        &[
            // the group's retail prices are 0.30 + 0.06 + 0.48 + 0.38 + 0.65; its costs are 0.20 + 0.0467 + 0.28 + 0.2033 + 0.40
            ("1", ["1.87", "1.87", "1.13", "0.74"]),
            // the group's retail prices are 0.71 + 0.35 + 0.42 + 0.09 + 0.06; its costs are 0.4333 + 0.10 + 0.28 + 0.06 + 0.035
            ("2", ["1.63", "1.63", "0.9083", "0.7217"]),
            // the group's retail prices are 0.128 + 0.064; its costs are 0.1108 + 0.0525
            ("3", ["0.192", "0.192", "0.1633", "0.0287"]),
            ("4", ["0.35", "0.35", "0.2", "0.15"]),
        ],
    )
    .await;
    let none = ["0", "0", "0", "0"];
    grouped(
        day,
        owner,
        "DESTINATION",
        &[
            ("", none),
            ("Emergency", none),
            ("Brazil", ["0.54", "0.54", "0.315", "0.225"]),
            ("Portugal", ["2.44", "2.44", "1.3366", "1.1034"]),
            ("Sao Paulo", ["0.192", "0.192", "0.1633", "0.0287"]),
            ("United States", ["0.87", "0.87", "0.5867", "0.2833"]),
        ],
    )
    .await;
    grouped(
        day,
        owner,
        "ATTENDANT",
        &[
            ("", none),
            ("Ana", ["2.952", "2.952", "1.7633", "1.1887"]),
            ("Bia", ["1.09", "1.09", "0.6383", "0.4517"]),
        ],
    )
    .await;
    // the reseller's revenue is the shop's cost
    let reseller = (&shop.reseller, shop.reseller_id.as_str());
    (total["revenue"], total["cost"], total["margin"]) = (json!("2.4016"), json!("1.7842"), json!("0.6174"));
    assert_eq!(report(day, reseller.0, reseller.1, None).await.0, total);
    grouped(day, reseller, "DAY", &[(&date, ["4.042", "2.4016", "1.7842", "0.6174"])]).await;
    grouped(day, reseller, "CALLSHOP", &[("Callshop", ["4.042", "2.4016", "1.7842", "0.6174"])]).await;
    grouped(
        day,
        reseller,
        "CABIN",
        &[
            // the reseller's cost is 0.15 + 0.035 + 0.20 + 0.1525 + 0.30
            ("1", ["1.87", "1.13", "0.8375", "0.2925"]),
            // the reseller's cost is 0.325 + 0.075 + 0.21 + 0.045 + 0.025
            ("2", ["1.63", "0.9083", "0.68", "0.2283"]),
            // 0.0792 + 0.0375
            ("3", ["0.192", "0.1633", "0.1167", "0.0466"]),
            ("4", ["0.35", "0.2", "0.15", "0.05"]),
        ],
    )
    .await;
    grouped(
        day,
        reseller,
        "DESTINATION",
        &[
            ("", none),
            ("Emergency", none),
            ("Brazil", ["0.54", "0.315", "0.225", "0.09"]),
            ("Portugal", ["2.44", "1.3366", "1.0025", "0.3341"]),
            ("Sao Paulo", ["0.192", "0.1633", "0.1167", "0.0466"]),
            ("United States", ["0.87", "0.5867", "0.44", "0.1467"]),
        ],
    )
    .await;
    grouped(
        day,
        reseller,
        "ATTENDANT",
        &[
            ("", none),
            ("Ana", ["2.952", "1.7633", "1.3067", "0.4566"]),
            ("Bia", ["1.09", "0.6383", "0.4775", "0.1608"]),
        ],
    )
    .await;
    // the ledger agrees with the reports of the shop and the reseller
    assert_eq!(by_calls(owner.0, owner.1, "CREDIT").await, "-2.4016");
    assert_eq!(by_calls(reseller.0, reseller.1, "CREDIT").await, "-1.7842");
    assert_eq!(by_calls(reseller.0, reseller.1, "REVENUE").await, "2.4016");
}

/// Checks that every action of the day is in the audit log, with the action's name, user, and address.
pub(super) async fn audit_log(day: &Day) {
    let shop = &day.shop;
    let mut names = BTreeMap::new();
    for (client, name) in
        [(&shop.owner, "owner"), (&shop.attendant, "ana"), (&day.bia, "bia"), (&shop.reseller, "reseller")]
    {
        names.insert(user(client).await, name);
    }
    let query = "query($a: ID!) { auditLog(accountId: $a, first: 100) { nodes { at action objectId address user { id } \
                 changes { field } } } }";
    let data = shop.admin.ok(query, json!({ "a": shop.id })).await;
    let began = day.instant("08:00:00");
    let mut written: Vec<(&str, String)> = Vec::new();
    for entry in data["auditLog"]["nodes"].as_array().expect("entries").iter().rev() {
        if text(&entry["at"]).parse::<DateTime<Utc>>().expect("a time") < began {
            continue;
        }
        assert!(entry["objectId"].is_string() && entry["address"] == "127.0.0.1", "{entry}");
        assert_ne!(entry["changes"], json!([]), "the entry must have changes: {entry}");
        let who = names.get(&text(&entry["user"]["id"])).unwrap_or_else(|| panic!("unknown user: {entry}"));
        match written.last_mut() {
            Some((last, actions)) if last == who => {
                actions.extend([" ", entry["action"].as_str().expect("an action")])
            }
            _ => written.push((*who, text(&entry["action"]))),
        }
    }
    let written: Vec<(&str, &str)> = written.iter().map(|(who, actions)| (*who, actions.as_str())).collect();
    assert_eq!(
        written,
        [
            ("owner", "updateCallshopSettings createUser updateUser"),
            ("ana", "openRegister openCabin moveSession closeCabin addSessionItem applyDiscount"),
            ("owner", "applyDiscount"),
            (
                "ana",
                "settleSession openCabin addSessionItem addDeposit closeCabin settleSession openCabin closeCabin settleSession \
                 openCabin closeCabin settleSession"
            ),
            ("reseller", "adjustCredit"),
            ("ana", "openCabin"),
            ("reseller", "topUp"),
            (
                "ana",
                "openCabin openCabin closeCabin settleSession closeCabin closeCabin settleSession recordCashMovement recordCashMovement \
                 closeRegister"
            ),
            (
                "bia",
                "openRegister refundSession settleSession openCabin closeCabin settleSession openCabin voidSession openCabin \
                 updateSessionLimits addSessionItem addSessionItem removeSessionItem closeCabin settleSession"
            ),
            ("owner", "recordCashMovement"),
            ("bia", "closeRegister"),
        ]
    );
    let actions: BTreeSet<&str> = written.iter().flat_map(|(_, actions)| actions.split(' ')).collect();
    let missing: Vec<_> = SHOP_MUTATIONS.iter().filter(|name| !actions.contains(*name)).collect();
    assert!(missing.is_empty(), "these mutations never ran in this day: {missing:?}");
}
