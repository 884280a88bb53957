//! Questions instead of errors: every doubt has an answer that leads to the rates or to the next question.

use billing::carrier_deck::compare_prices;
use billing::tariff::Rate;

use super::*;

/// Gives, to each question in turn, the answer whose text begins with the given text, and returns the rates.
fn after(file: &str, answers: &[(&str, &str)]) -> Vec<String> {
    after_mapping(file, Mapping::default(), answers)
}

fn after_mapping(file: &str, mut mapping: Mapping, answers: &[(&str, &str)]) -> Vec<String> {
    for (code, answer) in answers {
        let deck = read_with(file.as_bytes(), &mapping, Some("USD"));
        let question = deck.questions.first();
        assert_eq!(
            question.map(|question| question.code.as_ref()),
            Some(*code),
            "{file}\n{:#?}",
            deck.problems
        );
        let offered = &question.unwrap().answers;
        let chosen = offered.iter().find(|found| found.text.starts_with(answer));
        assert!(chosen.is_some(), "{answer} is not among {offered:#?}");
        mapping = mapping.merged(chosen.unwrap().mapping.clone());
        let json = serde_json::to_string(&mapping).unwrap();
        assert_eq!(serde_json::from_str::<Mapping>(&json).unwrap(), mapping);
    }
    clean(&read_with(file.as_bytes(), &mapping, Some("USD")))
}

#[test]
fn a_text_is_asked_about_once_for_its_column() {
    let ends = "Code,Name,Rate,Effective,End Date\n33,France,0.006,2026-12-01,nimmermehr\n53,Cuba,0.75,2026-12-01,nimmermehr\n233,Ghana,0.2,2026-12-01,2027-05-01\n";
    let all = ["33 0.006 0 60/60", "53 0.75 0 60/60", "233 0.2 0 60/60"];
    assert_eq!(after(ends, &[("CELL_TEXT", "the price has no last day")]), all);
    assert_eq!(after(ends, &[("CELL_TEXT", "leave these rows out")]), ["233 0.2 0 60/60"]);
    let fees =
        "Code,Name,Rate,Connection Fee\n33,France,0.006,umsonst\n53,Cuba,0.75,0.01\n233,Ghana,0.2,umsonst\n";
    let expected = ["33 0.006 0 60/60", "53 0.75 0.01 60/60", "233 0.2 0 60/60"];
    assert_eq!(after(fees, &[("CELL_TEXT", "there is no fee")]), expected);
    let codes = "Code,Name,Rate\n33,France,0.006\n53,Cuba,0.75\n23x3,Ghana,0.2\n";
    assert_eq!(
        after(codes, &[("CELL_TEXT", "leave these rows out")]),
        ["33 0.006 0 60/60", "53 0.75 0 60/60"]
    );
    let deck = read_with(
        ends.as_bytes(),
        &serde_json::from_str(r#"{"cells": {"End Date": {"NIMMERMEHR": null}}}"#).unwrap(),
        None,
    );
    assert_eq!(deck.set_aside.get("ROW_LEFT_OUT"), Some(&2));
}

#[test]
fn common_words_need_no_question() {
    let deck = read(b"Code,Name,Rate,Connection Fee,End Date\n33,France,0.006,gratis,never\n53,Cuba,0.75,0.01,until further notice\n");
    assert_eq!(clean(&deck), ["33 0.006 0 60/60", "53 0.75 0.01 60/60"]);
    let npa = "NPA,NXX,Rate\n403,***,0.0038\n403,210 216 220-221,0.0029\n";
    let codes: Vec<String> = read(npa.as_bytes()).rates.iter().map(|rate| rate.prefix().to_owned()).collect();
    assert_eq!(codes, ["1403", "1403210", "1403216", "1403220", "1403221"]);
}

#[test]
fn a_column_with_other_values_is_asked_about() {
    let file =
        "Code,Name,Rate,Number\nA1,France,0.006,33\nB2,Cuba,0.75,53\nC3,Ghana,0.2,233\nD4,Benin,0.3,229\n";
    let expected = ["33 0.006 0 60/60", "53 0.75 0 60/60", "233 0.2 0 60/60", "229 0.3 0 60/60"];
    let wrong = Mapping {
        columns: [("prefix".to_owned(), Some(ColumnRef::Name("Code".to_owned())))].into(),
        ..Mapping::default()
    };
    let answers = [("COLUMN_DOUBTFUL", "Number (column D: 33 | 53 | 233)")];
    assert_eq!(after_mapping(file, wrong, &answers), expected);
}

#[test]
fn a_doubtful_column_of_a_band_does_not_replace_the_standard_price() {
    let few = "Code,Name,Price,Weekend Price,Old Price\n44,UK,0.05,see A,0.02\n33,France,0.04,see B,0.01\n49,Germany,0.03,see C,0.01\n";
    let file =
        few.to_owned() + "34,Spain,0.05,0.045,0.02\n39,Italy,0.04,0.035,0.02\n351,Portugal,0.05,0.04,0.02\n";
    let (file, asked) = (file.as_str(), read(file.as_bytes()));
    let texts: Vec<&str> = asked
        .questions
        .iter()
        .flat_map(|question| &question.answers)
        .map(|answer| answer.text.as_str())
        .collect();
    let skip = "the column is right; leave out the rows with errors";
    assert_eq!(texts, ["leave the column out", "Old Price (column E: 0.02 | 0.01 | 0.01)", skip]);
    let expected: Vec<String> = ["44 0.05", "33 0.04", "49 0.03", "34 0.05", "39 0.04", "351 0.05"]
        .iter()
        .map(|rate| format!("{rate} 0 60/60"))
        .collect();
    assert_eq!(clean(&read(few.as_bytes())), expected[..3], "{:#?}", read(few.as_bytes()).detected);
    for answer in &texts[..2] {
        assert_eq!(after(file, &[("COLUMN_DOUBTFUL", *answer)]), expected, "{answer}");
    }
    let mapping = &asked.questions[0].answers[1].mapping;
    let deck = read_with(file.as_bytes(), mapping, None);
    let Entry::Price(rate) = &deck.rates[0].entry else { panic!("a price") };
    assert_eq!(rate.band_prices["weekend"].price_per_minute, Micros(20_000));
}

#[test]
fn headers_and_columns_without_known_names_are_asked_about() {
    let file = "Zorq,Blub,Fnord\nFrance,x33,0.006 xx\nCuba,x53,0.75 xx\n";
    let deck = read(file.as_bytes());
    let codes: Vec<&str> = deck.questions.iter().map(|question| question.code.as_ref()).collect();
    assert_eq!(codes, ["HEADER"]);
    assert_eq!(deck.questions[0].answers[0].text, "line 1: Zorq, Blub, Fnord");
    let mapping = deck.questions[0].answers[0].mapping.clone();
    let next = read_with(file.as_bytes(), &mapping, None);
    let codes: Vec<&str> = next.questions.iter().map(|question| question.code.as_ref()).collect();
    assert_eq!(codes, ["PRICE_COLUMN", "NAME_COLUMN", "CODE_COLUMN"]);
    let offered: Vec<&str> = next.questions[0].answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(offered, ["Blub (column B: x33 | x53)", "Fnord (column C: 0.006 xx | 0.75 xx)"]);
}

#[test]
fn rows_with_the_same_code_are_asked_about_unless_they_are_equal() {
    let equal = "Code,Name,Rate\n33,France,0.006\n33,Francia,0.006\n53,Cuba,0.75\n";
    assert_eq!(clean(&read(equal.as_bytes())), ["33 0.006 0 60/60", "53 0.75 0 60/60"]);
    // one of the prices ends, and the other one does not
    let ends = "Code,Name,Rate,Effective,End Date\n33,France,0.006,2026-11-01,2026-12-20\n33,France,0.006,2026-11-01,\n53,Cuba,0.75,2026-11-01,\n";
    assert_eq!(read(ends.as_bytes()).questions.first().map(|asked| asked.code.as_ref()), Some("DUPLICATES"));
    let file = "Code,Rate\n33,0.006\n33,0.007\n53,0.75\n33,0.005\n";
    for (answer, price) in [
        ("the first row", "0.006"),
        ("the last row", "0.005"),
        ("the row with the highest", "0.007"),
        ("the row with the lowest", "0.005"),
    ] {
        let mut found = after(file, &[("DUPLICATES", answer)]);
        found.sort();
        assert_eq!(found, [format!("33 {price} 0 60/60"), "53 0.75 0 60/60".to_owned()], "{answer}");
    }
}

#[test]
fn increments_of_rows_with_a_mark_or_a_value() {
    let file = "Destination,Code,Rate,Band,Note\nFrance,33,0.006,A,\nCuba,53,0.75,D,\nGhana,233,0.2,A,*\n\nBilling increments: 1/1; Band D: 60/60; destinations with (*) 30/6\n";
    assert_eq!(clean(&read(file.as_bytes())), ["33 0.006 0 1/1", "53 0.75 0 60/60", "233 0.2 0 30/6"]);
    // the second pair of increments is for something that the deck does not name
    let unclear = "Destination,Code,Rate\nFrance,33,0.006\nCuba,53,0.75\n\nBilling increments: 1/1; blue numbers 30/6\n";
    let asked = read(unclear.as_bytes());
    assert!(!asked.questions.is_empty(), "{:?}", asked.detected);
}

#[test]
fn prices_that_end_later_are_reported() {
    let file = "Code,Name,Rate,Effective,End Date,Status\n33,France,0.006,2026-11-01,,Current\n53,Cuba,0.75,2026-11-01,2026-12-24,Closed\n233,Ghana,0.2,2026-11-01,2026-12-24,Closed\n";
    let deck = read(file.as_bytes());
    assert_eq!(clean(&deck).len(), 3);
    let said = deck.problems.iter().find(|problem| problem.code == "ENDS_LATER");
    assert_eq!(
        said.map(|problem| problem.message.as_str()),
        Some("The prices of 2 codes end on 2026-12-24.")
    );
    // the successor begins on the day after the last day
    let next = "Code,Name,Rate,Effective,End Date\n33,France,0.006,2026-11-01,2026-12-01\n33,France,0.007,2026-12-02,\n";
    assert_eq!(clean(&read(next.as_bytes())).len(), 2);
}

fn priced(prices: &[(&str, i64)]) -> Vec<Rate> {
    let rate = |(prefix, price): &(&str, i64)| Rate {
        prefix: (*prefix).to_owned(),
        destination: "X".to_owned(),
        price_per_minute: Micros(*price),
        initial_price: None,
        connection_fee: Micros::ZERO,
        initial_increment: 60,
        increment: 60,
        minimum_charge: Micros::ZERO,
        free_seconds: 0,
        band_prices: Default::default(),
    };
    prices.iter().map(rate).collect()
}

#[test]
fn prices_are_compared_with_those_in_force() {
    const CODES: [&str; 6] = ["33", "34", "44", "49", "53", "233"];
    const PRICES: [i64; 6] = [6_000, 7_000, 5_000, 8_000, 750_000, 200_000];
    let in_force = priced(&std::array::from_fn::<_, 6, _>(|at| (CODES[at], PRICES[at])));
    let times = |up: i64, down: i64| {
        priced(&std::array::from_fn::<_, 6, _>(|at| (CODES[at], PRICES[at] * up / down)))
    };
    let none = Mapping::default();
    for (up, down, said, unit) in [
        (100, 1, "about 100 times", r#"{"price_in_cents":true}"#),
        (1, 100, "about one hundredth of", r#"{"price_in_cents":false}"#),
        (110, 1, "about 100 times", r#"{"price_in_cents":true}"#),
        (1, 60, "about one sixtieth of", r#"{"price_unit":"second"}"#),
        (1_000, 1, "about 1,000 times", r#"{"price_unit":"thousand_minutes"}"#),
        (1, 2, "half of", r#"{"price_unit":"increment"}"#),
        (2, 1, "twice", r#"{"price_unit":"minute"}"#),
    ] {
        let question = compare_prices(&times(up, down), &in_force, &none).question.unwrap();
        let text = format!("Most prices are {said} the prices in force. Choose what this means.");
        assert_eq!((question.code.as_ref(), question.text.as_str()), ("PRICE_SCALE", text.as_str()));
        assert_eq!(serde_json::to_string(&question.answers[1].mapping).unwrap(), unit);
        let confirmed = &question.answers[0].mapping;
        assert_eq!(compare_prices(&times(up, down), &in_force, confirmed).question, None);
        // an answer that changed nothing does not confirm the prices, and is not offered again
        let same = &question.answers[1].mapping;
        let again = compare_prices(&times(up, down), &in_force, same).question.unwrap();
        assert!(again.answers.iter().all(|answer| answer.mapping != *same), "{again:#?}");
    }
    for (up, down) in [(1, 1), (105, 100), (3, 1), (10, 1), (180, 100)] {
        assert_eq!(compare_prices(&times(up, down), &in_force, &none).question, None, "{up}/{down}");
    }
    // 1/71 may be one sixtieth, or one hundredth of prices that are 40% higher
    let offered = |times: &[Rate]| -> Vec<String> {
        let question = compare_prices(times, &in_force, &none).question.unwrap();
        question.answers.into_iter().map(|answer| answer.text).collect()
    };
    assert!(offered(&times(1, 71)).contains(&"the prices are in the currency itself".to_owned()));
    assert!(
        offered(&times(71, 1)).contains(&"the prices are in the smaller unit of the currency".to_owned())
    );
    // a price per second that is still one sixtieth is not explained by a price per minute
    let second = Mapping { price_unit: Some(PriceUnit::Second), ..Mapping::default() };
    let question = compare_prices(&times(1, 60), &in_force, &second).question.unwrap();
    let texts: Vec<&str> = question.answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(texts, ["the prices are right", "the prices are in the currency itself"]);
    let one = compare_prices(
        &priced(&[("33", 60), ("34", 7_000), ("44", 5_000), ("49", 8_000), ("53", 750_000)]),
        &in_force,
        &none,
    );
    assert_eq!(one.warning.map(|warning| warning.code.into_owned()).as_deref(), Some("PRICE_JUMP"));
    assert_eq!(compare_prices(&priced(&[("33", 600_000)]), &in_force, &none), Default::default());
}

fn prefixes(deck: &CarrierDeck) -> Vec<&str> {
    deck.rates.iter().map(|rate| rate.prefix()).collect()
}

fn questions(file: &str) -> Vec<String> {
    let deck = read_with(file.as_bytes(), &Mapping::default(), Some("USD"));
    deck.questions.iter().map(|question| question.code.to_string()).collect()
}

#[test]
fn a_line_that_names_a_country_code_never_changes_codes_without_a_question() {
    let deck = "Code,Name,Rate\n33,France,0.02\n49,Germany,0.02\n39,Italy,0.03\n";
    for line in
        ["Country code 53 (Cuba) is closed", "New codes for 20 countries", "Country codes of 20 countries"]
    {
        for file in [format!("{deck}{line}\n"), format!("{line}\n{deck}")] {
            assert_eq!(prefixes(&read(file.as_bytes())), ["33", "49", "39"], "{line}");
        }
    }
    let areas = "Code,Name,Rate\n495,Moscow,0.02\n4967,Moscow Region,0.02\n812,Saint Petersburg,0.03\n";
    for line in ["Country code: 7", "Country code of Russia: +7", "Codes without the country code 7"] {
        let file = format!("{line}\n{areas}");
        let asked = read(file.as_bytes());
        assert_eq!((asked.questions[0].code.as_ref(), asked.questions.len()), ("CODE_COUNTRY", 1), "{line}");
        let first = &asked.questions[0].answers[0].mapping;
        assert_eq!(prefixes(&read_with(file.as_bytes(), first, None)), ["7495", "74967", "7812"], "{line}");
        assert_eq!(after(&file, &[("CODE_COUNTRY", "the codes are complete")]).len(), 3);
    }
    // codes that begin with 0 lack their country code
    let home = "Country code: 44\nCode,Name,Rate\n020,London,0.02\n0161,Manchester,0.02\n";
    assert_eq!(prefixes(&read(home.as_bytes())), ["4420", "44161"]);
}

#[test]
fn country_codes_with_spaces_between_them_are_not_joined() {
    let zones = "Zone,Codes,Price\nZone 1,33 34 39 49,0.010\nZone 2,43 45 46 47,0.020\n";
    assert_eq!(questions(zones), ["CODE_SPACE"]);
    let (deck, _) = answered(zones.as_bytes(), Mapping::default(), "CODE_SPACE", 1);
    assert_eq!(prefixes(&deck), ["33", "34", "39", "49", "43", "45", "46", "47"]);
    for codes in [["36 20", "43 66"], ["33 34 39", "351 21"], ["33 34 38", "43 45 46"]] {
        let file = format!("Zone,Codes,Price\nZone 1,{},0.010\nZone 2,{},0.020\n", codes[0], codes[1]);
        assert_eq!(questions(&file), ["CODE_SPACE"], "{codes:?}");
    }
    let joined = "Name,Codes,Price\nHungary Mobile,36 70,0.010\nAustria Mobile,43 76,0.020\n";
    assert_eq!(prefixes(&read(joined.as_bytes())), ["3670", "4376"]);
}

#[test]
fn a_list_after_a_country_code_makes_no_ranges_of_other_codes() {
    let moscow = "Code,Name,Rate\n\"7-495,499\",Moscow,0.01\n7-495-777,Moscow MTS,0.02\n7-700,Kazakhstan Mobile,0.12\n";
    let islands =
        "Code,Name,Rate\n\"1-809,829,849\",Dominican Republic,0.01\n1-242-359,Bahamas Mobile,0.02\n";
    assert_eq!(
        (questions(moscow), questions(islands)),
        (vec!["CODE_HYPHEN".into()], vec!["CODE_HYPHEN".into()])
    );
    let (deck, _) = answered(moscow.as_bytes(), Mapping::default(), "CODE_HYPHEN", 0);
    assert_eq!(prefixes(&deck), ["7495", "7499", "7495777", "7700"]);
    let swiss =
        "Code,Name,Rate\n\"0043-660,699\",Austria,0.01\n0041-75-77,Swisscom,0.02\n0036-5,Hungary,0.02\n";
    let (deck, _) = answered(swiss.as_bytes(), Mapping::default(), "CODE_HYPHEN", 1);
    assert_eq!(prefixes(&deck), ["43660", "43699", "4175", "4176", "4177", "365"]);
    // the range shows that hyphens do not always join
    let ranges = "Code,Name,Rate\n\"0043-660,699\",Austria,0.01\n34-36,Zone 1,0.02\n4420-4422,London,0.03\n";
    assert_eq!(questions(ranges), ["CODE_HYPHEN"]);
    let spaces = "Code,Name,Rate\n\"0043-660,699\",Austria,0.01\n33 34,Zone 1,0.02\n";
    assert_eq!(questions(spaces), ["CODE_SPACE"]);
}
