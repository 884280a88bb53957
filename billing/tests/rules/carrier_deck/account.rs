//! The account of the deck: texts outside the rates lead to a question if they could change a price, and only then.

use super::*;

const DATED: &str = "Destination,Code,Rate,Effective\nGhana,233,0.2,2026-12-01\nGhana Mobile,2335,0.25,2026-12-01\nHaiti,509,0.3,2026-12-01\nCuba,53,0.75,2026-12-01\nMexico,52,0.006,2026-12-01\nFrance,33,0.007,2026-12-01\n";
const STEPPED: &str = "Destination,Code,Rate,Increment\nGhana,233,0.2,1/1\nGhana Mobile,2335,0.25,1/1\nHaiti,509,0.3,60/60\nCuba,53,0.75,60/60\nMexico,52,0.006,60/60\nFrance,33,0.007,1/1\n";

fn asked(text: &str) -> Vec<String> {
    let deck = read_with(text.as_bytes(), &Mapping::default(), Some("USD"));
    deck.questions.iter().map(|question| question.code.to_string()).collect()
}

fn decks(line: &str) -> Vec<String> {
    [DATED, STEPPED]
        .iter()
        .flat_map(|rates| [format!("\"{line}\"\n{rates}"), format!("{rates}\"{line}\"\n")])
        .collect()
}

#[test]
fn a_text_that_may_change_prices_is_asked_about() {
    for line in [
        "All prices are subject to a 5% surcharge",
        "A surcharge of 3 percent applies to all mobile destinations",
        "Se aplicará un recargo del 4 % a todas las llamadas",
        "Auf alle Preise wird ein Aufschlag von 2,5 % erhoben",
        "Rabatt 10 % auf alle Ziele",
        "Toutes les destinations sont majorées de 3 %",
        "A connection charge of USD 0.02 applies to calls longer than 10 minutes",
        "Calls to Mexico carry a fixed fee of $0.015 per attempt above 100",
        "Calls to Cuba are suspended until further notice",
        "Haiti is currently blocked",
        "Code 2335 is closed",
        "The above prices apply except to Ghana Mobile",
        "For mobile numbers in Mexico add 1 after the country code",
    ] {
        for deck in decks(line) {
            assert_eq!(asked(&deck), ["NOTE_UNREAD"], "{deck}");
        }
    }
}

#[test]
fn a_text_that_changes_nothing_is_not_asked_about() {
    for line in [
        "Rates are subject to change with 7 days notice",
        "All prices exclude VAT (19 %)",
        "Preise zzgl. 19 % MwSt.",
        "Destinations not listed are blocked",
        "Payment within 30 days, 1.5% interest per month on late payments",
        "Prices valid from 1 December 2026",
        "ASR must be above 40%",
        "Short duration surcharge of $0.01 per call applies when more than 15% of calls are 6 seconds or less",
        "Support: +44 20 7946 0000, Mon-Fri 9:00-18:00",
        "Disputes must be raised within 15 days",
        "This offer is confidential",
        "Credit limit USD 5000",
        "Issue date 28 November 2026",
        "Average call duration: 3 minutes",
        "Calls of less than 3 seconds are not charged",
        "Page 1 of 1",
        "Total destinations: 6",
        "Bank charges of USD 25 are paid by the customer",
        "Rates in USD per minute",
        "Minimum charge per call: USD 0.01",
    ] {
        for deck in decks(line) {
            assert_eq!(asked(&deck), [""; 0], "{deck}");
        }
    }
}

#[test]
fn one_answer_settles_all_unread_texts() {
    let text = "All prices are subject to a 5% surcharge\nDestination,Code,Rate,Remarks\nGhana,233,0.2,temporarily closed\nCuba,53,0.75,\nHaiti is currently blocked\nHaiti,509,0.3,\n";
    let (read, mapping) = answered(text.as_bytes(), Mapping::default(), "NOTE_UNREAD", 0);
    assert_eq!(rates(&read), ["233 0.2 0 60/60", "53 0.75 0 60/60", "509 0.3 0 60/60"]);
    assert_eq!(mapping.harmless.len(), 3);
    let (read, _) = answered(text.as_bytes(), Mapping::default(), "NOTE_UNREAD", 1);
    assert_eq!(rates(&read), ["233 0.21 0 60/60", "53 0.7875 0 60/60", "509 0.315 0 60/60"]);
    let (read, _) = answered(text.as_bytes(), Mapping::default(), "NOTE_UNREAD", 2);
    assert_eq!(rates(&read), ["233 removed", "53 0.75 0 60/60", "509 removed"]);
    // the answer does not cover a new text, so the user is asked again
    let next = text.replace("5%", "6%");
    assert_eq!(read_with(next.as_bytes(), &mapping, None).questions.len(), 1);
}

#[test]
fn a_date_in_the_future_is_never_ignored() {
    let rates = "Land,Vorwahl,Preis\nGhana,233,0.2\nKuba,53,0.75\n";
    let december = [NaiveDate::from_ymd_opt(2026, 12, 15).unwrap()];
    for line in [
        "Preisliste, Stichtag 15.12.2026",
        "Ceník platný od 15. 12. 2026",
        "Érvényes: 2026.12.15-től",
        "Berlaku mulai 15 Desember 2026",
        "Lista de tarife valabila de la 15.12.2026",
        "มีผล 15/12/2569",
    ] {
        let deck = read(format!("{line}\n{rates}").as_bytes());
        assert_eq!(deck.dates().into_iter().collect::<Vec<_>>(), december, "{line} {:?}", deck.questions);
    }
    for line in ["Erhöhungen 15.12.2026; Senkungen 8.12.2026", "15 Waberi 2026"] {
        let text = format!("{line}\n{rates}");
        let deck = read(text.as_bytes());
        assert_eq!(deck.questions[0].code, "NOTE_UNREAD", "{line}");
    }
    let text = format!("Erhöhungen gelten ab 15.12.2026\n{rates}");
    let deck = read(text.as_bytes());
    assert!(deck.questions.iter().all(|question| question.code == "NOTE_UNREAD"));
}

#[test]
fn a_minimum_charge_may_be_in_a_sentence() {
    let deck =
        read(b"Minimum charge per call: USD 0.01\nDestination,Code,Rate\nGhana,233,0.2\nCuba,53,0.75\n");
    let Entry::Price(rate) = &deck.rates[0].entry else { panic!("{:?}", deck.rates) };
    assert_eq!((rate.minimum_charge, rate.connection_fee), (Micros(10_000), Micros::ZERO));
}

#[test]
fn a_row_without_a_code_and_a_price_is_reported() {
    let deck = read(b"Code,Destination,Type,Rate\n233,Ghana,Fixed,0.2\n-,Service numbers,Special,on request\n53,Cuba,Fixed,0.75\n");
    let found: Vec<_> = deck.problems.iter().map(|problem| (problem.line, problem.code.as_ref())).collect();
    assert_eq!(found, [(3, "ROW_WITHOUT_CODE")]);
    assert_eq!(deck.rates.len(), 2);
}

#[test]
fn prices_far_from_the_usual_ones_are_asked_about() {
    let deck = |factor: f64| {
        let rows = [
            ("Germany", "49", 0.008),
            ("France", "33", 0.007),
            ("Spain", "34", 0.007),
            ("India", "91", 0.015),
        ]
        .into_iter()
        .chain([("Ghana", "233", 0.2), ("Cuba", "53", 0.75), ("Brazil", "55", 0.01)])
        .map(|(name, code, price)| format!("{name},{code},{:.7}\n", price * factor))
        .collect::<String>();
        format!("Destination,Code,Rate USD/min\n{rows}")
    };
    for (factor, offered) in [
        (1.0, None),
        (5.0, None),
        (0.2, None),
        (1_000.0, Some("1,000 minutes")),
        (100.0, Some("a minute, in the smaller unit of the currency, such as cents")),
        (60.0, Some("an hour")),
        (0.016_666_67, Some("a second")),
    ] {
        let text = deck(factor);
        let mapping = Mapping {
            price_rounding: Some(billing::carrier_deck::PriceRounding::HalfUp),
            ..Mapping::default()
        };
        let read = read_with(text.as_bytes(), &mapping, Some("USD"));
        let answers: Vec<&str> = read
            .questions
            .iter()
            .flat_map(|question| &question.answers)
            .map(|answer| answer.text.as_str())
            .collect();
        match offered {
            None => assert!(answers.is_empty(), "{factor}: {answers:?}"),
            Some(offered) => assert!(
                read.questions[0].code == "PRICE_UNIT" && answers.contains(&offered)
                    || read.questions[0].code == "PRICE_CENTS",
                "{factor}: {answers:?}"
            ),
        }
    }
}

#[test]
fn an_unchanged_row_keeps_its_current_price() {
    let text = "DESTINO|CODIGO|TARIFA ACTUAL|TARIFA NUEVA|VARIACION|VIGENCIA\nCOLOMBIA|57|0,0214|0,0193|Disminucion|30-nov-2026\nCOLOMBIA MOVIL|573|0,0197||Sin cambio|\nCUBA|53|0,6902|SUSPENDIDO|Suspendido|30-nov-2026\n";
    let deck = read(text.as_bytes());
    assert_eq!(
        rates(&deck),
        ["57 0.0193 0 60/60", "573 0.0197 0 60/60", "53 blocked"],
        "{:?}",
        deck.problems
    );
    // a row that says that its price rises must have the new price
    let deck = read(text.replace("Sin cambio", "Aumento").as_bytes());
    assert_eq!(errors(&deck), [(3, "PRICE_MISSING")]);
}

#[test]
fn digits_and_commas_of_other_scripts() {
    let text =
        "الوجهة;مفتاح النداء;السعر (دولار/دقيقة)\nالأردن;962;0.1245\nالكويت;9655، 9656;0.0855\nمصر;٢٠;0.11\n";
    let deck = read_with(text.as_bytes(), &Mapping::default(), Some("USD"));
    assert_eq!(
        rates(&deck),
        ["962 0.1245 0 60/60", "9655 0.0855 0 60/60", "9656 0.0855 0 60/60", "20 0.11 0 60/60"]
    );
}

#[test]
fn country_codes_and_area_codes_are_told_apart_by_their_contents() {
    let text = "Направление;Код страны;Коды зон;Тариф\nМосква;7;495, 498-499;1,417\nКазахстан;7;727;7,289\nГермания;49;;0,863\nГермания моб.;49;151-152;1,929\n";
    let deck = read(text.as_bytes());
    assert_eq!(
        rates(&deck),
        [
            "7495 1.417 0 60/60",
            "7498 1.417 0 60/60",
            "7499 1.417 0 60/60",
            "7727 7.289 0 60/60",
            "49 0.863 0 60/60",
            "49151 1.929 0 60/60",
            "49152 1.929 0 60/60"
        ]
    );
}

#[test]
fn pages_and_unfinished_lists_in_text_of_fixed_width() {
    let row =
        |name: &str, code: &str, price: &str, step: &str| format!("{name:<24}{code:<20}{price:>8}  {step}\n");
    let text = [
        "Rheinfunk                              Seite 1 / 2\n\n".to_owned(),
        row("Zielland", "Vorwahl", "Ct/Min", "Takt"),
        "-".repeat(60) + "\n",
        row("China Mobil", "0086-13/15/17/", "1,224", "1/1"),
        row("", "18", "", ""),
        row("Oesterreich Mobil", "0043-660/699", "1,837", "1/1"),
        "Rheinfunk                              Seite 2 / 2\n".to_owned(),
        row("Ungarn Mobil", "0036-20/30", "0,492", "1/1"),
        row("Kuba", "0053", "75,000", "60/60"),
    ]
    .concat();
    let deck = read_with(text.as_bytes(), &Mapping::default(), Some("EUR"));
    assert_eq!(
        rates(&deck),
        [
            "8613 0.01224 0 1/1",
            "8615 0.01224 0 1/1",
            "8617 0.01224 0 1/1",
            "8618 0.01224 0 1/1",
            "43660 0.01837 0 1/1",
            "43699 0.01837 0 1/1",
            "3620 0.00492 0 1/1",
            "3630 0.00492 0 1/1",
            "53 0.75 0 60/60"
        ],
        "{:?}",
        deck.problems
    );
}
