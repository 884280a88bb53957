//! Families of notes above and below the rates, of names of price columns, and of texts in cells.

use super::*;

fn first(text: &str) -> String {
    let deck = read(text.as_bytes());
    let asked: Vec<_> = deck.questions.iter().map(|question| &question.code).collect();
    assert!(asked.is_empty(), "{asked:?} is asked for\n{text}");
    clean(&deck).first().cloned().unwrap_or_default()
}

fn asked(text: &str, currency: Option<&str>) -> Vec<String> {
    let deck = read_with(text.as_bytes(), &Mapping::default(), currency);
    for question in &deck.questions {
        assert!(question.answers.len() > 1, "{question:?} has several answers");
    }
    deck.questions.iter().map(|question| question.code.to_string()).collect()
}

#[test]
fn increments_in_sentences() {
    let rates = "Destination,Code,Rate\nGhana,233,0.2\nHaiti,509,0.3";
    for (line, expected) in [
        ("Billing increments: 1/1", "1/1"),
        ("Billing increment: 1/1 for all destinations except Mexico 60/60", "1/1"),
        ("Billing: 30/6", "30/6"),
        ("Billing Increments,30/6", "30/6"),
        ("All calls are billed per second", "1/1"),
        ("Per second billing", "1/1"),
        ("All destinations are billed in 1/1 second increments", "1/1"),
        ("Rates are in USD per minute and billed per second.", "1/1"),
        ("USD per minute. Minimum billing 30 seconds and 6 seconds thereafter.", "30/6"),
        ("Calls are charged in 6 second increments with a 30 second minimum.", "30/6"),
        ("Facturation à la seconde", "1/1"),
        ("Facturation : première minute indivisible puis à la seconde", "60/1"),
        ("Tarificación por segundo", "1/1"),
        ("Tasación al minuto (60/60)", "60/60"),
        ("Abrechnung sekundengenau", "1/1"),
        ("Taktung 60/1", "60/1"),
        ("Mexico is billed 60/60; all other destinations 30/6", "30/6"),
        ("Billing cycle: 6/6", "6/6"),
        ("Minimum duration: 30 seconds, then 6 seconds", "30/6"),
        ("Average call duration: 3 minutes", "60/60"),
        // these lines say nothing about increments
        ("Billing cycle: 15/15", "60/60"),
        ("Invoices are billed weekly. Payment within 30 days.", "60/60"),
        ("Calls to other countries are billed at the prevailing rate.", "60/60"),
    ] {
        let expected = format!("233 0.2 0 {expected}");
        assert_eq!(first(&format!("{line}\n{rates}\n")), expected, "above: {line}");
        assert_eq!(first(&format!("{rates}\n\"{line}\"\n")), expected, "below: {line}");
    }
    for line in ["Billing increments: 1/1\nBilling increments: 60/60", "Billing increments as agreed"] {
        assert_eq!(asked(&format!("{line}\n{rates}\n"), None), ["INCREMENTS"], "{line}");
    }
    // a column is more exact than a sentence
    let column = "Billing: 30/6\nDestination,Code,Rate,Increment\nGhana,233,0.2,1/1\nHaiti,509,0.3,1/1\n";
    assert_eq!(first(column), "233 0.2 0 1/1");
}

#[test]
fn increments_in_words() {
    for (cell, expected) in [
        ("1 min / 1 s", "60/1"),
        ("1 s / 1 s", "1/1"),
        ("1 min + 1 sec", "60/1"),
        ("1 min", "60/60"),
        ("60s then 1s", "60/1"),
        ("first 30 sec then 6 sec", "30/6"),
        ("30 sec min / 6 sec", "30/6"),
        ("60 1", "60/1"),
        ("Min 30 sec; Inc 6 sec", "30/6"),
        ("per second", "1/1"),
        ("per second after the first minute", "60/1"),
        ("6-Jun", "6/6"),
        ("30-Jun", "30/6"),
        ("1-Jan", "1/1"),
    ] {
        for name in ["Billing Increment", "Palier", "Tranche"] {
            // a column with an unknown name is recognized only if all its cells are of one clear kind
            if name == "Tranche" && (cell.contains('-') || !expected.contains("60/1")) {
                continue;
            }
            let text = format!("Destination,Code,Rate,{name}\nGhana,233,0.2,{cell}\nHaiti,509,0.3,{cell}\n");
            assert_eq!(first(&text), format!("233 0.2 0 {expected}"), "{name}: {cell}");
        }
    }
    let hyphens = "Destination,Code,USD/MIN,BILLING (MIN-INCR)\nGhana,233,0.2,30-6\nHaiti,509,0.3,60-60\n";
    assert_eq!(first(hyphens), "233 0.2 0 30/6");
    // a column of times with an unknown name is not dropped
    let unknown = "Destination,Code,Rate,Xyz\nGhana,233,0.2,per second\nHaiti,509,0.3,per second\n";
    assert_eq!(asked(unknown, None), ["COLUMN_UNKNOWN"]);
}

#[test]
fn names_with_taxes_and_notes() {
    for name in [
        "Tariffa €/min (IVA escl.)",
        "Rate USD/min (excl. VAT)",
        "Rate (VAT excl.)",
        "Rate ex VAT",
        "\"Price per minute, w/o VAT\"",
        "\"Price, EUR/min (VAT not included)\"",
        "Price excl. tax",
        "Precio sin IVA",
        "Precio USD (sin IVA)",
        "Tarif HT (hors taxes)",
        "Prezzo (IVA inclusa)",
        "Tariffa IVA escl.",
        "Preis netto (zzgl. MwSt.)",
        "Tarifa s/ impostos",
        "Rate [in USD; see the note below]",
    ] {
        let text = format!("Destination,Code,{name}\nGhana,233,0.2\nHaiti,509,0.3\n");
        assert_eq!(first(&text), "233 0.2 0 60/60", "{name}");
    }
    // a column of tax amounts is not a note
    let tax = "Destination,Code,Rate,VAT\nGhana,233,0.2,0.04\nHaiti,509,0.3,0.06\n";
    assert_eq!(asked(tax, None), ["COLUMN_UNKNOWN"]);
}

#[test]
fn units_of_prices() {
    for (name, above, price) in [
        ("Rate per 1000 min", "", "0.0002"),
        ("EUR/1000 min", "", "0.0002"),
        ("\"Price (EUR per 1,000 minutes)\"", "", "0.0002"),
        ("Rate", "Voice termination – rates in EUR per 1000 minutes\n", "0.0002"),
        ("Rate per 100 min", "", "0.002"),
        ("Rate per 10 sec", "", "1.2"),
        ("Rate", "All rates are in US cents per minute\n", "0.002"),
        ("Rate (c/min)", "", "0.002"),
        ("Pence/min", "", "0.002"),
        ("p/min", "", "0.002"),
    ] {
        let text = format!("{above}Destination,Code,{name}\nGhana,233,0.20\nHaiti,509,0.30\n");
        assert_eq!(first(&text), format!("233 {price} 0 60/60"), "{name} {above}");
    }
    for name in ["ppm", "Rate (ppm)", "Rate (p/min)"] {
        let text = format!("Destination,Code,{name}\nFrance,33,0.50\nSpain,34,0.60\nItaly,39,1.20\n");
        let deck = read_with(text.as_bytes(), &Mapping::default(), Some("GBP"));
        assert_eq!(clean(&deck)[0], "33 0.005 0 60/60", "{name}");
        let low = text.replace("0.50", "0.005").replace("0.60", "0.006").replace("1.20", "0.012");
        assert_eq!(asked(&low, Some("GBP")), ["PRICE_CENTS"], "{name}");
    }
    // in currencies other than the pound, PPM is the price per minute; a line about rounding says nothing about the unit of prices
    let dollars =
        "Amounts are rounded to the nearest cent\nDestination,Code,PPM\nFrance,33,0.50\nSpain,34,0.60\n";
    let deck = read_with(dollars.as_bytes(), &Mapping::default(), Some("USD"));
    assert_eq!(clean(&deck)[0], "33 0.5 0 60/60");
}

#[test]
fn prices_that_repeat_others() {
    for header in ["USD per 6 sec,USD per min", "Rate/6s,Rate/min", "Billing rate,Rate per minute"] {
        let text = format!("Destination,Code,{header}\nChina,86,0.0009,0.0090\nLaos,856,0.0077,0.0770\n");
        assert_eq!(first(&text), "86 0.009 0 60/60", "{header}");
    }
    let second = "Destination,Code,Rate,Rate/sec\nChina,86,0.27,0.0045\nLaos,856,0.60,0.0100\n";
    assert_eq!(first(second), "86 0.27 0 60/60");
    let grades = "Destination,Code,Rate A,Rate B\nChina,86,0.0009,0.0090\nLaos,856,0.0077,0.0770\n";
    assert_eq!(asked(grades, None), ["PRICE_COLUMN"]);
    for header in ["Price 1,Price 2", "T1 Price,T2 Price"] {
        let text = format!("Destination,Code,{header}\nChina,86,0.0090,0.0080\nLaos,856,0.0770,0.0700\n");
        assert_eq!(asked(&text, None), ["PRICE_COLUMN"], "{header}");
    }
}

#[test]
fn prices_by_origin() {
    for origin in ["All", "All origins", "World", "Worldwide", "Default", "Any", ""] {
        let text = format!(
            "Destination,Code,Origin,Rate\nFrance,33,{origin},0.01\nFrance,33,EEA,0.005\nGhana,233,{origin},0.2\n"
        );
        assert_eq!(first(&text), "33 0.01 0 60/60", "{origin}");
    }
    for rest in ["Rest of World", "ROW", "Others", "Non-EEA", "International"] {
        let text = format!(
            "Destination,Code,Origin,Rate\nSpain,34,All,0.004\nSpain Mobile,346,EEA,0.0081\nSpain Mobile,346,{rest},0.21\n"
        );
        let question = read(text.as_bytes()).questions;
        assert_eq!(question.len(), 1, "{rest}");
        assert_eq!((question[0].code.as_ref(), question[0].answers.len()), ("ORIGIN", 3), "{rest}");
        let answer = question[0].answers.iter().find(|answer| answer.text.contains(rest)).expect("an answer");
        let deck = read_with(text.as_bytes(), &answer.mapping, None);
        assert_eq!(clean(&deck), ["34 0.004 0 60/60", "346 0.21 0 60/60"], "{rest}");
    }
    let surcharge = "Destination,Code,Rate,Surcharge non-EEA origin\nFrance,33,0.0045,0.045\nGhana,233,0.2,0\nHaiti,509,0.3,0\n";
    let deck = read(surcharge.as_bytes());
    assert_eq!((clean(&deck).len(), warned(&deck)), (3, vec![(2, "SURCHARGE_LEFT_OUT")]));
}

#[test]
fn sheets_and_blocks() {
    let rates: &[&[&str]] = &[&["Destination", "Rate"], &["Ghana", "#0.2"], &["Ghana Mobile", "#0.25"]];
    let codes: &[&[&str]] = &[
        &["Destination", "Country Code", "Codes"],
        &["Ghana", "#233", ""],
        &["Ghana Mobile", "#233", "24, 54"],
    ];
    let deck = read(&workbook(&[("Rates", rates), ("Dial Codes", codes)]));
    assert_eq!(clean(&deck), ["233 0.2 0 60/60", "23324 0.25 0 60/60", "23354 0.25 0 60/60"]);
    // the user is asked about a destination without codes
    let fewer: &[&[&str]] = &[&["Destination", "Codes"], &["Ghana", "#233"]];
    let file = workbook(&[("Rates", rates), ("Codes", fewer)]);
    let (deck, _) = answered(&file, Mapping::default(), "CODE_EMPTY", 0);
    assert_eq!(clean(&deck), ["233 0.2 0 60/60"]);
    assert_eq!(deck.set_aside["CODE_MISSING"], 1);
    let blocks = "Country,Code,Rate,,Country,Code,Rate\nGhana,233,0.2,,Haiti,509,0.3\nMali,223,0.25,,,,\n";
    assert_eq!(clean(&read(blocks.as_bytes())), ["233 0.2 0 60/60", "223 0.25 0 60/60", "509 0.3 0 60/60"]);
}

#[test]
fn dates_and_statuses_from_notes() {
    for line in [
        "Rates effective 7 December 2026",
        "Effective date:,2026-12-07",
        "Gültig ab 07.12.2026",
        "Valid from 07DEC2026 until further notice",
    ] {
        let deck = read(format!("{line}\nDestination,Code,Rate\nGhana,233,0.2\nHaiti,509,0.3\n").as_bytes());
        assert_eq!(
            deck.rates.first().and_then(|rate| rate.effective),
            day(2026, 12, 7),
            "{line}: {:?}",
            deck.questions
        );
    }
    for line in ["Issue date: 7 December 2026", "Valid until 7 December 2026"] {
        let deck = read(format!("{line}\nDestination,Code,Rate\nGhana,233,0.2\nHaiti,509,0.3\n").as_bytes());
        assert_eq!(deck.rates.first().and_then(|rate| rate.effective), None, "{line}");
    }
    let legend =
        "I = Increase, D = Decrease\nDestination,Code,Rate,Change\nGhana,233,0.2,D\nHaiti,509,0.3,I\n";
    assert_eq!(first(legend), "233 0.2 0 60/60");
    let lower = "Destination,Code,Current Rate,New Rate,Change\nGhana,233,0.3,0.2,D\nHaiti,509,0.2,0.3,I\n";
    assert_eq!(first(lower), "233 0.2 0 60/60");
    // a status without a known name is not dropped
    let unnamed = "Destination,Code,Rate,Xyz\nGhana,233,0.2,D\nHaiti,509,0.3,I\nMali,223,0.3,N\n";
    assert_eq!(asked(unnamed, None), ["STATUS"]);
    for cell in ["N/A", "on request", "No service"] {
        let text = format!("Destination,Code,Rate\nGhana,233,0.2\nHaiti,509,{cell}\n");
        assert_eq!(clean(&read(text.as_bytes()))[1], "509 removed", "{cell}");
    }
}

#[test]
fn codes_that_belong_together() {
    let digits = "Name,Code,Xyz,Rate\nMexico,52,,0.007\nMexico Mobile,52,1,0.01\nCuba,53,,0.75\n";
    assert_eq!(clean(&read(digits.as_bytes()))[1], "521 0.01 0 60/60");
    // if every row has a number in the column, the numbers may mean anything, so the user is asked
    let ids = "Name,Code,Xyz,Rate\nMexico,52,11,0.007\nMexico Mobile,52,12,0.01\nCuba,53,13,0.75\n";
    let question = read(ids.as_bytes()).questions;
    assert_eq!(question.iter().map(|question| question.code.as_ref()).collect::<Vec<_>>(), ["DUPLICATES"]);
    let deck = read_with(ids.as_bytes(), &question[0].answers[0].mapping, None);
    assert_eq!(clean(&deck)[0], "5211 0.007 0 60/60");
}

#[test]
fn columns_with_two_possible_meanings() {
    // the weekend's price is not the general price
    let bands =
        "Ziel;Vorwahl;Tarif Tag;Tarif Nacht;Tarif WE\nKuba;53;0,75;0,74;0,74\nGhana;233;0,2;0,19;0,19\n";
    let deck = read(bands.as_bytes());
    assert_eq!(clean(&deck)[0], "53 0.75 0 60/60");
    let Entry::Price(rate) = &deck.rates[0].entry else { panic!("a price") };
    assert_eq!(rate.band_prices.len(), 2);
    let unknown = bands.replace("WE", "Xyz");
    assert_eq!(asked(&unknown, None), ["PRICE_COLUMN"]);
    for (column, cells, expected) in [
        ("Unit", ["cents", "cents"], "233 0.002 0 60/60"),
        ("Rate type", ["USD/min", "USD/min"], "233 0.2 0 60/60"),
        ("Min duration (s)", ["0", "0"], "233 0.2 0 60/60"),
        ("Period", ["00:00-24:00", "00:00-24:00"], "233 0.2 0 60/60"),
        ("Remarks", ["billed 30/6", ""], "233 0.2 0 30/6"),
    ] {
        let text = format!(
            "Destination,Code,Rate,{column}\nGhana,233,0.2,{}\nHaiti,509,0.3,{}\n",
            cells[0], cells[1]
        );
        assert_eq!(first(&text), expected, "{column}");
    }
    let second =
        "Destination,Code,Rate,Price basis\nGhana,233,0.002,per second\nHaiti,509,0.003,per second\n";
    assert_eq!(first(second), "233 0.12 0 60/60");
    let parts = "Destination,Country code + area code,Rate\nGhana,233,0.2\nGhana Mobile,23324,0.3\n";
    assert_eq!(first(parts), "233 0.2 0 60/60");
}

#[test]
fn increments_of_a_country_that_the_deck_names_in_another_way() {
    let note = |country: &str| format!("\"Billing increment 1/1, {country} 60/60\"\n");
    for (country, codes) in [
        ("Mexico", "Code,Rate\n52,0.01\n33,0.02\n"),
        ("USA", "Code,Name,Rate\n1201,United States,0.01\n33,France,0.02\n"),
        ("Ivory Coast", "Code,Name,Rate\n225,Côte d'Ivoire,0.01\n33,France,0.02\n"),
        ("France and Mexico", "Code,Name,Rate\n52,Mejico,0.01\n33,France,0.02\n"),
    ] {
        let text = format!("{codes}{}", note(country));
        assert_eq!(asked(&text, None), ["INCREMENTS"], "{text}");
        let except = text.replace("1/1,", "1/1 except");
        assert_eq!(asked(&except, None), ["INCREMENTS"], "{except}");
        // the increments of one country are not those of all rows
        for only in
            [text.replace("1/1, ", ""), codes.to_owned() + &format!("Billing increment 60/1 for {country}\n")]
        {
            assert_eq!(asked(&only, None), ["INCREMENTS"], "{only}");
        }
    }
    // the deck has no code of the country
    for country in ["Mexico", "Canada"] {
        let text = format!("Code,Rate\n1201,0.01\n33,0.02\n{}", note(country));
        assert_eq!(first(&text), "1201 0.01 0 1/1", "{country}");
    }
    // the rows of the country have the name in the sentence
    let named =
        format!("Code,Name,Rate\n52,Mexico,0.01\n521,Mexico Mobile,0.02\n33,France,0.02\n{}", note("Mexico"));
    assert_eq!(first(&named), "52 0.01 0 60/60");
}
