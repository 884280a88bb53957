//! Families of headers and values that many carriers use, in six languages. Each table has several members of a family.

use super::*;

fn deck(header: &str, rows: &[&str]) -> CarrierDeck {
    read(format!("{header}\n{}\n", rows.join("\n")).as_bytes())
}

fn questions(deck: &CarrierDeck) -> Vec<&str> {
    deck.questions.iter().map(|question| question.code.as_ref()).collect()
}

/// Gives the answer whose text begins with `answer` to the deck's only question, and reads the deck again.
fn choose(file: &str, code: &str, answer: &str) -> CarrierDeck {
    let asked = read(file.as_bytes());
    assert_eq!(questions(&asked), [code], "{file}: {:#?}", asked.problems);
    let answers = &asked.questions[0].answers;
    assert!(answers.len() > 1, "a question has several answers: {answers:#?}");
    let chosen = answers.iter().find(|found| found.text.starts_with(answer));
    assert!(chosen.is_some(), "{answer} is not among {answers:#?}");
    read_with(file.as_bytes(), &chosen.unwrap().mapping, None)
}

#[test]
fn increments_in_two_columns() {
    for (initial, next) in [
        ("Initial Increment", "Increment"),
        ("Initial", "Increment"),
        ("Initial (s)", "Increment (s)"),
        ("Minimum", "Increment"),
        ("Min", "Inc"),
        ("Min (sec)", "Inc (sec)"),
        ("Min. Duration (sec)", "Increment (sec)"),
        ("Min Bill Sec", "Bill Incr Sec"),
        ("Initial Time", "Increment Time"),
        ("Start Increment", "Increment"),
        ("T1", "TN"),
        ("First", "Next"),
        ("1st Interval", "Nth Interval"),
        ("Min. Charge (sec)", "Increment (sec)"),
        ("Min Charge", "Increment"),
        ("Initial Period (s)", "Subsequent Period (s)"),
        ("First Period", "Next Period"),
        ("Período inicial (seg)", "Período adicional (seg)"),
        ("Tramo inicial", "Tramo siguiente"),
        ("Cadência inicial (seg)", "Cadência seguinte (seg)"),
        ("Palier initial", "Palier suivant"),
        ("Primo scatto (sec)", "Scatti successivi (sec)"),
        ("Ersttakt (Sek.)", "Folgetakt (Sek.)"),
        ("Mindestdauer", "Folgetakt"),
    ] {
        let header = format!("Destination,Code,Rate,{initial},{next}");
        let deck = deck(&header, &["France,33,0.0052,1,1", "Ghana,233,0.23,60,60", "Haiti,509,0.31,30,6"]);
        let expected = ["33 0.0052 0 1/1", "233 0.23 0 60/60", "509 0.31 0 30/6"];
        assert_eq!(clean(&deck), expected, "{header}: {:#?}", deck.detected);
    }
}

#[test]
fn increments_in_one_column() {
    for name in [
        "Increment (sec)",
        "Billing Increment (sec)",
        "Increment sec",
        "Billing interval (sec)",
        "Palier (sec)",
        "Fatturazione (sec)",
        "Faturamento",
        "Charging",
        "Tariffication",
        "Payment Period",
        "Min/Incr",
        "Min/Inc",
        "Billing Rule",
        "Rounding",
        "Cadencia (seg)",
        "Abrechnungstakt",
        "Facturación",
        "Unit",
        "Xyz",
    ] {
        let header = format!("Destination,Code,Rate,{name}");
        let deck = deck(&header, &["France,33,0.0052,1/1", "Ghana,233,0.23,60/60", "Haiti,509,0.31,30/6"]);
        assert_eq!(clean(&deck)[2], "509 0.31 0 30/6", "{header}: {:#?}", deck.detected);
    }
    let file = "Destination,Code,Rate,Xyz\nFrance,33,0.0052,60\nGhana,233,0.23,60\nHaiti,509,0.31,30\n";
    assert_eq!(clean(&choose(file, "COLUMN_MEANING", "increment"))[2], "509 0.31 0 30/30");
    let file =
        "Destination,Code,Rate,Min Charge\nFrance,33,0.0052,60\nGhana,233,0.23,60\nHaiti,509,0.31,30\n";
    assert_eq!(clean(&choose(file, "COLUMN_UNKNOWN", "the first increment"))[2], "509 0.31 0 30/30");
}

#[test]
fn first_and_next_prices() {
    for (first, next) in [
        ("Prix 1ère minute (€ HT)", "Prix minute suivante (€ HT)"),
        ("Prix première minute", "Prix minutes suivantes"),
        ("1ère minute", "Minute suivante"),
        ("Première minute", "Minutes suivantes"),
        ("First minute", "Next minute"),
        ("First Rate", "Next Rate"),
        ("Precio primer minuto", "Precio minuto adicional"),
        ("Primer minuto", "Minuto siguiente"),
        ("Preço primeiro minuto", "Preço minuto seguinte"),
        ("Erste Minute", "Folgeminute"),
        ("Preis erste Minute", "Preis Folgeminuten"),
        ("Primo minuto", "Minuti successivi"),
    ] {
        let header = format!("Destination,Code,{first},{next},Increment");
        let deck = deck(&header, &["Morocco,212,0.08,0.02,60/1", "Mali,223,0.33,0.27,60/1"]);
        assert_eq!(clean(&deck), ["212 0.02 0 60/1", "223 0.27 0 60/1"], "{header}: {:#?}", deck.detected);
        let Entry::Price(rate) = &deck.rates[0].entry else { panic!("a price") };
        assert_eq!(rate.initial_price, Some(Micros(80_000)), "{header}");
    }
    // a rate with increments of one second cannot have a price for the first minute
    let file =
        "Destination,Code,First minute,Next minute,Increment\nMali,223,0.33,0.27,1/1\nChad,235,0.4,0.3,1/1\n";
    assert_eq!(clean(&choose(file, "FIRST_PRICE", "for the first"))[0], "223 0.27 0 1/1");
    let mapping: Mapping = serde_json::from_str(r#"{"columns": {"price": "Next minute"}}"#).unwrap();
    let deck = read_with(&file.replace("1/1", "60/1").into_bytes(), &mapping, None);
    let Entry::Price(rate) = &deck.rates[0].entry else { panic!("a price") };
    assert_eq!(rate.initial_price, Some(Micros(330_000)), "the surcharge is not lost");
}

#[test]
fn names_in_two_columns() {
    for (header, first, second, expected) in [
        ("Region,Destination", "Europe,Norway Mobile", "Asia,Thailand", "Norway Mobile"),
        ("Zone,Destination", "Europe,Norway Mobile", "Asia,Thailand", "Norway Mobile"),
        ("Area,Name", "Europe,Norway Mobile", "Asia,Thailand", "Norway Mobile"),
        ("Country,Zone", "Norway,Norway Mobile", "Thailand,Thailand", "Norway Mobile"),
        ("Land,Zielname", "Norway,Norway Mobile", "Thailand,Thailand", "Norway Mobile"),
        ("Land,Zielbezeichnung", "Norway,Norway Mobile", "Thailand,Thailand", "Norway Mobile"),
        ("Land,Xyz", "Norway,Norway Mobile", "Thailand,Thailand Fixed", "Norway Mobile"),
        ("Continent,Route", "Europe,Norway Mobile", "Asia,Thailand", "Norway Mobile"),
        ("Pays,Nom de destination", "Norway,Norway Mobile", "Thailand,Thailand", "Norway Mobile"),
        ("Country,Operator", "Mali,Malitel", "France,Orange", "Mali - Malitel"),
        ("Country,Type", "Norway,Mobile", "Thailand,Fixed", "Norway - Mobile"),
    ] {
        let deck =
            deck(&format!("{header},Code,Rate"), &[&format!("{first},479,0.1"), &format!("{second},66,0.2")]);
        assert_eq!(
            names(&deck).first(),
            Some(&expected),
            "{header}: {:#?} {:#?}",
            deck.detected,
            deck.questions
        );
    }
}

#[test]
fn countries_above_their_rates() {
    let file = "Destination,Code,Rate\nAFGHANISTAN,,\nFixed,93,0.2450\nMobile,9370,0.2700\nALBANIA,,\nFixed,355,0.1650\nMobile,35568,0.3650\nTotal destinations: 4,,\n";
    let deck = read(file.as_bytes());
    assert_eq!(
        names(&deck),
        ["AFGHANISTAN - Fixed", "AFGHANISTAN - Mobile", "ALBANIA - Fixed", "ALBANIA - Mobile"]
    );
    assert_eq!((deck.counts.headings, deck.counts.footer), (2, 1));
    // a heading that is a continent is not added to the names; a row with an empty country has the country of the row above
    let file = "Destination,Code,Rate\nEUROPE,,\nFrance,33,0.02\nSpain,34,0.02\nASIA,,\nJapan,81,0.05\nChina,86,0.04\n";
    assert_eq!(names(&read(file.as_bytes())), ["France", "Spain", "Japan", "China"]);
    let merged = "Country;Destination;Code;Price\nFrance;Fixed;33;0.01\n;Mobile;336;0.02\nMali;Fixed;223;0.2\n;Mobile;2237;0.25\n";
    assert_eq!(
        names(&read(merged.as_bytes())),
        ["France - Fixed", "France - Mobile", "Mali - Fixed", "Mali - Mobile"]
    );
}

#[test]
fn expired_and_future_prices() {
    let deck = deck(
        "Destination,Code,Rate,Start Date,End Date",
        &[
            "Norway,47,0.009,2026-11-01,",
            "Nauru,674,1.21,2026-05-01,2026-10-31",
            "Chad,235,0.5,2026-09-01,2026-10-31",
            "Chad,235,0.4,2026-11-01,",
        ],
    );
    assert_eq!(clean(&deck), ["47 0.009 0 60/60", "235 0.4 0 60/60", "674 removed"]);
    assert_eq!(deck.set_aside.get("EXPIRED"), Some(&2));
    assert_eq!(warned(&deck), [(3, "EXPIRED")]);
    let later = read(b"Destination,Code,Rate,Effective\nA,33,0.1,2026-12-07\nB,49,0.2,2026-12-07\n");
    assert_eq!(warned(&later), [(2, "DATE_IN_FUTURE")]);
}

#[test]
fn statuses_are_guessed_or_asked() {
    let file = |word: &str, price: &str| {
        format!("Destination,Code,Rate,Status\nA,33,0.1,Increase\nB,49,{price},{word}\nC,44,0.2,No change\n")
    };
    for word in
        ["Deleted", "Discontinued", "Supprimé", "gelöscht", "Cancellato", "Excluído", "Removed from offer"]
    {
        assert_eq!(clean(&read(file(word, "0.2").as_bytes()))[1], "49 removed", "{word}");
    }
    for word in ["D", "Baja", "Not available", "No service", "X"] {
        let deck = choose(&file(word, "0.2"), "STATUS", &format!("{word}: the code is removed"));
        assert_eq!(clean(&deck)[1], "49 removed", "{word}");
        assert_eq!(clean(&read(file(word, "").as_bytes()))[1], "49 removed", "{word} without a price");
    }
    // one question for two words
    let two = file("D", "0.2").replace("No change", "Baja");
    let deck = choose(&two, "STATUS", "Baja: the code is removed; D: the row has");
    assert_eq!(clean(&deck)[1..], ["49 0.2 0 60/60", "44 removed"]);
}

#[test]
fn grades_of_routes_are_asked() {
    for name in ["Route Quality", "Quality", "Route", "Product", "Grade", "Route Type", "Service", "Class"] {
        let file = format!(
            "Destination,Code,{name},Price\nPakistan,92,CLI,0.0310\nPakistan,92,NCLI,0.0260\nNepal,977,CLI,0.119\nNepal,977,NCLI,0.099\n"
        );
        let deck = choose(&file, "DUPLICATES", &format!("only the rows whose {name} is CLI"));
        assert_eq!(clean(&deck), ["92 0.031 0 60/60", "977 0.119 0 60/60"], "{name}");
    }
    let columns = "Destination,Code,Premium,Standard\nPakistan,92,0.0310,0.0260\nNepal,977,0.119,0.099\n";
    assert_eq!(clean(&choose(columns, "PRICE_COLUMN", "Premium")), ["92 0.031 0 60/60", "977 0.119 0 60/60"]);
}

#[test]
fn totals_are_no_rates() {
    for total in [
        "Total registros;15;;",
        "Total;2;1.219,00;",
        "Average;;0,015;",
        "Gesamt;2;;",
        "Moyenne;;12,00;",
        "Total destinos: 2;;;",
    ] {
        let file = format!(
            "Destino;Indicativo;Valor minuto;Incremento\nEstados Unidos;'+1;98,50;60/60\nEcuador;'+593;1.120,50;60/60\n{total}\n"
        );
        let deck = read_with(file.as_bytes(), &Mapping::default(), Some("COP"));
        assert_eq!(clean(&deck), ["1 98.5 0 60/60", "593 1120.5 0 60/60"], "{total}: {:#?}", deck.detected);
        assert_eq!(deck.counts.footer, 1, "{total}");
    }
}

#[test]
fn codes_are_found_by_contents() {
    for name in ["Indicativo", "Rufnummernbereich", "Xyz", "Marcación"] {
        let deck = deck(&format!("Destination,{name},Price"), &["France,33,0.01", "Haiti,509,0.31"]);
        assert_eq!(clean(&deck), ["33 0.01 0 60/60", "509 0.31 0 60/60"], "{name}");
    }
    assert_eq!(codes_in("(1) 809").rates[0].prefix(), "1809");
    let deck = deck("Destination,Code,Rate", &["France,33,1.23E-02", "Haiti,509,0.31"]);
    assert_eq!(clean(&deck)[0], "33 0.0123 0 60/60");
}

#[test]
fn prices_for_times_of_the_day() {
    for (peak, off) in [
        ("Peak Rate", "Off-Peak Rate"),
        ("Hora punta", "Hora reducida"),
        ("Tarifa diurna", "Tarifa nocturna"),
        ("Heures pleines", "Heures creuses"),
        ("Hauptzeit", "Nebenzeit"),
        ("Standard Rate", "Weekend Rate"),
    ] {
        let file = format!(
            "Precios en euros por minuto, IVA no incluido,,,\nDestination,Code,{peak},{off}\nFrance,33,0.02,0.01\nMali,223,0.3,0.25\n"
        );
        let deck = read(file.as_bytes());
        assert_eq!(clean(&deck)[0], "33 0.02 0 60/60", "{peak}: {:#?}", deck.detected);
        let Entry::Price(rate) = &deck.rates[0].entry else { panic!("a price") };
        assert_eq!(rate.band_prices.len(), 1, "{peak}");
    }
    // the price in a row for an ignored band does not become the standard price
    let rows = b"Code,Destination,Time Period,Rate\n61,Australia,Peak,0.0300\n61,Australia,Off-Peak,0.0200\n";
    let mapping: Mapping = serde_json::from_str(r#"{"bands": {"off-peak": null}}"#).unwrap();
    let deck = read_with(rows, &mapping, None);
    assert_eq!(
        (clean(&deck), deck.set_aside.get("BAND_LEFT_OUT")),
        (vec!["61 0.03 0 60/60".to_owned()], Some(&1))
    );
}

#[test]
fn a_price_beside_the_letter_d_is_never_removed_silently() {
    // A and D may be "aumento" and "disminución"
    let file =
        "Prefijo,Destino,Precio,Cambio\n51,Peru,0.020,A\n511,Peru Lima,0.004,D\n519,Peru Movil,0.015,D\n";
    let deck = read(file.as_bytes());
    assert_eq!(deck.questions.first().map(|question| question.code.as_ref()), Some("STATUS"));
}
