//! Other ways to write what most decks write in one way: increments in brackets, whole prices with a currency's symbol, dates in words, printed pages.

use super::*;

fn deck(lines: &[&str]) -> CarrierDeck {
    read(format!("{}\n", lines.join("\n")).as_bytes())
}

fn asked(deck: &CarrierDeck) -> Vec<&str> {
    deck.questions.iter().map(|question| question.code.as_ref()).collect()
}

#[test]
fn increments_in_brackets_or_with_a_comma() {
    for cell in ["[60,1]", "[60/1]", "(60/1)", "[60, 1]", "60,1", "60, 1"] {
        for name in ["Increment", "Billing Interval"] {
            let first = format!("Mexico;52;0.0080;{cell}");
            let deck = deck(&[&format!("Destination;Code;Rate;{name}"), &first, "Cuba;53;0.81;[1,1]"]);
            assert_eq!(clean(&deck), ["52 0.008 0 60/1", "53 0.81 0 1/1"], "{cell} {name}");
        }
    }
    // the name of the column is unknown
    let deck = deck(&["Destination;Code;Rate;BI", "Mexico;52;0.0080;[60,60]", "Cuba;53;0.81;[1,1]"]);
    assert_eq!(clean(&deck), ["52 0.008 0 60/60", "53 0.81 0 1/1"]);
}

#[test]
fn a_number_that_is_no_increment_is_not_read_as_two_increments() {
    let deck = deck(&["Destination;Code;Rate;Increment", "Mexico;52;0.0080;60,45", "Cuba;53;0.81;1,1"]);
    assert_eq!(asked(&deck), ["COLUMN_UNKNOWN"], "{:#?}", deck.problems);
}

#[test]
fn increments_in_german_words() {
    let deck = deck(&[
        "Land;Vorwahl;Preis;Takt",
        "Kuba;0053;0,8100;minutengenau",
        "Belgien;0032;0,0090;sekundengenau",
    ]);
    assert_eq!(clean(&deck), ["53 0.81 0 60/60", "32 0.009 0 1/1"]);
}

#[test]
fn prices_in_whole_dollars_for_fixed_lines_and_mobile_phones() {
    let rows =
        ["Country,Country Code,Landline,Mobile", "Chad,235,$1,$1", "Somalia,252,$1,$2", "Niger,227,$2,$3"];
    let noted = [&rows[..], &["", "Mobile numbers begin with 7"]].concat();
    let expected = ["235 1", "2357 1", "252 1", "2527 2", "227 2", "2277 3"];
    assert_eq!(clean(&deck(&noted)), expected.map(|rate| format!("{rate} 0 60/60")));
    // no line says which codes are mobile
    let file = format!("{}\n", rows.join("\n"));
    let found = read(file.as_bytes());
    let answers: Vec<&str> = found.questions[0].answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(asked(&found), ["PRICE_COLUMN"]);
    assert_eq!(answers, ["Landline (column C: $1 | $1 | $2)", "Mobile (column D: $1 | $2 | $3)"]);
    let (deck, _) = answered(file.as_bytes(), Mapping::default(), "PRICE_COLUMN", 1);
    assert_eq!(clean(&deck), ["235 1 0 60/60", "252 2 0 60/60", "227 3 0 60/60"]);
    assert_eq!(names(&deck), ["Chad", "Somalia", "Niger"]);
}

#[test]
fn a_country_code_of_the_mapping_is_not_added_to_codes_that_a_formula_completes() {
    let file = "DDD;Fixo (55+DDD);Móvel (55+DDD+9)\n11;0,0060;0,0220\n21;0,0065;0,0221\n31;0,0070;0,0222\n";
    let expected = ["5511 0.006", "55119 0.022", "5521 0.0065", "55219 0.0221", "5531 0.007", "55319 0.0222"];
    let expected = expected.map(|rate| format!("{rate} 0 60/60"));
    assert_eq!(clean(&read(file.as_bytes())), expected);
    let mapping = Mapping { code_prefix: Some("55".to_owned()), ..Mapping::default() };
    assert_eq!(clean(&read_with(file.as_bytes(), &mapping, None)), expected);
}

#[test]
fn additional_minutes_with_an_apostrophe() {
    for (first, next) in [("1st Min", "Add'l Min"), ("First Minute", "Addl Minute"), ("1st Min", "Add’l Min")]
    {
        let header = format!("Country,Dial Code,{first},{next},Billing");
        let deck = deck(&[&header, "Haiti,509,0.31,0.31,60/60", "Peru,51,0.0090,0.0090,60/60"]);
        assert_eq!(clean(&deck), ["509 0.31 0 60/60", "51 0.009 0 60/60"], "{next}");
    }
}

#[test]
fn first_days_in_sentences_with_four_words() {
    for date in ["7th of December 2026", "7 of December, 2026", "7 de diciembre 2026"] {
        let line = format!("Please find our new rates, effective from Monday, {date}.");
        let deck =
            deck(&["Dear Partner", &line, "Destination\tCode\tRate", "Cuba\t53\t0.81", "Peru\t51\t0.0090"]);
        assert_eq!(clean(&deck).len(), 2, "{date}");
        assert!(
            deck.rates.iter().all(|rate| rate.effective == day(2026, 12, 7)),
            "{date}: {:#?}",
            deck.detected
        );
    }
}

#[test]
fn first_days_with_words_before_them() {
    for date in [
        "from 07.12.2026",
        "as of 7 December 2026",
        "w.e.f. 7-Dec-26",
        "ab dem 07.12.2026",
        "ab 07.12.2026",
        "a partir de 07.12.2026",
        "desde el 07.12.2026",
        "с 07.12.2026",
    ] {
        let rows = [format!("Cuba;53;0.81;{date}"), format!("Peru;51;0.0090;{date}")];
        let deck = deck(&["Destination;Code;Rate;Effective Date", &rows[0], &rows[1]]);
        assert_eq!(clean(&deck).len(), 2, "{date}");
        assert!(
            deck.rates.iter().all(|rate| rate.effective == day(2026, 12, 7)),
            "{date}: {:#?}",
            deck.detected
        );
    }
    // the last day is not the first one
    for date in ["until 07.12.2026", "bis 07.12.2026", "closed 07.12.2026"] {
        let first = format!("Cuba;53;0.81;{date}");
        let deck = deck(&["Destination;Code;Rate;Effective Date", &first, "Peru;51;0.009;01.12.2026"]);
        assert_eq!(asked(&deck), ["CELL_TEXT"], "{date}: {:#?}", deck.problems);
    }
}

#[test]
fn cents_for_each_second() {
    let deck = deck(&[
        "Destination;Prefix;Price per second (cent)",
        "Cuba;53;1.35",
        "Peru;51;0.015",
        "Chad;235;0.6",
    ]);
    assert_eq!(clean(&deck), ["53 0.81 0 60/60", "51 0.009 0 60/60", "235 0.36 0 60/60"]);
    // prices of this size for each minute are hardly in cents
    let file = "Destination;Prefix;Price per minute (cent)\nCuba;53;0.81\nPeru;51;0.015\nChad;235;0.06\n";
    assert_eq!(asked(&read(file.as_bytes())), ["PRICE_CENTS"]);
}

#[test]
fn exceptions_from_billing_in_words() {
    for line in ["Facturación por segundo, excepto México (60/60)", "Billed per second, except México 60/60"]
    {
        let deck = deck(&[line, "País;Prefijo;Tarifa USD", "México;52;0.0080", "Perú;51;0.0090"]);
        assert_eq!(clean(&deck), ["52 0.008 0 60/60", "51 0.009 0 1/1"], "{line}");
    }
    // the deck does not show which rows are in Europe
    let line = "Billed per second for Europe, all other destinations 60/60";
    let deck = deck(&[line, "Country;Prefix;Rate USD", "Mexico;52;0.0080", "Spain;34;0.0090"]);
    assert_eq!(asked(&deck), ["INCREMENTS"]);
}

#[test]
fn comparisons_as_statuses() {
    for (same, more, less) in
        [("gleich", "höher", "niedriger"), ("gelijk", "hoger", "lager"), ("igual", "maior", "menor")]
    {
        let rows =
            [format!("Kuba;53;0,81;{same}"), format!("Peru;51;0,009;{more}"), format!("Mali;223;0,2;{less}")];
        let deck = deck(&["Land;Vorwahl;Preis;Änderung", &rows[0], &rows[1], &rows[2]]);
        assert_eq!(clean(&deck).len(), 3, "{same}");
    }
}

#[test]
fn pages_below_titles_with_country_codes() {
    let deck = deck(&[
        "Destino,Código de área,Tarifa USD/min,Facturación,Vigencia",
        "COLOMBIA (+57),,,,",
        "Cali,602,0.0180,1/1,01/12/2026",
        "Página 20,,,,",
        "Destino,Código de área,Tarifa USD/min,Facturación,Vigencia",
        "Bogotá,601,0.0170,1/1,01/12/2026",
        "ECUADOR (+593),,,,",
        "Quito,2,0.0980,60/60,13/12/2026",
    ]);
    assert_eq!(clean(&deck), ["57602 0.018 0 1/1", "57601 0.017 0 1/1", "5932 0.098 0 60/60"]);
}

#[test]
fn printed_pages_with_labels_in_their_headings() {
    let row = |name: &str, code: &str, price: &str, step: &str, date: &str| {
        format!("{name:<24}{code:<10}{price:>10}  {step:>4}  {date}\n")
    };
    let rule = |joint: &str| [24, 8, 10, 4, 9].map(|width| "-".repeat(width)).join(joint) + "\n";
    let head = |page: u8| {
        format!(
            "ORION CARRIER                                PAGE {page}\nRATE SHEET   CURRENCY: USD   PRINTED: 27-NOV-26\n\n"
        )
    };
    let names = row("DESTINATION", "CODE", "RATE/MIN", "INC", "EFF DATE");
    let rows = [
        row("ALBANIA-FIXED", "355", "0.1290", "60", "01-DEC-26"),
        row("ALBANIA-MOBILE", "35567", "0.2190", "60", "01-DEC-26"),
        row("AUSTRIA-FIXED", "43", "0.0085", "1", "01-DEC-26"),
        row("NIGERIA-MOBILE MTN", "234803", "0.0990", "60", "01-DEC-26"),
    ];
    let expected = ["355 0.129 0 60/60", "35567 0.219 0 60/60", "43 0.0085 0 1/1", "234803 0.099 0 60/60"];
    for rule in [String::new(), rule("  ")] {
        let pages = [
            head(1),
            names.clone(),
            rule.clone(),
            rows[..2].concat(),
            head(2),
            names.clone(),
            rule,
            rows[2..].concat(),
        ];
        let deck = read(format!("{}\nTOTAL RATES: 4\n*** END OF REPORT ***\n", pages.concat()).as_bytes());
        assert_eq!(clean(&deck), expected, "{:#?}", deck.detected);
    }
    // one space between the columns is enough below a separator
    let narrow = "DESTINATION CODE   RATE\n----------- ------ ------\nALBANIA     355    0.1290\nAUSTRIA     43     0.0085\nCUBA MOBILE 535    0.8100\nNIGERIA MTN 234803 0.0990\n";
    let deck = read(narrow.as_bytes());
    assert_eq!(clean(&deck)[2..], ["535 0.81 0 60/60", "234803 0.099 0 60/60"]);
    assert_eq!(self::names(&deck)[2], "CUBA MOBILE");
}

#[test]
fn one_price_for_all_callers_stays_with_each_choice_of_callers() {
    let file = "Bestemming;Herkomst;Kengetal;Tarief (EUR/min)\nNederland;EER;31;0,0048\nNederland;Buiten EER;31;0,0350\nBelgië;EER;32;0,0095\nBelgië;Buiten EER;32;0,0450\nPeru;Alle;51;0,0090\n";
    let asked = read(file.as_bytes());
    let answers: Vec<&str> = asked.questions[0].answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(
        answers[..3],
        [
            "only the rows whose Herkomst is Buiten EER, Alle (3 rows)",
            "only the rows whose Herkomst is EER, Alle (3 rows)",
            "only the rows whose Herkomst is Buiten EER (2 rows)",
        ]
    );
    let (deck, _) = answered(file.as_bytes(), Mapping::default(), "DUPLICATES", 0);
    assert_eq!(clean(&deck), ["31 0.035 0 60/60", "32 0.045 0 60/60", "51 0.009 0 60/60"]);
}

#[test]
fn a_network_that_is_the_same_in_all_rows_is_not_part_of_names() {
    let deck = deck(&["Country,Network,Dial Code,Rate", "Cuba,Proper,53,0.81", "Peru,Proper,51,0.0090"]);
    assert_eq!(names(&deck), ["Cuba", "Peru"]);
}

#[test]
fn the_day_on_which_codes_are_closed_is_not_the_first_day_of_the_prices() {
    let deck = deck(&[
        "Destination;Code;Rate",
        "Mexico;52;0.0080",
        "Peru;51;0.0090",
        "The following codes will be closed on 07-Dec-2026:",
        "Cuba;53;",
    ]);
    assert_eq!(clean(&deck), ["52 0.008 0 60/60", "51 0.009 0 60/60", "53 removed"]);
    let days: Vec<_> = deck.rates.iter().map(|rate| rate.effective).collect();
    assert_eq!(days, [None, None, day(2026, 12, 7)]);
}

#[test]
fn codes_in_brackets_follow_their_country_code() {
    for cells in [["(65,75)", "(9)"], ["[65, 75]", "9"], ["(65/75)", "9"]] {
        let rows = [format!("Spain;34;{};0.02", cells[0]), format!("Portugal;351;{};0.03", cells[1])];
        let deck = deck(&["Destination;Country Code;Codes;Rate", &rows[0], &rows[1]]);
        assert_eq!(
            clean(&deck),
            ["3465 0.02 0 60/60", "3475 0.02 0 60/60", "3519 0.03 0 60/60"],
            "{cells:?}"
        );
    }
    // codes in an unknown spelling are not left out
    let deck =
        deck(&["Destination;Country Code;Codes;Rate", "Spain;34;65=75;0.02", "Portugal;351;92=96;0.03"]);
    assert!(!deck.questions.is_empty() || deck.errors > 0, "{deck:#?}");
}

#[test]
fn rest_of_a_country() {
    let deck = deck(&[
        "Country,Country Code,Area Code,Rate",
        "Spain,34,ROC,0.005",
        "Spain,34,6,0.02",
        "Peru,51,9,0.03",
    ]);
    assert_eq!(clean(&deck), ["34 0.005 0 60/60", "346 0.02 0 60/60", "519 0.03 0 60/60"]);
}

#[test]
fn a_column_of_blocks_has_yes_and_no() {
    let deck = deck(&[
        "Destination,Code,Price,Block",
        "Mexico,52,0.0080,No",
        "Cuba,53,0.81,Yes",
        "Peru,51,0.0090,No",
    ]);
    assert_eq!(clean(&deck), ["52 0.008 0 60/60", "53 blocked", "51 0.009 0 60/60"]);
    let deck = self::deck(&["Destination,Code,Price,Block", "Mexico,52,0.0080,1", "Cuba,53,0.81,60"]);
    assert_eq!(clean(&deck), ["52 0.008 0 1/1", "53 0.81 0 60/60"]);
}

#[test]
fn percentages_in_a_column_change_prices_only_after_an_answer() {
    let file = "Destination;Code;Rate USD/min;Discount\nMexico;52;0.0080;10%\nCuba;53;0.80;10%\nPeru;51;0.0090;10%\n";
    let asked = read(file.as_bytes());
    let answers: Vec<&str> = asked.questions[0].answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(answers, ["leave the column out", "all prices are lowered by 10.00%"]);
    let (deck, _) = answered(file.as_bytes(), Mapping::default(), "COLUMN_UNKNOWN", 1);
    assert_eq!(clean(&deck), ["52 0.0072 0 60/60", "53 0.72 0 60/60", "51 0.0081 0 60/60"]);
    let (deck, _) = answered(file.as_bytes(), Mapping::default(), "COLUMN_UNKNOWN", 0);
    assert_eq!(clean(&deck), ["52 0.008 0 60/60", "53 0.8 0 60/60", "51 0.009 0 60/60"]);
    // different percentages cannot be applied together, and a tax is not part of a price
    let file =
        "Destination;Code;Rate USD/min;Surcharge\nMexico;52;0.0080;10%\nCuba;53;0.80;5%\nPeru;51;0.0090;\n";
    assert_eq!(self::asked(&read(file.as_bytes())), ["COLUMN_UNKNOWN"]);
    assert_eq!(clean(&read(file.replace("Surcharge", "VAT").as_bytes())).len(), 3);
}

#[test]
fn the_day_of_a_payment_is_not_the_first_day_of_the_prices() {
    for line in [
        "Payment due date: 15-Dec-2026",
        "Vencimiento de la factura: 15-Dec-2026",
        "Prepayment of USD 500 until 15-Dec-2026",
    ] {
        let deck = deck(&["Destination;Code;Rate", "Mexico;52;0.0080", "Peru;51;0.0090", "", line]);
        assert_eq!(clean(&deck).len(), 2, "{line}");
        assert!(deck.rates.iter().all(|rate| rate.effective.is_none()), "{line}: {:#?}", deck.detected);
    }
    let deck = deck(&[
        "Rates for invoices from 15-Dec-2026",
        "Destination;Code;Rate",
        "Mexico;52;0.0080",
        "Peru;51;0.0090",
    ]);
    assert!(deck.rates.iter().all(|rate| rate.effective == day(2026, 12, 15)), "{:#?}", deck.detected);
}

#[test]
fn a_later_price_in_a_remark_is_asked_about() {
    let file = |note: &str| format!("Destination;Code;Rate;Note\nMexico;52;0.0080;{note}\nPeru;51;0.0090;\n");
    for note in ["Rate from 15-Dec-2026: 0.0095", "increase to 0.0095 on 15.12.2026"] {
        assert_eq!(asked(&read(file(note).as_bytes())), ["NOTE_UNREAD"], "{note}");
    }
    // without a later day, the remark tells how the price came about
    for note in ["increase of 0.0012", "was 0.0075 until 30.11.2026"] {
        assert_eq!(clean(&read(file(note).as_bytes())).len(), 2, "{note}");
    }
}

#[test]
fn time_zones_are_not_times_of_the_day() {
    for zone in ["GMT+1", "UTC", "+03:00", "UTC -3"] {
        let first = format!("Mexico,52,0.0080,{zone}");
        let deck = deck(&["Destination,Code,Rate,Time Zone", &first, "Peru,51,0.0090,GMT-5"]);
        assert_eq!(clean(&deck), ["52 0.008 0 60/60", "51 0.009 0 60/60"], "{zone}");
    }
}

#[test]
fn inexact_results_of_calculations() {
    let deck = deck(&[
        "Destination,Code,Rate",
        "Algeria,213,0.10099999999999999",
        "Mexico,52,0.0080000000000000002",
        "Austria,43,0.020999999999999998",
        "Cuba,53,1.9999999999999998",
    ]);
    assert_eq!(clean(&deck), ["213 0.101 0 60/60", "52 0.008 0 60/60", "43 0.021 0 60/60", "53 2 0 60/60"]);
    // a third is not such a result
    let deck = self::deck(&["Destination,Code,Rate", "Mexico,52,0.33333333333333331", "Peru,51,0.0090"]);
    assert!(!deck.questions.is_empty() || deck.errors > 0, "{deck:#?}");
}

#[test]
fn days_without_a_year_are_offered_with_the_nearest_year() {
    let file = "Destination,Code,Rate,Eff\nMexico,52,0.0080,7-Dec\nPeru,51,0.0090,7-Dec\n";
    let (deck, _) = answered(file.as_bytes(), Mapping::default(), "CELL_TEXT", 0);
    assert_eq!(clean(&deck).len(), 2);
    assert!(deck.rates.iter().all(|rate| rate.effective == day(2026, 12, 7)));
}
