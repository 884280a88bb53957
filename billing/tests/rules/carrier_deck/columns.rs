//! Decks whose codes and prices are spread over several columns, and codes that are written in words.

use super::*;

fn deck(lines: &[&str]) -> CarrierDeck {
    read(lines.join("\n").as_bytes())
}

fn prices(lines: &[&str]) -> Vec<String> {
    prices_in(None, lines)
}

fn prices_in(currency: Option<&str>, lines: &[&str]) -> Vec<String> {
    let deck = read_with(lines.join("\n").as_bytes(), &Mapping::default(), currency);
    let shown = |entry: &Entry| match entry {
        Entry::Price(rate) => {
            format!("{} {} {}/{}", rate.prefix, rate.price_per_minute, rate.initial_increment, rate.increment)
        }
        Entry::Removed(prefix) => format!("{prefix} removed"),
        Entry::Blocked(prefix) => format!("{prefix} blocked"),
    };
    assert!(deck.questions.is_empty() && deck.errors == 0, "{:#?} {:#?}", deck.questions, deck.problems);
    deck.rates.iter().map(|rate| shown(&rate.entry)).collect()
}

#[test]
fn fixed_and_mobile_columns_with_codes_of_their_own() {
    let found = prices_in(
        Some("COP"),
        &[
            "País;Indicativo;Fijo ($/min);Indicativos móviles;Móvil ($/min)",
            "Alemania;49;$ 290,00;4915, 4916;$ 890,00",
            "Jamaica;1876;$ 420,00;1876 3, 1876 4;$ 690,00",
            "Canadá;1;$ 95,00;-;$ 95,00",
        ],
    );
    let expected = ["49 290", "4915 890", "4916 890", "1876 420", "18763 690", "18764 690", "1 95"];
    assert_eq!(found, expected.map(|rate| format!("{rate} 60/60")));
}

#[test]
fn the_first_digits_of_numbers_follow_their_area_codes() {
    let found = prices(&[
        "Serviço;Localidade;DDD;Inicial do assinante;Tarifa (R$/min)",
        "Fixo;São Paulo;11;;0,0190",
        "Móvel;São Paulo;11;9;0,0310",
        "Fixo;Interior;12 a 13;;0,0240",
        "Móvel;Interior;12 a 13;9;0,0360",
        "Especial;0800;800;;Não ofertado",
    ]);
    let expected = ["5511 0.019", "55119 0.031", "5512 0.024", "5513 0.024", "55129 0.036", "55139 0.036"];
    let expected = expected.map(|rate| format!("{rate} 60/60"));
    assert_eq!(found[..6], expected);
    assert_eq!(found[6..], ["55800 removed"]);
}

#[test]
fn blocks_of_numbers_become_codes() {
    let lines = [
        "Operator;Region;Area;From;To;Price",
        "One;North;831;2000000;2999999;0.62",
        "One;South;910;3800000;3999999;0.95",
        "Two;West;846;2000000;2999999;0.64",
        "Numbers are national, country code 7",
    ];
    let asked = deck(&lines);
    assert_eq!(asked.questions[0].code, "CODE_COUNTRY");
    assert_eq!(asked.questions[0].answers[0].text, "7");
    let found = read_with(lines.join("\n").as_bytes(), &asked.questions[0].answers[0].mapping, None);
    let codes: Vec<&str> = found.rates.iter().map(|rate| rate.prefix()).collect();
    assert_eq!(codes, ["78312", "791038", "791039", "78462"]);
}

#[test]
fn ranges_in_words() {
    for (range, codes) in [
        ("00 32 45 à 00 32 47", ["3245", "3246", "3247"]),
        ("from 3245 to 3247", ["3245", "3246", "3247"]),
        ("von 3245 bis 3247", ["3245", "3246", "3247"]),
        ("between 3245 and 3247", ["3245", "3246", "3247"]),
        ("с 3245 по 3247", ["3245", "3246", "3247"]),
        ("0033 0034 0039", ["33", "34", "39"]),
        ("3245 + 3246 + 3247", ["3245", "3246", "3247"]),
    ] {
        let file = format!("Destination;Code;Price\nBelgium Mobile;{range};0.0160\nGhana;233;0.2300\n");
        let found = prices(&file.lines().collect::<Vec<_>>());
        let expected: Vec<String> = codes
            .iter()
            .map(|code| format!("{code} 0.016 60/60"))
            .chain(["233 0.23 60/60".to_owned()])
            .collect();
        assert_eq!(found, expected, "{range}");
    }
}

#[test]
fn an_area_code_may_begin_with_011() {
    let found = prices(&[
        "UK Outbound Price Book",
        "Area;Range;Price (GBP)",
        "Leeds;0113;0.0032",
        "Sheffield;0114;0.0033",
        "Birmingham;0121;0.0034",
        "Manchester;0161;0.0035",
    ]);
    let expected = ["44113 0.0032", "44114 0.0033", "44121 0.0034", "44161 0.0035"];
    assert_eq!(found, expected.map(|rate| format!("{rate} 60/60")));
}

#[test]
fn the_unit_of_money_of_each_row() {
    let found = prices_in(
        Some("NGN"),
        &[
            "Currency: Nigerian Naira (N). k/s = kobo per second; N/min = Naira per minute",
            "Country,Network,Dialling Codes,Tariff,Unit",
            "Nigeria,MTN,234803,11,k/s",
            "Nigeria,Glo,234805,11.5,k/s",
            "Ghana,Fixed,233,268.00,N/min",
            "Kenya,All,254,182.00,N/min",
            "Calls rated in k/s are billed per second. Calls rated in N/min are billed per minute or part thereof.",
        ],
    );
    assert_eq!(found, ["234803 6.6 1/1", "234805 6.9 1/1", "233 268 60/60", "254 182 60/60"]);
}

#[test]
fn columns_named_after_times_of_the_day_have_prices() {
    let deck = deck(&[
        "Direttrice\tPrefisso\tFascia intera\tFascia ridotta",
        "Malta\t356\t0,0310\t0,0290",
        "Slovenia\t386\t0,0420\t0,0390",
    ]);
    assert!(deck.questions.is_empty(), "{:#?}", deck.questions);
    let Entry::Price(rate) = &deck.rates[0].entry else { panic!("no price") };
    assert_eq!(rate.price_per_minute.to_string(), "0.031");
    assert_eq!(rate.band_prices["off-peak"].price_per_minute.to_string(), "0.029");
}

#[test]
fn all_hours_of_all_days_are_not_increments() {
    let found = prices(&[
        "Destination;Code;Rate;Interval;Time Band",
        "Ghana;233;0.23;60/1;24/7",
        "Cuba;53;0.73;60/1;24/7",
    ]);
    assert_eq!(found, ["233 0.23 60/1", "53 0.73 60/1"]);
}

#[test]
fn each_row_has_one_of_two_dates() {
    let deck = deck(&[
        "Destination,Code,Rate,Increase Date,Decrease Date",
        "Ghana,233,0.23,2026-12-08,",
        "Cuba,53,0.73,,2026-12-02",
    ]);
    assert!(deck.questions.is_empty(), "{:#?}", deck.questions);
    let dates: Vec<String> = deck.rates.iter().map(|rate| rate.effective.unwrap().to_string()).collect();
    assert_eq!(dates, ["2026-12-08", "2026-12-02"]);
}
