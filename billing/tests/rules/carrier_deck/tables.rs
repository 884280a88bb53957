//! Decks whose tables, columns and sentences are laid out in many ways. The decks are in `data/layouts.txt`: a line with the name, the currency and the
//! code of the expected question or error, if any; the file; and the expected rates.

use super::*;

const DECKS: &str = include_str!("../../data/layouts.txt");

/// The rates as `code price first/next`, with the fee and the date if there is one.
fn lines(deck: &CarrierDeck, dated: bool) -> Vec<String> {
    let shown = |rate: &billing::carrier_deck::CarrierRate| match &rate.entry {
        Entry::Price(price) => {
            let fee = price.connection_fee;
            let fee = if fee == Micros::ZERO { String::new() } else { format!(" fee {fee}") };
            let date = rate.effective.map_or_else(|| "None".to_owned(), |date| date.to_string());
            let date = if dated { format!(" {date}") } else { String::new() };
            let (initial, next) = (price.initial_increment, price.increment);
            format!("{} {} {initial}/{next}{fee}{date}", price.prefix, price.price_per_minute)
        }
        Entry::Removed(prefix) | Entry::Blocked(prefix) => format!("{prefix} gone"),
    };
    let warned = deck.problems.iter().filter(|problem| problem.severity == Severity::Warning);
    let mut found: Vec<String> = deck.rates.iter().map(shown).collect();
    found.extend(warned.filter(|problem| problem.code == "FEE_UNREAD").map(|_| "warn FEE_UNREAD".to_owned()));
    found.sort();
    found
}

#[test]
fn decks_in_many_layouts() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for block in DECKS.split("=== ").skip(1) {
        let (title, rest) = block.split_once('\n').unwrap();
        let (file, expected) = rest.rsplit_once("---\n").unwrap();
        let parts: Vec<&str> = title.split(" | ").collect();
        let mut expected: Vec<String> = expected.lines().map(str::to_owned).collect();
        expected.sort();
        let dated = expected.iter().any(|line| line.contains(" 20") && line.contains('-'));
        let deck = read_with(file.as_bytes(), &Mapping::default(), Some(parts[1]));
        let asked: Vec<&str> = deck.questions.iter().map(|question| question.code.as_ref()).collect();
        let failed: Vec<String> = errors(&deck).into_iter().map(|(_, code)| format!("ERR {code}")).collect();
        let found = lines(&deck, dated);
        let good = match parts.get(2) {
            None => asked.is_empty() && failed.is_empty() && found == expected,
            Some(code) if code.starts_with("ERR") => failed.iter().any(|found| found == code),
            Some(code) => asked == [*code] && deck.questions[0].answers.len() > 1,
        };
        count += 1;
        if !good {
            wrong.push(format!("{title}\n  found {found:?}\n  asked {asked:?}\n  failed {failed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 80, "{count}");
}

#[test]
fn a_price_covers_the_billing_cycle() {
    let text = "费率为每个计费周期的价格（元/周期）；生效时间：2026年12月1日 00:00\n费率前缀,地区名,费率类型,计费费率,计费周期(秒),锁定类型\n00852,香港固话,国际长途,0.0115,6,无锁定\n001,美国,国际长途,0.0480,60,无锁定\n0081,日本固话,国际长途,0.0022,1,无锁定\n00850,朝鲜,国际长途,0.0000,60,全部锁定\n";
    let expected =
        ["1 0.048 60/60 2026-12-01", "81 0.132 1/1 2026-12-01", "850 gone", "852 0.115 6/6 2026-12-01"];
    let (chinese, ..) = encoding_rs::GB18030.encode(text);
    for bytes in [text.as_bytes(), chinese.as_ref()] {
        let deck = read_with(bytes, &Mapping::default(), Some("CNY"));
        assert_eq!(lines(&deck, true), expected, "{:#?} {:#?}", deck.questions, deck.problems);
    }
    let vos = "Area prefix,Area name,Billing rate,Billing cycle\n86,China,0.0110,6\n8613,China Mobile,0.0120,60\n852,Hong Kong,0.0150,60\n8526,Hong Kong Mobile,0.0160,60\n";
    let asked = read(vos.as_bytes());
    let answers = &asked.questions[0].answers;
    assert_eq!(
        answers.iter().map(|answer| answer.text.as_str()).collect::<Vec<_>>(),
        ["a minute", "the increment of its row"]
    );
    let deck = read_with(vos.as_bytes(), &answers[1].mapping, None);
    assert_eq!(
        lines(&deck, false),
        ["852 0.015 60/60", "8526 0.016 60/60", "86 0.11 6/6", "8613 0.012 60/60"]
    );
}

#[test]
fn sheets_with_prices_codes_and_a_cover() {
    let file = workbook(&[
        (
            "Cover",
            &[
                &["Currency", "EUR"],
                &["Billing increments"],
                &["All destinations", "1/1 (one second minimum, one second steps)"],
                &["Mexico", "60/60"],
            ],
        ),
        (
            "Prices",
            &[
                &["Destination", "Price EUR/min", "Valid from", "Change"],
                &["BELGIUM", "0.0062", "28.11.2026", "="],
                &["MEXICO CITY", "0.0047", "28.11.2026", "="],
                &["ERITREA", "", "07.12.2026", "Closed"],
            ],
        ),
        (
            "Dial codes",
            &[
                &["Destination", "Country code", "Area code", "Dial code"],
                &["BELGIUM", "32", "", "32"],
                &["MEXICO CITY", "52", "55", "5255"],
                &["ERITREA", "291", "", "291"],
                &["SURINAME MOBILE", "597", "7", "5977"],
            ],
        ),
    ]);
    let deck = read_with(&file, &Mapping::default(), Some("EUR"));
    let expected = ["291 gone", "32 0.0062 1/1 2026-11-28", "5255 0.0047 60/60 2026-11-28", "5977 gone"];
    assert_eq!(lines(&deck, true), expected, "{:#?} {:#?}", deck.questions, deck.problems);
    assert!(deck.detected.iter().any(|found| found.value.contains("SURINAME")), "{:#?}", deck.detected);
}

#[test]
fn a_cover_counts_after_the_choice_of_a_sheet() {
    let rates: &[&[&str]] = &[
        &["Destination", "Code", "Price EUR/min"],
        &["Belgium", "32", "0.0062"],
        &["Belgium Mobile", "3247", "0.0090"],
        &["Cuba", "53", "0.7500"],
    ];
    let file = workbook(&[("Cover", &[&["Billing increments: 1/1"]]), ("Gold", rates), ("Silver", rates)]);
    let (deck, _) = answered(&file, Mapping::default(), "SHEET", 1);
    assert_eq!(
        lines(&deck, false),
        ["32 0.0062 1/1", "3247 0.009 1/1", "53 0.75 1/1"],
        "{:#?}",
        deck.problems
    );
}

#[test]
fn increments_in_a_sheet_of_their_own() {
    let file = workbook(&[
        (
            "Rates",
            &[
                &["Destination", "Code", "Rate USD/min"],
                &["Mexico Mobile", "521", "0.0150"],
                &["Gambia", "220", "0.4100"],
                &["France", "33", "0.0060"],
            ],
        ),
        (
            "Increments",
            &[
                &["Destination", "Billing Increment"],
                &["Mexico", "60/60"],
                &["Gambia", "60/1"],
                &["All other destinations", "1/1"],
            ],
        ),
    ]);
    let deck = read(&file);
    assert_eq!(
        lines(&deck, false),
        ["220 0.41 60/1", "33 0.006 1/1", "521 0.015 60/60"],
        "{:#?}",
        deck.problems
    );
}

#[test]
fn names_of_joined_tables() {
    for (file, expected) in [
        (
            "Country;Price EUR/min\nFrance (33);0.0060\nFrance Mobile (336);0.0150\nCuba (53);0.75\n",
            ["France", "France Mobile", "Cuba"],
        ),
        (
            "Band;Rate\nA;0.0060\nB;0.0150\n\nDestination;Prefix;Band\nFrance;33;A\nFrance Mobile;336;B\nItaly;39;A\n",
            ["France", "Italy", "France Mobile"],
        ),
        (
            "UF;Área;DDD;Fixo (R$/min);Móvel (R$/min)\nSP;Santos;13;0,0340;0,0560\nAM;Tefé;97;0,0990;-\nMóvel = números iniciados por 9;;;;\n",
            ["Santos - Fixo", "Santos - Móvel", "Tefé - Fixo"],
        ),
    ] {
        let deck = read(file.as_bytes());
        assert_eq!(names(&deck), expected, "{file} {:#?} {:#?}", deck.questions, deck.problems);
    }
}

#[test]
fn a_saved_mapping_does_not_decide_about_the_rows_of_a_later_deck() {
    let answers = r#"{
        "price_unit": "minute", "duplicates": "last", "removed_duplicates": "last", "skip_invalid": true, "prices_confirmed": true,
        "cells": {"Rate": {"call us": "0.01"}, "End Date": {"nimmermehr": "", "1/1/27": null, "soon": "2026-12-24"}}
    }"#;
    let kept = serde_json::from_str::<Mapping>(answers).unwrap().for_later_decks();
    let expected = r#"{"price_unit":"minute","cells":{"End Date":{"1/1/27":null,"nimmermehr":""}}}"#;
    assert_eq!(serde_json::to_string(&kept).unwrap(), expected);
}

#[test]
fn no_rule_about_prices_decides_whether_a_code_is_removed() {
    let file = b"Code,Rate\n33,0.006\n33,N/A\n53,0.75\n53,0.76\n";
    for rule in ["last", "lowest", "highest"] {
        let json = format!(r#"{{"duplicates": "{rule}"}}"#);
        let mapping: Mapping = serde_json::from_str(&json).unwrap();
        let offered = read_with(file, &mapping, None).questions[0].answers.len();
        assert_eq!(offered, 2, "the prices do not show which of the rows of 33 applies");
        let price = if rule == "lowest" { "53 0.75 0 60/60" } else { "53 0.76 0 60/60" };
        let (deck, _) = answered(file, mapping.clone(), "DUPLICATES", 0);
        assert_eq!(clean(&deck), ["33 0.006 0 60/60", price]);
        let (deck, _) = answered(file, mapping, "DUPLICATES", 1);
        assert_eq!(clean(&deck), ["33 removed", price]);
        let shown = deck.detected.iter().find(|found| found.item == "duplicates:left_out");
        assert_eq!(shown.map(|found| found.value.as_str()), Some("2"));
    }
}

#[test]
fn many_rows_with_errors_are_not_left_out() {
    const CODES: [&str; 10] = ["33", "34", "351", "39", "44", "49", "53", "54", "55", "57"];
    for (good, bad, asked) in [(10, 2, true), (9, 1, false), (10, 3, false)] {
        let rows = CODES.iter().take(good).map(|code| format!("{code},Place {code},0.006\n"));
        // a text this long is not asked about
        let wrong = (0..bad).map(|_| format!("{},Cuba,0.75\n", "5x3".repeat(80)));
        let file: String = std::iter::once("Code,Name,Rate\n".to_owned()).chain(rows).chain(wrong).collect();
        let deck = read(file.as_bytes());
        let codes: Vec<&str> = deck.questions.iter().map(|question| question.code.as_ref()).collect();
        assert_eq!(codes == ["ROWS_INVALID"], asked, "{good} and {bad}: {codes:?} {:#?}", deck.problems);
        assert!(asked || codes.is_empty() && deck.errors > 0, "{codes:?}");
    }
}
