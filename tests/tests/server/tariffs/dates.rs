//! Tests imports of carriers' decks whose rows have several dates: one scheduled version for each date.

use chrono::NaiveDate;

use super::*;

const FIELDS: &str =
    "version { number } scheduled { id number state activeFrom rates(first: 100) { nodes { prefix destination
    pricePerMinute { amount } } } } changes { added raised removed unchanged } questions { code }";

/// A carrier's deck with a date in each row. An empty date means now.
fn deck(rows: &[(&str, &str, Option<NaiveDate>)]) -> String {
    let row = |(code, price, day): &(&str, &str, Option<NaiveDate>)| {
        format!("{code},Place {code},{price},{}\n", day.map_or(String::new(), |day| day.to_string()))
    };
    format!("Code,Destination,Rate,Effective Date\n{}", rows.iter().map(row).collect::<String>())
}

impl Tariff {
    async fn by_date(&self, csv: &str, more: Value) -> Value {
        let mut input = json!({ "tariffId": self.id, "csv": csv, "byDate": true });
        input.as_object_mut().expect("an input").extend(more.as_object().expect("more").clone());
        self.seller().tried("importTariff", "ImportTariffInput", input, FIELDS).await
    }

    fn day(&self, days: i64) -> NaiveDate {
        (self.now() + TimeDelta::days(days)).date_naive()
    }
}

fn scheduled(payload: &Value) -> Vec<Vec<String>> {
    payload["scheduled"].as_array().unwrap_or_else(|| panic!("{payload}")).iter().map(prices).collect()
}

on_both!(each_date_makes_a_scheduled_version, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let (tomorrow, later) = (Some(tariff.day(2)), Some(tariff.day(9)));
    let csv = deck(&[
        ("44", "0.21", None),
        ("55", "0.12", tomorrow),
        ("33", "0.5", tomorrow),
        ("55", "0.13", later),
    ]);
    let dry = tariff.by_date(&csv, json!({ "mode": "MERGE", "dryRun": true })).await;
    assert_eq!((&dry["scheduled"], &dry["questions"]), (&json!([]), &json!([])), "{dry}");
    assert_eq!(dry["changes"], json!({ "added": 1, "raised": 2, "removed": 0, "unchanged": 0 }));

    let done = tariff.by_date(&csv, json!({ "mode": "MERGE" })).await;
    assert_eq!(done["userErrors"], json!([]), "{done}");
    let expected = [
        vec!["44 0.21", "55 0.1"],
        vec!["33 0.5", "44 0.21", "55 0.12"],
        vec!["33 0.5", "44 0.21", "55 0.13"],
    ];
    assert_eq!(scheduled(&done), expected);
    let states: Vec<&Value> =
        done["scheduled"].as_array().expect("versions").iter().map(|of| &of["state"]).collect();
    assert_eq!(states, ["ACTIVE", "SCHEDULED", "SCHEDULED"]);
    // a day begins at midnight in the tariff's time zone, three hours after midnight UTC
    let begins = format!("{}T03:00:00", tariff.day(2));
    assert!(text(&done["scheduled"][1]["activeFrom"]).starts_with(&begins), "{done}");
    assert_eq!(done["version"]["number"], 4);
    assert_eq!(tariff.in_force().await, expected[0]);

    // importing the file again conflicts with the existing schedule, so none of the new versions is stored, and no price changes before the first
    // date
    let again = tariff.by_date(&csv, json!({ "mode": "MERGE" })).await;
    assert_eq!(again["userErrors"][0]["code"], "SCHEDULE_CONFLICT", "{again}");
    tariff.shop.server.time().pass(TimeDelta::days(3));
    let app = &tariff.shop.server.app;
    let id = graphql::scalars::Kind::Tariff.parse(&tariff.id.clone().into()).expect("an id");
    let in_force = async || {
        let now = app.clock.now();
        store::tariffs::in_force(app.store.reader(), id, now)
            .await
            .expect("a read")
            .expect("a version")
            .number
    };
    assert_eq!(in_force().await, 3);
    tariff.shop.server.time().pass(TimeDelta::days(7));
    assert_eq!(in_force().await, 4);
    tariff.shop.finish().await;
});

on_both!(a_complete_deck_waits_for_its_first_date, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let csv = deck(&[("55", "0.2", Some(tariff.day(3))), ("33", "0.3", Some(tariff.day(5)))]);
    let asked = json!({ "tariffId": tariff.id, "csv": csv });
    let asked = tariff.seller().tried("importTariff", "ImportTariffInput", asked, FIELDS).await;
    assert_eq!(
        asked["questions"][0]["code"], "EFFECTIVE_DATE",
        "without `byDate`, the user chooses: {asked}"
    );
    let done = tariff.by_date(&csv, json!({})).await;
    assert_eq!(scheduled(&done), [vec!["55 0.2"], vec!["33 0.3", "55 0.2"]], "{done}");
    assert_eq!(tariff.in_force().await, ["44 0.2", "55 0.1"]);
    // each version follows the one before it, so the first cannot be canceled alone
    let input = json!({ "versionId": done["scheduled"][0]["id"] });
    let code = tariff.seller().code("cancelTariffVersion", "CancelTariffVersionInput", input, "").await;
    assert_eq!(code, "SCHEDULE_CONFLICT");
    tariff.shop.finish().await;
});

on_both!(a_code_keeps_its_price_until_its_first_date, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let csv = deck(&[("44", "0.21", None), ("55", "0.12", Some(tariff.day(3)))]);
    let done = tariff.by_date(&csv, json!({})).await;
    assert_eq!(scheduled(&done), [["44 0.21", "55 0.1"], ["44 0.21", "55 0.12"]], "{done}");
    tariff.shop.finish().await;
});

on_both!(too_many_dates_are_refused, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let codes = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
        "49", "51", "52", "54", "55", "56", "57",
    ];
    let rows: Vec<_> = (1..).zip(codes).map(|(days, code)| (code, "0.5", Some(tariff.day(days)))).collect();
    let refused = tariff.by_date(&deck(&rows), json!({ "mode": "MERGE" })).await;
    assert_eq!(refused["userErrors"][0]["code"], "BAD_DECK", "{refused}");
    assert!(text(&refused["userErrors"][0]["message"]).contains("effective_on"), "{refused}");
    tariff.shop.finish().await;
});
