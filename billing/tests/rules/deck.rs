//! Tests the result of reading a deck, row by row.

use billing::deck::{Deck, DeckLimits, Severity, csv_text, parse_deck, write_deck};
use billing::money::Micros;
use billing::tariff::{BandPrice, BandPrices, MAX_PRICE, Rate};
use proptest::prelude::*;

const HEADER: &str = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n";

fn parse(text: impl AsRef<[u8]>) -> Deck {
    parse_deck(text.as_ref(), &DeckLimits::default())
}

fn codes(deck: &Deck) -> Vec<(u64, &str)> {
    deck.problems.iter().map(|problem| (problem.line, problem.code.as_ref())).collect()
}

#[test]
fn every_row_of_the_broken_deck_has_its_verdict() {
    use Severity::{Error, Fixed};
    let deck = parse(include_bytes!("../data/broken.csv"));
    let verdicts: Vec<_> = deck
        .problems
        .iter()
        .map(|p| (p.line, p.column.as_deref().unwrap_or("-"), p.severity, p.code.as_ref()))
        .collect();
    let expected = [
        (4, "prefix", Error, "DUPLICATE_PREFIX"),
        (5, "prefix", Fixed, "PREFIX_NORMALISED"),
        (6, "prefix", Fixed, "PREFIX_NORMALISED"),
        (7, "prefix", Error, "PREFIX_MISSING"),
        (8, "prefix", Error, "PREFIX_INVALID"),
        (9, "rate_per_minute", Error, "PRICE_NEGATIVE"),
        (10, "increment", Error, "INCREMENT_OUT_OF_RANGE"),
        (11, "rate_per_minute", Error, "NOT_A_NUMBER"),
        (12, "prefix", Error, "PREFIX_TOO_LONG"),
        (14, "rate_per_minute", Error, "TOO_MANY_DECIMALS"),
        (15, "-", Error, "COLUMN_COUNT"),
        (16, "-", Error, "COLUMN_COUNT"),
        (17, "rate_per_minute", Error, "NOT_A_NUMBER"),
        (18, "destination", Fixed, "FORMULA_KEPT_AS_TEXT"),
        (19, "rate_per_minute", Error, "NOT_A_NUMBER"),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!((deck.rows, deck.errors, deck.fixed), (18, 12, 3));
    let rates: Vec<_> = deck.rates.iter().map(|r| (r.prefix.as_str(), r.destination.as_str())).collect();
    let usable = [
        ("55", "Brazil"),
        ("5511", "Sao Paulo"),
        ("5521", "Rio de Janeiro"),
        ("44", "United Kingdom"),
        ("1", "Comma, in quotes"),
        ("39", "=HYPERLINK(\"x\")"),
    ];
    assert_eq!(rates, usable);
    let duplicate = &deck.problems[0].message;
    assert!(duplicate.contains("line 3") && duplicate.contains("line 4"), "{duplicate}");
}

#[test]
fn headers_decide_the_order_and_are_strict() {
    let deck = parse(
        "\u{feff}Increment, free_seconds,prefix,destination,connection_fee,initial_increment,rate_per_minute,minimum_charge\r\n6,3,55,Brazil,0.05,30,0.12,0.1\r\n60,,1,USA,0,60,0.02,\r\n",
    );
    assert!(deck.problems.is_empty(), "{:?}", deck.problems);
    let rate = &deck.rates[0];
    assert_eq!((rate.increment, rate.initial_increment, rate.free_seconds), (6, 30, 3));
    assert_eq!(
        (rate.price_per_minute, rate.connection_fee, rate.minimum_charge),
        (Micros(120_000), Micros(50_000), Micros(100_000))
    );
    assert_eq!((deck.rates[1].free_seconds, deck.rates[1].minimum_charge), (0, Micros::ZERO));
    for (text, code) in [
        ("", "HEADER_MISSING"),
        ("prefix,destination\n", "COLUMN_MISSING"),
        ("prefix;destination;rate_per_minute\n", "COLUMN_UNKNOWN"),
        (&HEADER.replace("increment\n", "increment,colour\n"), "COLUMN_UNKNOWN"),
        (&HEADER.replace("increment\n", "increment,prefix\n"), "COLUMN_TWICE"),
        (&HEADER.replace("increment\n", "increment,increment:night\n"), "COLUMN_UNKNOWN"),
        (&HEADER.replace("increment\n", "increment,rate_per_minute:\n"), "COLUMN_UNKNOWN"),
        (&HEADER.replace("increment\n", "increment,connection_fee:night\n"), "COLUMN_MISSING"),
    ] {
        let deck = parse(text);
        assert_eq!(codes(&deck), [(1, code)], "{text:?}");
        assert!(!deck.is_clean() && deck.rates.is_empty());
    }
}

#[test]
fn one_reading_shows_every_fault_of_a_row() {
    let deck = parse(format!("{HEADER}5x,,1e2,-1,0,6.0\n"));
    let expected = [
        (2, "PREFIX_INVALID"),
        (2, "DESTINATION_MISSING"),
        (2, "NOT_A_NUMBER"),
        (2, "PRICE_NEGATIVE"),
        (2, "INCREMENT_OUT_OF_RANGE"),
        (2, "NOT_A_NUMBER"),
    ];
    assert_eq!(codes(&deck), expected);
}

#[test]
fn bands_have_columns_of_their_own() {
    let header = HEADER.replace("increment\n", "increment, Rate_per_minute:Night,connection_fee:Night\n");
    let deck = parse(format!("{header}55,A,0.1,0,1,1, 0.05,\n56,B,0.1,0,1,1,0.05,0.01\n57,C,0.1,0,1,1,,\n"));
    assert_eq!(codes(&deck), [(2, "SPACES_TRIMMED")]);
    let night =
        |fee| BandPrice { price_per_minute: Micros(50_000), initial_price: None, connection_fee: fee };
    let prices: Vec<_> = deck.rates.iter().map(|rate| rate.band_prices.get("Night").cloned()).collect();
    assert_eq!(prices, [Some(night(None)), Some(night(Some(Micros(10_000)))), None]);
    let deck = parse(format!("{header}55,A,0.1,0,1,1,,0.01\n56,B,0.1,0,1,1,free,0\n"));
    assert_eq!(codes(&deck), [(2, "BAND_PRICE_MISSING"), (3, "NOT_A_NUMBER")]);
    let header =
        HEADER.replace("increment\n", "increment,initial_price,rate_per_minute:Night,initial_price:Night\n");
    let deck = parse(format!(
        "{header}55,A,0.1,0,60,1,0.2,0.05,0.06\n56,B,0.1,0,60,1,,0.05,\n57,C,0.1,0,60,1,,,0.06\n"
    ));
    assert_eq!(codes(&deck), [(4, "BAND_PRICE_MISSING")]);
    let initial = |rate: &Rate| (rate.initial_price, rate.band_prices["Night"].initial_price);
    let found: Vec<_> = deck.rates.iter().map(initial).collect();
    assert_eq!(found, [(Some(Micros(200_000)), Some(Micros(60_000))), (None, None)]);
    // seventeen bands are one more than the limit
    let many: String = (0..17).map(|band| format!(",rate_per_minute:{band}")).collect();
    assert_eq!(codes(&parse(HEADER.replace('\n', &format!("{many}\n")))), [(1, "TOO_MANY_BANDS")]);
}

#[test]
fn prefixes_are_mended_only_where_there_is_one_meaning() {
    for (cell, prefix) in [
        ("+5521", Some("5521")),
        ("00 44", Some("44")),
        ("0044", Some("44")),
        ("+ 44", Some("44")),
        (" 55 ", Some("55")),
        ("1-242", None),
        ("+1 (305)", None),
        ("35191-35196", None),
        ("1 201-203", None),
        ("351 352", None),
        ("351.0", None),
        ("\"351, 352\"", None),
        ("351\u{a0}352", None),
        ("351–352", None),
        ("00 351 352", None),
        ("+0044", None),
        ("011", None),
        ("000", None),
        ("00", None),
        ("+", None),
        ("5 5;5", None),
        ("５５", None),
    ] {
        let deck = parse(format!("{HEADER}{cell},X,0.1,0,1,1\n"));
        assert_eq!(deck.rates.first().map(|rate| rate.prefix.as_str()), prefix, "{cell}");
        assert_eq!(deck.fixed, u64::from(prefix.is_some()), "{cell}");
    }
    // a corrected prefix can be a duplicate too
    let deck = parse(format!("{HEADER}55,X,0.1,0,1,1\n+55,X,0.1,0,1,1\n"));
    assert_eq!(codes(&deck), [(3, "PREFIX_NORMALISED"), (3, "DUPLICATE_PREFIX")]);
}

#[test]
fn limits_hold() {
    let rows: String = (1..=9).map(|digit| format!("{digit},X,bad,0,1,1\n")).collect();
    let text = format!("{HEADER}{rows}");
    let limits = DeckLimits { max_problems: 4, ..DeckLimits::default() };
    let deck = parse_deck(text.as_bytes(), &limits);
    assert_eq!((deck.problems.len(), deck.errors, deck.rows), (4, 9, 9));
    let deck = parse_deck(text.as_bytes(), &DeckLimits { max_rows: 5, ..DeckLimits::default() });
    assert_eq!((deck.rows, codes(&deck).last().copied()), (5, Some((7, "TOO_MANY_ROWS"))));
    let deck = parse_deck(text.as_bytes(), &DeckLimits { max_bytes: 10, ..DeckLimits::default() });
    assert_eq!(codes(&deck), [(0, "FILE_TOO_LARGE")]);
}

#[test]
fn text_must_be_utf8_and_clean() {
    let mut bytes = format!("{HEADER}55,Brazil,0.1,0,1,1\n56,Per").into_bytes();
    bytes.extend([0xfa, b'\n']);
    assert_eq!(codes(&parse(&bytes)), [(3, "NOT_UTF8")]);
    let deck = parse(format!("{HEADER}55,\"two\nlines\",0.1,0,1,1\n56,Peru,0.1,0,1,1\n"));
    assert_eq!(codes(&deck), [(2, "DESTINATION_INVALID")]);
    assert_eq!(deck.rates.len(), 1);
}

#[test]
fn a_line_of_a_million_cells_is_refused() {
    let wide = format!("{HEADER}55,Brazil,0.1,0,1,1\n56,Peru{}\n", ",".repeat(1_000_000));
    assert_eq!(codes(&parse(wide)), [(3, "TOO_MANY_COLUMNS")]);
}

#[test]
fn formulas_are_written_so_that_nothing_runs_them() {
    for (text, written) in [
        ("=1+1", "'=1+1"),
        ("+55", "'+55"),
        ("-x", "'-x"),
        ("@x", "'@x"),
        ("'=x", "''=x"),
        ("'n Roll", "'n Roll"),
        ("São Tomé", "São Tomé"),
    ] {
        assert_eq!(csv_text(text), written);
    }
}

fn any_rate() -> impl Strategy<Value = Rate> {
    let price = || (0..=MAX_PRICE.0).prop_map(Micros);
    let destination = "['=+@-]{0,3}[a-zA-Zé\",;'=+@-][ -~é]{0,20}[a-z\"']";
    let optional = || prop::option::of(price());
    let band =
        (price(), optional(), optional()).prop_map(|(price_per_minute, initial_price, connection_fee)| {
            BandPrice { price_per_minute, initial_price, connection_fee }
        });
    let bands = prop::collection::btree_map("[a-zé\",:=']([ -~]{0,8}[a-z\",:])?", band, 0..3)
        .prop_map(|bands| bands.into_iter().collect::<BandPrices>());
    let increment = || 1u32..=86_400;
    (
        "[1-9][0-9]{0,14}",
        destination,
        (price(), optional()),
        price(),
        increment(),
        increment(),
        price(),
        0u32..=86_400,
        bands,
    )
        .prop_map(
            |(
                prefix,
                destination,
                (price_per_minute, initial_price),
                connection_fee,
                initial,
                increment,
                minimum_charge,
                free_seconds,
                band_prices,
            )| {
                Rate {
                    prefix,
                    destination,
                    price_per_minute,
                    initial_price,
                    connection_fee,
                    initial_increment: initial,
                    increment,
                    minimum_charge,
                    free_seconds,
                    band_prices,
                }
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(rates in prop::collection::vec(any_rate(), 0..5)) {
        let mut rates = rates;
        rates.sort_by(|a, b| a.prefix.cmp(&b.prefix));
        rates.dedup_by(|a, b| a.prefix == b.prefix);
        let deck = parse(write_deck(&rates));
        prop_assert!(deck.problems.is_empty(), "{:?}", deck.problems);
        prop_assert_eq!(deck.rates, rates);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300), with_header: bool) {
        let mut file = if with_header { HEADER.as_bytes().to_vec() } else { Vec::new() };
        file.extend(bytes);
        for rate in parse(&file).rates {
            prop_assert!(rate.validate().is_ok());
        }
    }

    #[test]
    fn rows_of_likely_cells_are_answered(
        rows in prop::collection::vec(prop::collection::vec("[0-9+=,.\" 'a-c\n-]{0,6}", 6), 0..8),
    ) {
        let text: String = rows.iter().map(|row| row.join(",") + "\n").collect();
        let deck = parse(format!("{HEADER}{text}"));
        prop_assert!(deck.rates.len() as u64 <= deck.rows);
        for rate in deck.rates {
            prop_assert!(rate.validate().is_ok());
        }
    }
}
