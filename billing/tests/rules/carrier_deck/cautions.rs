//! Decks in which a likely guess would be wrong: the reader asks, refuses the deck, or reads the cells as they are.

use super::*;

fn deck(lines: &[&str]) -> CarrierDeck {
    read(lines.join("\n").as_bytes())
}

fn codes(deck: &CarrierDeck) -> Vec<&str> {
    assert!(deck.questions.is_empty() && deck.errors == 0, "{:#?} {:#?}", deck.questions, deck.problems);
    deck.rates.iter().map(|rate| rate.prefix()).collect()
}

fn asked(deck: &CarrierDeck) -> Vec<&str> {
    deck.questions.iter().map(|question| question.code.as_ref()).collect()
}

#[test]
fn area_codes_with_a_trunk_zero_get_their_country_code_once() {
    let lines = |areas: [&str; 2]| {
        let header = "Serviço;Localidade;DDD;Inicial do assinante;Tarifa (R$/min)".to_owned();
        let rows = [("São Paulo", areas[0], "0,0190", "0,0310"), ("Rio", areas[1], "0,0240", "0,0360")];
        let rows = rows.map(|(name, area, fixed, mobile)| {
            format!("Fixo;{name};{area};;{fixed}\nMóvel;{name};{area};9;{mobile}")
        });
        [header, rows.join("\n")].join("\n")
    };
    for areas in [["011", "021"], ["11", "21"]] {
        assert_eq!(codes(&deck(&[&lines(areas)])), ["5511", "55119", "5521", "55219"], "{areas:?}");
    }
    // complete codes get no country code in front without an answer
    let complete = lines(["5511", "5521"]);
    assert_eq!(asked(&deck(&[&complete])), ["CODE_COUNTRY"]);
    let mapping = Mapping { code_prefix: Some(String::new()), ..Mapping::default() };
    let found = read_with(complete.as_bytes(), &mapping, None);
    assert_eq!(codes(&found), ["5511", "55119", "5521", "55219"]);
    // the mapping's country code is not added to another one
    let mapping = Mapping { code_prefix: Some("55".to_owned()), ..Mapping::default() };
    let found = read_with(lines(["11", "21"]).as_bytes(), &mapping, None);
    assert_eq!(codes(&found), ["5511", "55119", "5521", "55219"]);
}

#[test]
fn dates_in_two_columns_are_compared_in_all_rows() {
    let file = |last: &str| {
        let mut file = "Code,Name,Rate,Increase Date,Decrease Date\n".to_owned();
        for at in 0..2_100 {
            let dates = if at % 2 == 0 { "2027-01-01," } else { ",2026-11-01" };
            file.push_str(&format!("{},Place {at},0.0{},{dates}\n", 440_000 + at, at % 9 + 1));
        }
        file + last
    };
    let found = read(file("").as_bytes());
    assert_eq!(codes(&found).len(), 2_100);
    assert_eq!((found.rates[0].effective, found.rates[1].effective), (day(2027, 1, 1), day(2026, 11, 1)));
    // a row below the first 2,000 rows has both dates
    let found = read(file("351,Portugal,0.05,2027-01-01,2026-11-01\n").as_bytes());
    assert_eq!(asked(&found), ["COLUMN_CHOICE"]);
    // a row that has only the second date does not get the date of a line above the header
    let lines = "Prices valid from 2026-12-20\nCode,Name,Rate,Increase Date,Decrease Date\n33,France,0.02,2027-01-01,\n34,Spain,0.03,,2026-11-01\n39,Italy,0.04,,\n";
    let found = read(lines.as_bytes());
    let dates: Vec<_> = found.rates.iter().map(|rate| rate.effective).collect();
    assert_eq!(dates, [day(2027, 1, 1), day(2026, 11, 1), day(2026, 12, 20)], "{:#?}", found.questions);
}

#[test]
fn numbers_beside_country_codes_do_not_become_area_codes() {
    let lines = ["Destination,CLD,MCC,Rate", "Ghana,233,620,0.23", "Kenya,254,639,0.21", "Spain,34,214,0.02"];
    let found = deck(&lines);
    assert_eq!(asked(&found), ["CODE_COLUMN"]);
    let answers = &found.questions[0].answers;
    assert!(
        answers.iter().any(|answer| answer.text == "the digits in MCC follow those in CLD"),
        "{answers:#?}"
    );
    let found = read_with(lines.join("\n").as_bytes(), &answers[0].mapping, None);
    assert_eq!(codes(&found), ["233", "254", "34"]);
}

#[test]
fn a_unit_without_money_does_not_change_prices_in_cents() {
    let found = deck(&[
        "Code,Name,Rate (cents),Unit",
        "33,France,23.5,min",
        "34,Spain,31.5,cents/min",
        "39,Italy,12.5,min",
    ]);
    assert_eq!(clean(&found), ["33 0.235 0 60/60", "34 0.315 0 60/60", "39 0.125 0 60/60"]);
    // "min" may be a price in cents
    let found = deck(&["Code,Name,Rate,Unit", "33,France,23.5,min", "34,Spain,31.5,cents/min"]);
    assert!(!found.questions.is_empty() || found.errors > 0, "{:#?}", found.rates);
    // the unit of low fees in such a deck is asked
    let lines =
        ["Code,Name,Rate,Unit,Setup Fee", "33,France,0.02,USD/min,0.5", "34,Spain,31.5,cents/min,0.5"];
    assert_eq!(asked(&deck(&lines)), ["FEE_CENTS"]);
}

#[test]
fn area_codes_with_spaces_are_not_joined() {
    let found = deck(&[
        "DDD;Localidade;Tarifa (R$/min)",
        "11 21;São Paulo e Rio;0,0190",
        "31;Minas;0,0240",
        "20 30;Outros;0,0250",
    ]);
    assert_eq!(asked(&found), ["CODE_SPACE"]);
    let found = deck(&["DDD;Localidade;Tarifa (R$/min)", "11 21 31;Sudeste;0,0190", "41;Paraná;0,0240"]);
    assert_eq!(codes(&found), ["5511", "5521", "5531", "5541"]);
}

#[test]
fn blocks_with_too_many_codes_are_not_expanded() {
    let mut file = "Operator;Region;From;To;Price\n".to_owned();
    for at in 0..2_100 {
        file.push_str(&format!("One;Place;7{at:04}00100000;7{at:04}99999999;0.0{}\n", at % 9 + 1));
    }
    let found = read(file.as_bytes());
    assert!(found.rates.is_empty());
    let is_expanded = |guess: &&billing::carrier_deck::Detected| guess.value == "blocks of numbers";
    assert!(!found.detected.iter().any(|guess| is_expanded(&guess)), "{:#?}", found.questions);
}

#[test]
fn a_mapping_by_position_reads_the_same_column_of_blocks() {
    let lines = [
        "Operator;Region;Area;From;To;Price;Old Price",
        "One;North;831;2000000;2999999;0.62;0.60",
        "One;South;910;3800000;3999999;0.95;0.90",
        "Two;West;846;2000000;2999999;0.64;0.61",
    ];
    let mapping = |columns: &[(&str, u32)]| Mapping {
        columns: columns.iter().map(|(key, at)| ((*key).to_owned(), Some(ColumnRef::Number(*at)))).collect(),
        code_prefix: Some("7".to_owned()),
        ..Mapping::default()
    };
    let found = read_with(lines.join("\n").as_bytes(), &mapping(&[("price", 6)]), None);
    assert_eq!(clean(&found)[..2], ["78312 0.62 0 60/60", "791038 0.95 0 60/60"]);
    // the column of area codes keeps its cells if the mapping names it
    let named = mapping(&[("price", 6), ("prefix", 3), ("ignore", 4)]);
    let found = read_with(lines.join("\n").as_bytes(), &named, None);
    assert!(!found.rates.iter().any(|rate| rate.prefix() == "78312"), "{:#?}", found.rates);
}

#[test]
fn a_saved_decimal_mark_makes_no_thousands() {
    let file = "Code;Name;Rate\n33;France;0,0150\n34;Spain;0,0250\n39;Italy;1.250\n49;Germany;0,0300\n43;Austria;0,0310\n";
    let mapping =
        Mapping { decimal_mark: Some(billing::carrier_deck::DecimalMark::Comma), ..Mapping::default() };
    let (found, mapping) = answered(file.as_bytes(), mapping, "CELL_TEXT", 0);
    assert_eq!(clean(&found)[2], "39 1250 0 60/60");
    // the answer is not kept for later decks
    let later = read_with(file.as_bytes(), &mapping.for_later_decks(), None);
    assert_eq!(asked(&later), ["CELL_TEXT"]);
}

#[test]
fn remarks_about_the_present_do_not_remove_codes() {
    for (remark, removed) in [
        ("currently available", false),
        ("no service charge", false),
        ("nu beschikbaar", false),
        ("currently not available", true),
        ("temporarily unavailable", true),
        ("not in service", true),
    ] {
        let rows = "33,France,0.02,6/6,\n34,Spain,0.03,6/6,\n";
        // the text stands in the column of prices, or beside an empty price
        for row in [format!("39,Italy,{remark},6/6,"), format!("39,Italy,,6/6,{remark}")] {
            let found = read(format!("Code,Name,Rate,Increment,Remarks\n{rows}{row}\n").as_bytes());
            let is_removed = found.rates.iter().any(|rate| matches!(rate.entry, Entry::Removed(_)));
            // a remark like "temporarily unavailable" may lead to a question
            let asks = removed && row.contains(",,") && !found.questions.is_empty();
            let ended = found.questions.is_empty() && found.errors == 0 && is_removed;
            assert!(asks || ended == removed, "{row}: {:#?} {:#?}", found.questions, found.rates);
        }
    }
    // the mapping decides what an empty price means
    let file = "Code,Name,Rate,Remarks\n33,France,0.02,\n34,Spain,0.03,\n39,Italy,,not in service\n";
    let mapping: Mapping = serde_json::from_str(r#"{"empty_price":"block"}"#).unwrap();
    assert_eq!(clean(&read_with(file.as_bytes(), &mapping, None))[2], "39 blocked");
}

#[test]
fn lines_explain_only_unknown_names() {
    let found = deck(&[
        "ISSUE DATE: 12 Nov 2026",
        "END DATE: see below",
        "Code,Name,Rate,END DATE",
        "33,France,0.02,2027-01-31",
        "34,Spain,0.03,2027-02-28",
    ]);
    codes(&found);
    assert_eq!([found.rates[0].ends, found.rates[1].ends], [day(2027, 1, 31), day(2027, 2, 28)]);
    let found = deck(&[
        "HP = heures pleines;HC = heures creuses;WE = week-end;",
        "Indicatif;Destination;Prix HP;Prix HC;Prix WE",
        "33;France;0,0200;0,0100;0,0090",
        "34;Espagne;0,0300;0,0200;0,0190",
    ]);
    assert_eq!(clean(&found), ["33 0.02 0 60/60", "34 0.03 0 60/60"]);
    assert_eq!(found.columns.bands.len(), 2, "{:#?}", found.detected);
}

/// Whether the deck asks or has errors.
fn is_doubted(deck: &CarrierDeck) -> bool {
    !deck.questions.is_empty() || deck.errors > 0
}

fn first_days(deck: &CarrierDeck) -> Vec<Option<NaiveDate>> {
    deck.rates.iter().map(|rate| rate.effective).collect()
}

#[test]
fn the_day_on_which_codes_are_closed_applies_to_no_price() {
    let rows = |title: &str, next: &[&str]| {
        let rows = ["Destination;Code;Rate", "Spain;34;0.02", title, "Cuba;53;"];
        deck(&[&rows[..], next].concat())
    };
    let closing = "The following codes will be closed on 07-Dec-2026:";
    let found = rows(closing, &["AFRICA", "Mali;223;0.2"]);
    assert_eq!(clean(&found), ["34 0.02 0 60/60", "53 removed", "223 0.2 0 60/60"]);
    assert_eq!(first_days(&found), [None, day(2026, 12, 7), None]);
    // a row with a price below the title itself
    let found = rows(closing, &["Mali;223;0.2"]);
    assert_eq!(first_days(&found), [None, day(2026, 12, 7), None]);
    let found = rows("Codes closed with effect from 07-Dec-2026", &["AFRICA", "Mali;223;0.2"]);
    assert_eq!(first_days(&found), [None, day(2026, 12, 7), None]);
    // a last day, and the day of a notice
    for title in [
        "Codes suspended until 15/12/2026:",
        "Deleted codes (notice of 15/12/2026)",
        "Codes suspended from now to 15/12/2026",
    ] {
        let found = rows(title, &["Mali;223;"]);
        assert!(
            is_doubted(&found) || first_days(&found) == [None, None, None],
            "{title}: {:#?}",
            found.rates
        );
    }
    for title in [
        "Codes to be closed on 15/12/2026",
        "Withdrawal: codes discontinued on 15/12/2026",
        "Códigos eliminados, eliminado el 15/12/2026",
        "Codes closed 15/12/2026",
    ] {
        let found = rows(title, &["Mali;223;"]);
        assert_eq!(first_days(&found), [None, day(2026, 12, 15), day(2026, 12, 15)], "{title}");
    }
}

#[test]
fn the_first_digit_of_one_country_is_not_that_of_all_countries() {
    let rows = [
        "Country,Country Code,Landline,Mobile",
        "Chad,235,0.21,0.31",
        "Somalia,252,0.22,0.32",
        "UK,44,0.01,0.02",
    ];
    for notes in [
        &["UK mobile numbers begin with 7"][..],
        &["Chad: mobile numbers begin with 6", "Somalia: mobile numbers begin with 7"],
        &["Mobile numbers begin with 6", "Mobile numbers begin with 7"],
    ] {
        assert!(is_doubted(&deck(&[&rows[..], &[""], notes].concat())), "{notes:?}");
    }
    assert_eq!(codes(&deck(&[&rows[..], &["", "Mobile numbers begin with 7"]].concat())).len(), 6);
}

#[test]
fn numbers_in_titles_are_country_codes_only_beside_their_countries() {
    let file = |titles: [&str; 2]| {
        let rows = ["62;One;0.02", "63;Two;0.03", "71;Three;0.05"];
        let found = deck(&["Area Code;City;Price", titles[0], rows[0], rows[1], titles[1], rows[2]]);
        found.rates.iter().map(|rate| rate.prefix().to_owned()).collect::<Vec<_>>()
    };
    for titles in [["Zona 1", "Zona 7"], ["Tabla 51", "Tabla 52"], ["Anexo 20", "Anexo 27"]] {
        assert!(file(titles).is_empty(), "{titles:?}: {:?}", file(titles));
    }
    assert_eq!(file(["FRANCE 33", "SPAIN 34"]), ["3362", "3363", "3471"]);
    assert_eq!(file(["FRANCE +33", "SPAIN +34"]), ["3362", "3363", "3471"]);
    // rows below another title are not in the country above it
    let rows = ["Area Code;City;Price", "FRANCE +33", "62;One;0.02", "SPAIN +34", "63;Two;0.03"];
    let found = deck(&[&rows[..], &["Anexo 20", "71;Three;0.05"]].concat());
    assert!(is_doubted(&found), "{:#?}", found.rates);
    let found = deck(&[&rows[..], &["Page 2 of 2", "71;Three;0.05"]].concat());
    assert_eq!(codes(&found), ["3362", "3463", "3471"]);
}

#[test]
fn rows_that_do_not_fit_below_a_separator() {
    let file = |last: &str| {
        deck(&[
            "DESTINATION  CODE RATE",
            "------------ ---- ------",
            "CUBA         53   0.8100",
            "PERU         51   0.0090",
            "MEXICO       52   0.0080",
            "ALGERIA      213  0.1010",
            last,
        ])
    };
    assert_eq!(codes(&file("CHAD         235  0.3100")).len(), 5);
    let found = file("DOMINICAN REPUBLIC 1809 0.0990");
    assert!(is_doubted(&found), "{:#?}", found.rates);
}

#[test]
fn labels_in_the_first_and_last_row_of_a_table() {
    let rows = [
        "DESTINATION       CODE    RATE: USD/MIN",
        "CUBA              53      0.8100",
        "PERU              51      0.0090",
        "MEXICO            52      0.0080",
        "ALGERIA           213     0.1010",
    ];
    assert_eq!(codes(&deck(&rows)), ["53", "51", "52", "213"]);
    let found = deck(&[&rows[..], &["ZAMBIA: MOBILE    26097   BLOCKED"]].concat());
    assert_eq!(clean(&found).last().map(String::as_str), Some("26097 blocked"), "{:#?}", found.problems);
}

#[test]
fn last_days_in_a_column_of_first_days() {
    let file = |date: &str| {
        let first = format!("Cuba;53;0.81;{date}");
        deck(&["Destination;Code;Rate;Effective Date", &first, "Peru;51;0.009;15.12.2026"])
    };
    for date in [
        "to 31 Dec 2026",
        "to 31.12.2026",
        "end 31 Dec 2026",
        "au 31 déc 2026",
        "al 31 dic 2026",
        "al 31/12/2026",
        "before 31 Dec 2026",
        "a 31/12/2026",
        "do 31.12.2026",
    ] {
        let found = file(date);
        assert!(is_doubted(&found), "{date}: {:#?}", found.rates);
    }
    for date in [
        "Thu 31 Dec 2026",
        "Donnerstag 31 Dez 2026",
        "jueves, 31 dic 2026",
        "from December 31 2026",
        "from Thursday 31 Dec 2026",
        "a partir del 31/12/2026",
        "del 31/12/2026",
        "a partir do dia 31/12/2026",
        "à compter du 31/12/2026",
    ] {
        assert_eq!(first_days(&file(date)), [day(2026, 12, 31), day(2026, 12, 15)], "{date}");
    }
    let found = file("Immediately, until further notice");
    assert_eq!(first_days(&found), [None, day(2026, 12, 15)], "{:#?}", found.problems);
    // "del" is an article
    let found = deck(&[
        "Tarifas del 7 de diciembre de 2026",
        "Destino;Prefijo;Precio",
        "Cuba;53;0,81",
        "Peru;51;0,009",
    ]);
    assert_eq!(first_days(&found), [day(2026, 12, 7), day(2026, 12, 7)], "{:#?}", found.detected);
    let found = deck(&[
        "Destino;Prefijo;Precio",
        "Cuba;53;0,81",
        "Tarifas del 7 de diciembre de 2026",
        "Peru;51;",
        "Chile;56;0,01",
    ]);
    assert!(
        !found.rates.iter().any(|rate| matches!(rate.entry, Entry::Removed(_))) || is_doubted(&found),
        "{:#?}",
        found.rates
    );
}

#[test]
fn a_sentence_about_prices_and_payments_is_not_skipped() {
    for line in [
        "The new pricing takes effect on 15-Dec-2026 and payment terms remain unchanged.",
        "Payment terms are unchanged; the new charges apply on 15-Dec-2026",
        "Nuevo tarifario 15-Dec-2026, pagos sin variación",
        "New deck: 15-Dec-2026. Payment within 7 days",
        "Invoices: weekly. Next increase: 15-Dec-2026",
    ] {
        let found = deck(&["Destination;Code;Rate", "Mexico;52;0.0080", "Peru;51;0.0090", "", line]);
        let dated = found.rates.iter().all(|rate| rate.effective == day(2026, 12, 15));
        assert!(is_doubted(&found) || dated, "{line}: {:#?}", found.detected);
    }
}

#[test]
fn patterns_and_marks_of_notes_in_brackets_are_not_codes() {
    let parts = |cell: &str, note: &str| {
        let first = format!("Spain;34;Mobile;{cell};0.02");
        deck(&[
            "Country;Country Code;Network;Area Code;Rate",
            &first,
            "Italy;39;Mobile;35;0.03",
            "Peru;51;Mobile;9;0.01",
            note,
        ])
    };
    for cell in ["[67]", "()", "[]", "( )"] {
        let found = parts(cell, "");
        assert!(is_doubted(&found), "{cell}: {:#?}", found.rates);
    }
    let found = parts("(1)", "(1) Not all operators");
    assert!(is_doubted(&found) || !codes(&found).contains(&"341"), "{:#?}", found.rates);
    let found = parts("(12)", "(12) Not all operators");
    assert!(is_doubted(&found) || !codes(&found).contains(&"3412"), "{:#?}", found.rates);
    assert_eq!(codes(&parts("(65)", "")), ["3465", "3935", "519"]);
    assert_eq!(codes(&parts("[6,7]", "")), ["346", "347", "3935", "519"]);
    let found =
        deck(&["Destination;Code;Rate", "Two countries;^[67];0.02", "France;^33;0.02", "Peru;^51;0.01"]);
    assert!(is_doubted(&found), "{:#?}", found.rates);
}

#[test]
fn patterns_are_not_amounts() {
    let found = deck(&["France,33.*$,0.02", "Spain,34.*$,0.03", "Italy,39.*$,0.04", "Peru,51.*$,0.05"]);
    assert_eq!(codes(&found), ["33", "34", "39", "51"]);
    let found = deck(&["Destination,Pattern,Rate", "France,33$,0.02", "Spain,34$,0.03", "Italy,39$,0.04"]);
    assert_eq!(codes(&found), ["33", "34", "39"]);
}

#[test]
fn a_network_in_some_rows_is_part_of_their_names() {
    let found = deck(&[
        "Country,Network,Code,Rate",
        "Chad,,235,0.21",
        "Chad,Mobile,2356,0.31",
        "Somalia,,252,0.22",
        "Somalia,Mobile,2527,0.32",
    ]);
    assert_eq!(names(&found), ["Chad", "Chad - Mobile", "Somalia", "Somalia - Mobile"]);
}

#[test]
fn a_column_of_billing_blocks_does_not_block_codes() {
    let found = deck(&["Destination;Code;Rate;Billing Block", "Mexico;52;0.0080;No", "Cuba;53;0.81;Yes"]);
    assert!(is_doubted(&found), "{:#?}", found.rates);
}

#[test]
fn words_for_unchanged_prices_do_not_hide_other_remarks() {
    for note in ["Tarifa estable, mínimo 1 minuto", "stable, surcharge 10%", "uguale, 10% di sconto"] {
        let first = format!("Mexico;52;0.0080;{note}");
        let found = deck(&["Destination;Code;Rate;Note", &first, "Peru;51;0.0090;"]);
        assert!(is_doubted(&found), "{note}: {:#?}", found.rates);
    }
    // as a status, such a word keeps the price
    let found = deck(&["Destination;Code;Rate;Status", "Mexico;52;0.0080;stable", "Peru;51;0.0090;mayor"]);
    assert_eq!(codes(&found), ["52", "51"]);
}
