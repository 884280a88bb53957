//! Tests the import of carriers' decks through the API and the command line: questions, mappings, rows that are set aside, and codes that are
//! removed.

use std::process::{Command, Output};

use serde_json::{Value, json};
use tests::on_both;
use tests::shop::{Shop, text, unique};

const REPORT: &str = "version { rates(first: 100) { nodes { prefix destination pricePerMinute { amount } } } } changes { added removed } \
    detected { item value reason confidence } questions { code text line example answers { text mapping } } setAside { reason rows } \
    problems { line column severity code message value remedy }";

const DECK: &str = "Rate notification;;;;;;\nDestination;Country Code;Area Code;Origin;New Rate;Effective;Status\n\
    España móvil;34;6, 7;;0,0120;03/04/2026;Increase\nEspaña;34;;;0,0065;03/04/2026;New\n\
    España (EEA);34;;32;0,0010;03/04/2026;New\nPerú;51;1;;0,0041;03/04/2026;Closed\nAll prices exclude taxes;;;;;;\n";

async fn tariff(shop: &Shop) -> String {
    let input = json!({ "name": unique("tariff") });
    let made = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    text(&made["tariff"]["id"])
}

async fn import(shop: &Shop, input: Value) -> Value {
    shop.reseller.tried("importTariff", "ImportTariffInput", input, REPORT).await
}

fn rates(payload: &Value) -> Vec<String> {
    let nodes =
        payload["version"]["rates"]["nodes"].as_array().unwrap_or_else(|| panic!("rates, not {payload}"));
    let shown = |rate: &Value| {
        format!(
            "{} {} {}",
            text(&rate["prefix"]),
            text(&rate["pricePerMinute"]["amount"]),
            text(&rate["destination"])
        )
    };
    nodes.iter().map(shown).collect()
}

on_both!(a_carriers_deck_is_asked_about_and_then_imported, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let id = tariff(&shop).await;
    let asked = import(&shop, json!({ "tariffId": id, "csv": DECK })).await;
    assert_eq!(asked["userErrors"][0]["code"], "BAD_DECK", "{asked}");
    assert!(asked["version"].is_null(), "{asked}");
    let question = &asked["questions"][0];
    assert_eq!(
        (question["code"].as_str(), question["example"].as_str()),
        (Some("DATE_ORDER"), Some("03/04/2026")),
        "{asked}"
    );
    let mapping = text(&question["answers"][0]["mapping"]);
    for (languages, begin, answer, reason, [message, remedy]) in [
        (
            "en",
            "The dates do not show",
            "day, month, year",
            "With this delimiter, most lines have the same number of cells.",
            ["A code must not have a decimal point.", "Give each code in digits, separated by commas."],
        ),
        (
            "es",
            "Las fechas no muestran",
            "día, mes, año",
            "Con este separador, la mayoría de las líneas tiene el mismo número de celdas.",
            [
                "Un código no puede tener punto decimal.",
                "Escriba cada código en dígitos, separados por comas.",
            ],
        ),
        (
            "",
            "As datas não mostram",
            "dia, mês, ano",
            "Com este separador, a maioria das linhas tem o mesmo número de células.",
            [
                "Um código não pode ter ponto decimal.",
                "Escreva cada código em dígitos, separados por vírgulas.",
            ],
        ),
    ] {
        let input = json!({ "tariffId": id, "csv": DECK });
        let reader = shop.reseller.reading(languages);
        let asked = reader.tried("importTariff", "ImportTariffInput", input, REPORT).await;
        let question = &asked["questions"][0];
        assert!(text(&question["text"]).starts_with(begin), "{asked}");
        assert_eq!(question["answers"][0]["text"], answer, "{asked}");
        let guesses = asked["detected"].as_array().expect("guesses");
        let guess = guesses.iter().find(|guess| guess["item"] == "delimiter").expect("a guess");
        assert_eq!(guess["reason"], reason, "{asked}");
        let input = json!({ "tariffId": id, "csv": "Code;Name;Rate\n351.0;Portugal;0,05\n" });
        let bad = reader.tried("importTariff", "ImportTariffInput", input, REPORT).await;
        let problem = &bad["problems"][0];
        assert_eq!([&problem["message"], &problem["remedy"]], [message, remedy], "{bad}");
    }

    let done = import(&shop, json!({ "tariffId": id, "csv": DECK, "mapping": mapping })).await;
    assert_eq!(done["userErrors"], json!([]), "{done}");
    assert_eq!(rates(&done), ["34 0.0065 España", "346 0.012 España móvil", "347 0.012 España móvil"]);
    assert_eq!(done["setAside"], json!([{ "reason": "BY_ORIGIN", "rows": 1 }]));
    let guess = |item: &str| {
        let guesses = done["detected"].as_array().into_iter().flatten();
        guesses.filter(|guess| guess["item"] == item).map(|guess| text(&guess["value"])).collect::<Vec<_>>()
    };
    assert_eq!(guess("delimiter"), [";"]);
    assert_eq!(guess("column:price"), ["New Rate"]);

    let wrong = import(&shop, json!({ "tariffId": id, "csv": DECK, "mapping": "{\"prise\": 1}" })).await;
    assert_eq!(wrong["userErrors"][0]["code"], "INVALID_INPUT", "{wrong}");
    assert_eq!(wrong["userErrors"][0]["field"], json!(["mapping"]), "{wrong}");
    let bad = import(&shop, json!({ "tariffId": id, "csv": "Code;Name;Rate\n351.0;Portugal;0,05\n" })).await;
    let problem = &bad["problems"][0];
    let found = ["code", "column", "value"].map(|field| problem[field].as_str().unwrap_or_default());
    assert_eq!(found, ["CODE_BROKEN", "Code", "351.0"], "{bad}");
    assert!(problem["remedy"].is_string(), "{bad}");
    shop.finish().await;
});

on_both!(prices_that_all_double_are_asked_about, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let id = tariff(&shop).await;
    let codes = [
        ("34", "Spain"),
        ("351", "Portugal"),
        ("33", "France"),
        ("39", "Italy"),
        ("49", "Germany"),
        ("44", "UK"),
    ];
    let rows: String = codes.iter().map(|(code, name)| format!("{code},{name},0.0100,0,60,60\n")).collect();
    let csv =
        format!("prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n{rows}");
    let input = json!({ "tariffId": id, "csv": csv });
    let made = shop.reseller.did("importTariff", "ImportTariffInput", input, "version { id }").await;
    let input = json!({ "versionId": made["version"]["id"] });
    shop.reseller.did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await;
    let rows: String = codes.iter().map(|(code, name)| format!("{name};{code};0.0200;60/60\n")).collect();
    let csv = format!("Destination;Code;Rate per minute;Increment\n{rows}");
    let asked = import(&shop, json!({ "tariffId": id, "csv": csv })).await;
    assert_eq!(asked["questions"][0]["code"], "PRICE_SCALE", "{asked}");
    assert_eq!(asked["questions"][0]["answers"][0]["text"], "the prices are right", "{asked}");
    let mapping = &asked["questions"][0]["answers"][0]["mapping"];
    let made = import(&shop, json!({ "tariffId": id, "csv": csv, "mapping": mapping })).await;
    assert_eq!(made["changes"], json!({ "added": 0, "removed": 0 }), "{made}");
    // these answers are about this deck, so a saved mapping does not keep them
    let own = r#"{"prices_confirmed":true,"duplicates":"last","skip_invalid":true,"cells":{"Rate per minute":{"x":"0.02"}}}"#;
    let input = json!({ "name": "Carrier", "mapping": own });
    let saved =
        shop.reseller.did("saveTariffMapping", "SaveTariffMappingInput", input, "mapping { mapping }").await;
    assert_eq!(saved["mapping"]["mapping"], "{}");
    shop.finish().await;
});

pub(crate) async fn command(shop: &Shop, arguments: &[&str]) -> Output {
    let database = shop.server.config_of_another().await.database_url;
    let mut command = Command::new(tests::crash::process::build(false));
    command.args(["tariff", "import"]).args(arguments).args(["--database", &database]);
    command.env("CALLSHOP_HOOK__SECRETS", "[\"not a secret, and long enough for the check\"]");
    tokio::task::spawn_blocking(move || command.output().expect("the command runs"))
        .await
        .expect("the command ends")
}

on_both!(the_command_line_reports_as_json, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let id = tariff(&shop).await;
    let file = shop.server.dir().join("carrier.csv");
    std::fs::write(&file, DECK).expect("a file");
    let file = file.display().to_string();
    let arguments = ["--tariff", &id, &file, "--dry-run", "--json"];
    let asked = command(&shop, &arguments).await;
    assert!(!asked.status.success(), "{asked:?}");
    let report: Value =
        serde_json::from_slice(&asked.stdout).unwrap_or_else(|_| panic!("JSON, not {asked:?}"));
    assert_eq!(report["questions"][0]["code"], "DATE_ORDER", "{report}");

    let mapping = shop.server.dir().join("mapping.json");
    std::fs::write(&mapping, report["questions"][0]["answers"][0]["mapping"].to_string()).expect("a file");
    let mapping = mapping.display().to_string();
    let done = command(&shop, &[&arguments[..], &["--mapping", &mapping]].concat()).await;
    assert!(done.status.success(), "{done:?}");
    let report: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("JSON, not {done:?}"));
    assert_eq!(report["changes"]["added"], 3, "{report}");
    assert_eq!(report["rows"]["read"], 3, "{report}");
    assert_eq!(report["rows"]["footer"], 1, "{report}");
    assert_eq!(report["version"], Value::Null, "{report}");
    shop.finish().await;
});
