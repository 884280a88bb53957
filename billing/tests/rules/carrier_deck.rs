//! Tests the reader of carriers' decks with decks that are structured like real ones and with many families of layouts.

use std::io::{Cursor, Write as _};

use billing::carrier_deck::{
    CarrierDeck, ColumnRef, DateOrder, Entry, Mapping, Options, PriceUnit, read_carrier_deck,
};
use billing::deck::{DeckLimits, Severity, write_deck};
use billing::money::Micros;
use chrono::NaiveDate;
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

mod account;
mod carriers;
mod cautions;
mod columns;
mod doubts;
mod families;
mod layouts;
mod notes;
mod tables;
mod varieties;

fn read_with(bytes: &[u8], mapping: &Mapping, currency: Option<&str>) -> CarrierDeck {
    let limits = DeckLimits::default();
    let options = Options { limits: &limits, mapping, currency, today: NaiveDate::from_ymd_opt(2026, 12, 1) };
    let deck = read_carrier_deck(bytes, &options);
    let counts = deck.counts;
    if deck.questions.is_empty() && deck.errors == 0 {
        let sum = counts.read
            + counts.set_aside
            + counts.problem
            + counts.preamble
            + counts.headings
            + counts.footer
            + counts.empty;
        assert_eq!(sum, counts.rows, "each row is counted once: {counts:?}");
    }
    deck
}

fn read(bytes: &[u8]) -> CarrierDeck {
    read_with(bytes, &Mapping::default(), None)
}

/// Reads a deck, and gives one answer to its only question.
fn answered(bytes: &[u8], mut mapping: Mapping, code: &str, answer: usize) -> (CarrierDeck, Mapping) {
    let asked = read_with(bytes, &mapping, None);
    let codes: Vec<&str> = asked.questions.iter().map(|question| question.code.as_ref()).collect();
    assert_eq!(codes, [code], "{:#?}", asked.problems);
    assert!(asked.rates.is_empty());
    mapping = mapping.merged(asked.questions[0].answers[answer].mapping.clone());
    // a mapping does not change when it is stored and read again
    let json = serde_json::to_string(&mapping).unwrap();
    assert_eq!(serde_json::from_str::<Mapping>(&json).unwrap(), mapping);
    (read_with(bytes, &mapping, None), mapping)
}

/// The rates as `code price fee first/next`.
fn rates(deck: &CarrierDeck) -> Vec<String> {
    assert!(deck.questions.is_empty(), "{:#?}", deck.questions);
    let shown = |entry: &Entry| match entry {
        Entry::Price(rate) => format!(
            "{} {} {} {}/{}",
            rate.prefix, rate.price_per_minute, rate.connection_fee, rate.initial_increment, rate.increment
        ),
        Entry::Removed(prefix) => format!("{prefix} removed"),
        Entry::Blocked(prefix) => format!("{prefix} blocked"),
    };
    deck.rates.iter().map(|rate| shown(&rate.entry)).collect()
}

fn clean(deck: &CarrierDeck) -> Vec<String> {
    let errors: Vec<_> = deck.problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    rates(deck)
}

fn names(deck: &CarrierDeck) -> Vec<&str> {
    let mut names = Vec::new();
    for rate in &deck.rates {
        if let Entry::Price(rate) = &rate.entry {
            names.push(rate.destination.as_str());
        }
    }
    names
}

fn errors(deck: &CarrierDeck) -> Vec<(u64, &str)> {
    let errors = deck.problems.iter().filter(|problem| problem.severity == Severity::Error);
    errors.map(|problem| (problem.line, problem.code.as_ref())).collect()
}

fn warned(deck: &CarrierDeck) -> Vec<(u64, &str)> {
    let warnings = deck.problems.iter().filter(|problem| problem.severity == Severity::Warning);
    warnings.map(|problem| (problem.line, problem.code.as_ref())).collect()
}

fn day(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)
}

// ---- decks that are structured like real ones

#[test]
fn quoted_lists_and_rows_by_origin() {
    let deck = read(include_bytes!("../data/decks/a-to-z-quoted-lists.csv"));
    let expected = [
        "351 0.0235 0 60/60",
        "3512 0.0235 0 60/60",
        "3519 0.198 0 60/60",
        "35191 0.198 0 60/60",
        "35196 0.198 0 60/60",
    ];
    assert_eq!(clean(&deck), expected);
    assert_eq!(deck.set_aside.get("BY_ORIGIN"), Some(&1));
    let said = deck.detected.iter().any(|guess| guess.item == "increments" && guess.value == "60/60");
    assert!(said, "{:#?}", deck.detected);
}

#[test]
fn fees_per_call_and_local_rows() {
    let deck = read(include_bytes!("../data/decks/global-origin-exact.csv"));
    assert_eq!(clean(&deck), ["54 0.0185 0 60/60", "549 0.141 0 60/60"]);
    assert_eq!(deck.set_aside.get("BY_ORIGIN"), Some(&1));
    let file = "Prefix,Name,Rate,Price Per Call,Exact Match\n35262,Luxembourg,0.039,0.001,\n3526212345,Luxembourg,0.01,0,yes\n";
    let deck = read(file.as_bytes());
    assert_eq!(clean(&deck), ["35262 0.039 0.001 60/60"]);
    assert_eq!(deck.set_aside.get("EXACT_MATCH"), Some(&1));
}

#[test]
fn a_notice_with_preamble_and_footer() {
    let file = include_bytes!("../data/decks/small-carrier-notice.csv");
    // only with the day first are all dates near the day of the import
    let deck = read(file);
    let expected = [
        "24492 0.088 0 60/1",
        "24493 0.088 0 60/1",
        "244940 0.088 0 60/1",
        "244941 0.088 0 60/1",
        "244942 0.088 0 60/1",
        "244943 0.088 0 60/1",
        "244944 0.088 0 60/1",
        "244945 0.088 0 60/1",
        "244946 0.088 0 60/1",
        "244947 0.088 0 60/1",
        "244948 0.088 0 60/1",
        "244949 0.088 0 60/1",
        "2442 0.061 0 1/1",
        "2389 removed",
        "2385 removed",
    ];
    assert_eq!(clean(&deck), expected);
    assert_eq!(names(&deck)[0], "Angola - Mobile - Unitel");
    assert_eq!(deck.rates[0].effective, day(2026, 12, 9));
    assert_eq!(deck.rates[14].effective, day(2026, 12, 10));
    assert_eq!((deck.counts.preamble, deck.counts.footer, deck.counts.read), (6, 1, 3));
    assert_eq!(deck.currency.as_deref(), Some("EUR"));
    let (on, gone) = deck.on(day(2026, 12, 5));
    assert_eq!((on.len(), gone.len()), (1, 0));
    let (on, gone) = deck.on(day(2026, 12, 10));
    assert_eq!((on.len(), gone.into_iter().collect::<Vec<_>>().join(" ")), (13, "2385 2389".to_owned()));
    let refused = read_with(file, &Mapping::default(), Some("USD"));
    assert_eq!(errors(&refused), [(4, "CURRENCY_MISMATCH")]);
    assert!(refused.rates.is_empty());
}

#[test]
fn decimal_commas_and_country_codes_in_a_column() {
    let file = include_bytes!("../data/decks/semicolon-decimal-comma.csv");
    let (deck, _) = answered(file, Mapping::default(), "DATE_ORDER", 0);
    let expected = [
        "346 0.012 0 60/60",
        "347 0.012 0 60/60",
        "348 0.0065 0 1/1",
        "349 0.0065 0 1/1",
        "511 0.0041 0 30/6",
    ];
    assert_eq!(clean(&deck), expected);
    assert_eq!(names(&deck)[0], "España Móvil");
    assert_eq!(deck.rates[4].effective, day(2027, 4, 12));
    // the old price shows that the deck groups thousands
    let mapping = Mapping {
        date_order: Some(DateOrder::Dmy),
        columns: [("price".to_owned(), Some(ColumnRef::Name("current rate".to_owned())))].into(),
        ..Mapping::default()
    };
    assert_eq!(clean(&read_with(file, &mapping, None))[4], "511 1004.5 0 30/6");
}

#[test]
fn three_prices_of_jurisdictions() {
    let file = include_bytes!("../data/decks/jurisdiction-npanxx.csv");
    let (deck, _) = answered(file, Mapping::default(), "PRICE_COLUMN", 2);
    assert_eq!(clean(&deck), ["1212555 0.009 0 6/6", "1305777 0.009 0 6/6", "1907222 0.053 0 60/60"]);
    assert_eq!(deck.rates[2].effective, day(2027, 1, 15));
    assert_eq!(deck.rates[0].effective, day(2026, 12, 1));
    let mapped: Mapping = serde_json::from_str(r#"{"columns": {"price": "ijrate"}}"#).unwrap();
    assert_eq!(read_with(file, &mapped, None).rates, deck.rates);
}

#[test]
fn no_header() {
    let deck = read(include_bytes!("../data/decks/no-header.csv"));
    assert_eq!(clean(&deck), ["4420 0.0029 0 1/1", "525 0.0101 0 60/60", "882 4.2 0 60/60"]);
    assert_eq!(names(&deck)[2], "International Networks; satellite");
    assert_eq!(warned(&deck), [(3, "PRICE_OUTLIER")]);
}

#[test]
fn peak_and_off_peak_with_first_prices() {
    let file = include_bytes!("../data/decks/peak-off-peak.csv");
    let deck = read(file);
    assert_eq!(rates(&deck).len(), 6);
    assert_eq!(errors(&deck), []);
    let Entry::Price(rate) = &deck.rates[5].entry else { panic!("a price") };
    let prices =
        |first: Option<Micros>, next: Micros| (first.map(|price| price.to_string()), next.to_string());
    assert_eq!(prices(rate.initial_price, rate.price_per_minute), (Some("0.148".into()), "0.141".into()));
    let band = &rate.band_prices["Nights and weekends"];
    assert_eq!(prices(band.initial_price, band.price_per_minute), (Some("0.119".into()), "0.112".into()));
    assert!(deck.columns.initial_price);
    assert_eq!(deck.set_aside.get("PERIOD_NOT_A_TIME"), Some(&1));
    let mapping = Mapping { first_price_as_fee: Some(true), ..Mapping::default() };
    let deck = read_with(file, &mapping, None);
    let expected = [
        "25882 0.235 0 60/60",
        "25884 0.235 0 60/60",
        "25885 0.235 0 60/60",
        "25886 0.235 0 60/60",
        "25887 0.235 0 60/60",
        "2582 0.141 0.0035 30/6",
    ];
    assert_eq!(clean(&deck), expected);
    let Entry::Price(rate) = &deck.rates[5].entry else { panic!("a price") };
    let band = &rate.band_prices["Nights and weekends"];
    assert_eq!(
        (band.price_per_minute.to_string(), band.connection_fee.unwrap().to_string()),
        ("0.112".into(), "0.0035".into())
    );
    let mapping =
        mapping.merged(serde_json::from_str(r#"{"bands": {"nights and weekends": "Night"}}"#).unwrap());
    let Entry::Price(rate) = &read_with(file, &mapping, None).rates[0].entry else { panic!("a price") };
    assert!(rate.band_prices.contains_key("Night"));
}

#[test]
fn a_brazilian_list_without_header() {
    let file = include_bytes!("../data/decks/brazil-no-header.csv");
    let (deck, _) = answered(file, Mapping::default(), "COLUMN_MEANING", 0);
    assert_eq!(clean(&deck), ["5511 0.045 0 30/6", "55119 0.189 0 30/6"]);
    assert_eq!(names(&deck)[0], "São Paulo");
    let Entry::Price(rate) = &deck.rates[0].entry else { panic!("a price") };
    assert_eq!(rate.free_seconds, 3);
    assert_eq!(deck.set_aside.get("NOT_ACTIVE"), Some(&1));
}

#[test]
fn peak_columns_in_latin_1() {
    let deck = read(include_bytes!("../data/decks/peak-comma-latin1.csv"));
    assert_eq!(clean(&deck)[..2], ["1 0.0424 0 60/60", "124253 0.1481 0 60/60"]);
    assert_eq!(deck.rates[0].effective, day(2026, 12, 1));
    let Entry::Price(rate) = &deck.rates[0].entry else { panic!("a price") };
    assert_eq!(rate.band_prices["off-peak"].price_per_minute.to_string(), "0.0296");
}

#[test]
fn one_row_for_each_destination() {
    let deck = read(include_bytes!("../data/decks/grouped-lists.csv"));
    assert_eq!(clean(&deck)[..2], ["800 0.3842 0 60/60", "808 0.3842 0 60/60"]);
    assert_eq!(deck.counts.read, 5);
}

// ---- twenty layouts of other carriers

/// How a layout is read: without a question, or after an answer.
enum How {
    Read,
    Asked(&'static str, usize),
}
use How::{Asked, Read};

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A workbook with sheets of rows; a cell that begins with `#` is a number, and one that begins with `@` is a date's day number.
fn workbook(sheets: &[(&str, &[&[&str]])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, text: &str| {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    };
    let ns = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let (mut list, mut links) = (String::new(), String::new());
    for (index, (name, rows)) in sheets.iter().enumerate() {
        let id = index + 1;
        list.push_str(&format!(r#"<sheet name="{name}" sheetId="{id}" r:id="rId{id}"/>"#));
        links.push_str(&format!(
            r#"<Relationship Id="rId{id}" Type="{rel}/worksheet" Target="worksheets/sheet{id}.xml"/>"#
        ));
        let mut data = String::new();
        for (row, cells) in rows.iter().enumerate() {
            data.push_str(&format!(r#"<row r="{}">"#, row + 1));
            for (column, cell) in cells.iter().enumerate() {
                let at = format!("{}{}", char::from(b'A' + u8::try_from(column).unwrap()), row + 1);
                data.push_str(&match (cell.strip_prefix('#'), cell.strip_prefix('@')) {
                    (Some(number), _) => format!(r#"<c r="{at}"><v>{number}</v></c>"#),
                    (_, Some(serial)) => format!(r#"<c r="{at}" s="1"><v>{serial}</v></c>"#),
                    _ => format!(r#"<c r="{at}" t="inlineStr"><is><t>{cell}</t></is></c>"#),
                });
            }
            data.push_str("</row>");
        }
        add(
            &format!("xl/worksheets/sheet{id}.xml"),
            &format!(r#"<worksheet xmlns="{ns}"><sheetData>{data}</sheetData></worksheet>"#),
        );
    }
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    links.push_str(&format!(r#"<Relationship Id="rId99" Type="{rel}/styles" Target="styles.xml"/>"#));
    add(
        "_rels/.rels",
        &format!(
            r#"<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        ),
    );
    add(
        "xl/workbook.xml",
        &format!(r#"<workbook xmlns="{ns}" xmlns:r="{rel}"><sheets>{list}</sheets></workbook>"#),
    );
    add(
        "xl/_rels/workbook.xml.rels",
        &format!(r#"<Relationships xmlns="{package}">{links}</Relationships>"#),
    );
    add(
        "xl/styles.xml",
        &format!(
            r#"<styleSheet xmlns="{ns}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
        ),
    );
    archive.finish().unwrap().into_inner()
}

#[test]
fn layouts_of_many_carriers() {
    let book = workbook(&[
        ("Cover", &[&["Wholesale rates"], &["Valid until revoked"]]),
        (
            "Rates",
            &[
                &["Rate amendment"],
                &["Destination", "Dial Code", "Rate USD/min", "Effective Date", "Increment"],
                &["Kenya", "#254", "#0.1015", "@46371", "1/1"],
                &["Kenya Mobile", "#2547", "#0.12915000000000001", "@46371", "60/60"],
            ],
        ),
    ]);
    let layouts: Vec<(&str, Vec<u8>, How, &[&str])> = vec![
        (
            "wholesale A-Z in English with named months",
            b"Destination,Code,Rate (USD/min),Effective Date,Billing Increment\nFrance,33,0.0120,15-Dec-2026,1/1\nFrance Mobile,\"336,337\",0.0450,15-Dec-2026,60/60\n".to_vec(),
            Read,
            &["33 0.012 0 1/1", "336 0.045 0 60/60", "337 0.045 0 60/60"],
        ),
        (
            "Spanish with tabs",
            "Destino\tPrefijo\tTarifa\tVigencia\tIncremento\nPerú Lima\t511\t0,0089\t25/12/2026\t1/1\nPerú móvil\t519\t0,0310\t01/01/2027\t60/1\n".into(),
            Read,
            &["511 0.0089 0 1/1", "519 0.031 0 60/1"],
        ),
        (
            "Brazilian operators",
            "País;Operadora;Código;Preço por minuto;Cadência;Situação\nAngola;Unitel;24492;R$ 0,8800;30/6;Aumento\nAngola;Movicel;24491;R$ 0,7000;30/6;Bloqueado\n".into(),
            Read,
            &["24492 0.88 0 30/6", "24491 blocked"],
        ),
        (
            "French in Latin-1",
            latin("Pays;Indicatif;Prix par minute (EUR);Date d'effet\nSénégal;221;0,1890;31/12/2026\nSénégal mobile;22177;0,2450;31/12/2026\n"),
            Read,
            &["221 0.189 0 60/60", "22177 0.245 0 60/60"],
        ),
        (
            "German with points in dates",
            latin("Preisliste Großhandel;;;;\nLand;Vorwahl;Preis pro Minute;Takt;Gültig ab\nÖsterreich;0043;0,0150;60/60;01.12.2026\nÖsterreich Mobil;0043664;0,0420;1/1;01.12.2026\n"),
            Read,
            &["43 0.015 0 60/60", "43664 0.042 0 1/1"],
        ),
        (
            "Italian with a fee for each call",
            "Paese;Prefisso;Tariffa al minuto;Scatto alla risposta;Decorrenza\nGrecia;30;0,0210;0,0500;13/12/2026\nGrecia mobile;3069;0,0610;0,0500;13/12/2026\n".into(),
            Read,
            &["30 0.021 0.05 60/60", "3069 0.061 0.05 60/60"],
        ),
        (
            "North American exchanges with two prices",
            b"NPA,NXX,Interstate,Intrastate\n212,555,0.0042,0.0061\n305,777,0.0038,0.0050\n".to_vec(),
            Asked("PRICE_COLUMN", 0),
            &["1212555 0.0042 0 60/60", "1305777 0.0038 0 60/60"],
        ),
        (
            "North American exchanges in one column",
            b"NPANXX,LATA,State,Rate\n212555,132,NY,0.0042\n305777,460,FL,0.0038\n".to_vec(),
            Read,
            &["1212555 0.0042 0 60/60", "1305777 0.0038 0 60/60"],
        ),
        (
            "country and area codes",
            b"Country,Country Code,Area Code,Rate per Minute,Min Duration,Next Interval\nSpain,34,\"6, 7\",0.0120,30,6\nSpain,34,,0.0065,1,1\n".to_vec(),
            Read,
            &["346 0.012 0 30/6", "347 0.012 0 30/6", "34 0.0065 0 1/1"],
        ),
        (
            "prices of a second",
            b"Destination|Prefix|Rate per second\nItaly|39|0.0002\nItaly Mobile|393|0.0005\n".to_vec(),
            Read,
            &["39 0.012 0 60/60", "393 0.03 0 60/60"],
        ),
        (
            "prices in cents",
            b"Destination,Dial Code,US cents/min,Interval\nIndia,91,0.85,1/1\nIndia Mobile,919,1.10,1/1\n".to_vec(),
            Read,
            &["91 0.0085 0 1/1", "919 0.011 0 1/1"],
        ),
        ("a workbook with a cover", book, Read, &["254 0.1015 0 1/1", "2547 0.12915 0 60/60"]),
        (
            "day numbers of a spreadsheet",
            b"Code,Name,New Rate,Old Rate,Effective From,Change\n90,Turkey,0.021,0.019,46371,Increase\n905,Turkey Mobile,0.18,0.2,46371,Decrease\n".to_vec(),
            Read,
            &["90 0.021 0 60/60", "905 0.18 0 60/60"],
        ),
        (
            "no header, increments in a cell, gzip",
            gzip("Egypt,20,0.0980,60/60\nEgypt Mobile,\"2010,2011,2012\",0.1170,60/60\n"),
            Read,
            &["20 0.098 0 60/60", "2010 0.117 0 60/60", "2011 0.117 0 60/60", "2012 0.117 0 60/60"],
        ),
        (
            "a header of two lines",
            b"Retail list,,,\nCountry,Prefix,Peak,Off-Peak\n,,Rate,Rate\nJapan,81,0.050,0.0400\nJapan Mobile,8190,0.1500,0.1200\n".to_vec(),
            Read,
            &["81 0.05 0 60/60", "8190 0.15 0 60/60"],
        ),
        (
            "UTF-16",
            utf16("\u{feff}Destination\tCode\tPrice\tInitial Interval\tSubsequent Interval\nМосква\t7495\t0.0180\t1\t1\nРоссия\t7\t0.0210\t60\t60\n"),
            Read,
            &["7495 0.018 0 1/1", "7 0.021 0 60/60"],
        ),
        (
            "dates in doubt",
            b"Destination,Code,Rate,Effective\nChina,86,0.0110,03/04/2027\nChina Mobile,8613,0.0120,03/04/2027\n".to_vec(),
            Asked("DATE_ORDER", 1),
            &["86 0.011 0 60/60", "8613 0.012 0 60/60"],
        ),
        (
            "hyphens in doubt",
            b"Destination,Code,Rate\nSpain,34-91,0.1100\nFrance,33-40,0.1900\nHaiti,509,0.21\n".to_vec(),
            Asked("CODE_HYPHEN", 0),
            &["3491 0.11 0 60/60", "3340 0.19 0 60/60", "509 0.21 0 60/60"],
        ),
        (
            "statuses, fees and minimums",
            b"Destination;Code;Setup Fee;Rate;Minimum Charge;Rounding;Status\nCuba;53;0.10;0.7500;0.05;60;New\nCuba Mobile;535;0.10;0.8000;0.05;60;Deleted\nHaiti;509;0;0.2100;0;1;No change\n".to_vec(),
            Read,
            &["53 0.75 0.1 60/60", "535 removed", "509 0.21 0 1/1"],
        ),
        (
            "rows for parts of the week",
            b"Code,Destination,Time Period,Rate\n61,Australia,Peak,0.0300\n61,Australia,Off-Peak,0.0200\n614,Australia Mobile,Peak,0.0900\n614,Australia Mobile,Off-Peak,0.0700\n".to_vec(),
            Read,
            &["61 0.03 0 60/60", "614 0.09 0 60/60"],
        ),
        (
            "area codes of Brazil",
            "DDD;Localidade;Valor (R$/min)\n11;São Paulo;0,0450\n21;Rio de Janeiro;0,0470\n".into(),
            Read,
            &["5511 0.045 0 60/60", "5521 0.047 0 60/60"],
        ),
        (
            "a currency and unit for each row, lists with line breaks",
            b"Country;Breakout;Dial Codes;Currency;Unit;Price\nGhana;Mobile;\"23324\n23354\";USD;minute;0.2100\nGhana;Fixed;23330;USD;minute;0.1900\n".to_vec(),
            Read,
            &["23324 0.21 0 60/60", "23354 0.21 0 60/60", "23330 0.19 0 60/60"],
        ),
    ];
    let mut without = 0;
    let total = layouts.len();
    for (name, file, how, expected) in layouts {
        let deck = match how {
            Read => {
                without += 1;
                read(&file)
            }
            Asked(code, answer) => answered(&file, Mapping::default(), code, answer).0,
        };
        assert_eq!(clean(&deck), expected, "{name}: {:#?}", deck.detected);
    }
    assert!(total >= 20 && without * 5 >= total * 4, "{without} of {total} are read without a question");
}

// ---- doubts and errors

fn codes_in(cell: &str) -> CarrierDeck {
    read(format!("Code,Name,Rate\n\"{cell}\",Somewhere,0.05\n351,Portugal,0.02\n").as_bytes())
}

#[test]
fn codes_are_expanded_by_rules_or_are_errors() {
    for (cell, expected) in [
        ("35191-35196", vec!["35191", "35192", "35193", "35194", "35195", "35196"]),
        ("+351 21", vec!["35121"]),
        ("01144", vec!["44"]),
        ("0044 20", vec!["4420"]),
        ("+351 21, 22", vec!["35121", "35122"]),
        ("+244 2, 24493", vec!["2442", "24493"]),
        ("+7 6, 7", vec!["76", "77"]),
        ("0043-660,699", vec!["43660", "43699"]),
        ("00381-60-62,68", vec!["38160", "38161", "38162", "38168"]),
        ("63 (81, 9)", vec!["6381", "639"]),
        ("881-6/881-7", vec!["8816", "8817"]),
        ("'44", vec!["44"]),
        ("44*", vec!["44"]),
        ("4420 - 4422", vec!["4420", "4421", "4422"]),
        ("351-21", vec!["35121"]),
        ("1-242", vec!["1242"]),
        ("55-11", vec!["5511"]),
        ("1-876-3", vec!["18763"]),
        ("1 (242)", vec!["1242"]),
        ("+1 (876) 3", vec!["18763"]),
        ("351 21", vec!["35121"]),
        ("35191 35192", vec!["35191", "35192"]),
        ("35191 & 35192", vec!["35191", "35192"]),
        ("4420 to 4422", vec!["4420", "4421", "4422"]),
        ("35191/35192/35193", vec!["35191", "35192", "35193"]),
        ("5511XX", vec!["5511"]),
    ] {
        let deck = codes_in(cell);
        let found: Vec<&str> =
            deck.rates.iter().filter(|rate| rate.line == 2).map(|rate| rate.prefix()).collect();
        assert_eq!(found, expected, "{cell}: {:?} {:?}", deck.problems, deck.questions);
    }
    for (cell, code) in [
        ("351.0", "CODE_BROKEN"),
        ("1.23E+10", "CODE_BROKEN"),
        ("54a", "PREFIX_INVALID"),
        ("12345678901234567", "PREFIX_TOO_LONG"),
        ("044", "PREFIX_INVALID"),
        ("+351 21, 3512", "CODE_AMBIGUOUS"),
        ("+7 727, 7172", "CODE_AMBIGUOUS"),
    ] {
        assert_eq!(errors(&codes_in(cell)), [(2, code)], "{cell}");
    }
    for (cell, code) in
        [("34-91", "CODE_HYPHEN"), ("351 352", "CODE_SPACE"), ("1 201-203", "CODE_SPACE"), ("", "CODE_EMPTY")]
    {
        let deck = codes_in(cell);
        assert_eq!(
            deck.questions.iter().map(|question| question.code.as_ref()).collect::<Vec<_>>(),
            [code],
            "{cell}"
        );
    }
    let mapping: Mapping = serde_json::from_str(r#"{"code_space": "joint"}"#).unwrap();
    let deck = read_with(
        b"Code,Name,Rate\n\"351 21, 22\",Portugal,0.05\n1 201-203,New Jersey,0.01\n",
        &mapping,
        None,
    );
    let found: Vec<&str> = deck.rates.iter().map(|rate| rate.prefix()).collect();
    assert_eq!(found, ["35121", "35122", "1201", "1202", "1203"]);
}

#[test]
fn trunk_zeros_are_asked_and_kept_where_they_are_dialed() {
    let file = b"Country,Country Code,Area Code,Rate\nUnited Kingdom,44,020,0.01\nItaly,39,06,0.02\n";
    let (deck, _) = answered(file, Mapping::default(), "TRUNK_ZERO", 0);
    assert_eq!(clean(&deck), ["4420 0.01 0 60/60", "3906 0.02 0 60/60"]);
}

#[test]
fn numbers_are_read_by_whole_columns() {
    let asked = read(b"Code;Name;Rate\n44;United Kingdom;1,250\n33;France;2,125\n");
    assert_eq!(asked.questions[0].code, "DECIMAL_MARK");
    assert_eq!(asked.questions[0].example, "1,250");
    let decided = read(b"Code;Name;Rate\n44;United Kingdom;1,250\n33;France;0,125\n");
    assert_eq!(clean(&decided), ["44 1.25 0 60/60", "33 0.125 0 60/60"]);
    // nothing shows that the deck groups thousands
    let doubtful = read(b"Code;Name;Rate\n44;United Kingdom;1,250\n33;France;0.12\n34;Spain;0.1\n");
    assert_eq!(errors(&doubtful), [(2, "NUMBER_DOUBTFUL")]);
    for (cell, code) in [
        ("1e2", "NOT_A_NUMBER"),
        ("ten", "NOT_A_NUMBER"),
        ("-0.1", "PRICE_NEGATIVE"),
        ("5%", "NOT_A_NUMBER"),
        ("99999999.5", "PRICE_TOO_HIGH"),
    ] {
        let deck = read(format!("Code;Name;Rate\n44;United Kingdom;{cell}\n33;France;0.12\n").as_bytes());
        assert_eq!(errors(&deck), [(2, code)], "{cell}");
        assert_eq!(deck.problems[0].column.as_deref(), Some("Rate"));
        assert!(deck.problems[0].remedy.is_some());
    }
    let (deck, _) =
        answered(b"Code,Name,Rate\n44,United Kingdom,0.00123456\n", Mapping::default(), "PRICE_DECIMALS", 0);
    assert_eq!(clean(&deck), ["44 0.001235 0 60/60"]);
}

#[test]
fn amounts_of_unknown_meaning_are_asked() {
    let file = b"Code,Name,Rate,Surtax\n44,United Kingdom,0.0120,0.0100\n33,France,0.0130,0.0100\n";
    let (deck, _) = answered(file, Mapping::default(), "COLUMN_UNKNOWN", 0);
    assert_eq!(clean(&deck), ["44 0.012 0 60/60", "33 0.013 0 60/60"]);
    let asked = read(b"Code,Name,Rate,Price\n44,United Kingdom,0.0120,0.0100\n");
    assert_eq!(asked.questions[0].code, "PRICE_COLUMN");
}

#[test]
fn very_low_prices_without_a_unit_are_asked() {
    let file = b"Code,Name,Price\n44,United Kingdom,0.0001\n33,France,0.00015\n";
    let (deck, mapping) = answered(file, Mapping::default(), "PRICE_UNIT", 1);
    assert_eq!(mapping.price_unit, Some(PriceUnit::Second));
    assert_eq!(clean(&deck), ["44 0.006 0 60/60", "33 0.009 0 60/60"]);
}

#[test]
fn increments_in_a_cell() {
    let file = |cell: &str| format!("Code,Name,Rate,Increment\n44,United Kingdom,0.05,{cell}\n").into_bytes();
    for (cell, expected) in [
        ("30/6/3", "30/6"),
        ("3/30/6", "30/6"),
        ("1-1", "1/1"),
        ("60 / 1", "60/1"),
        ("60", "60/60"),
        ("60+60", "60/60"),
        ("60s/6s", "60/6"),
    ] {
        assert_eq!(clean(&read(&file(cell))), [format!("44 0.05 0 {expected}")], "{cell}");
    }
    for cell in ["1/60", "60/60/60", "30/6/6", "1/1/1"] {
        assert_eq!(read(&file(cell)).questions[0].code, "INCREMENT_ORDER", "{cell}");
    }
    for cell in ["0/0", "99999/60", "1/2/3/4"] {
        assert_eq!(errors(&read(&file(cell))).len(), 1, "{cell}");
    }
    let asked = read(&file("fast"));
    assert_eq!(asked.questions[0].code, "INCREMENT_TEXT");
    let deck = read_with(&file("fast"), &asked.questions[0].answers[1].mapping, None);
    assert_eq!(clean(&deck), ["44 0.05 0 60/60"]);
}

#[test]
fn duplicates_and_dates() {
    let deck = read(b"Code,Name,Rate,Effective\n44,United Kingdom,0.05,2026-12-01\n44,United Kingdom,0.06,2027-01-01\n44,United Kingdom,0.07,2027-01-01\n");
    let asked = deck.questions.iter().map(|question| (question.line, question.code.as_ref()));
    assert_eq!((asked.collect::<Vec<_>>(), errors(&deck)), (vec![(4, "DUPLICATES")], vec![]));
    let old = read(b"Code,Name,Rate,Effective\n44,United Kingdom,0.05,2026-01-15\n");
    assert_eq!(warned(&old), [(0, "DECK_OLD")]);
    let falls =
        read(b"Code,Name,Rate,Effective\n44,United Kingdom,0.05,2026-12-01\n447,Mobile,0.2,2027-01-01\n");
    assert_eq!(warned(&falls), [(3, "CHEAPER_UNTIL_DATE")]);
    let rows = read_with(
        b"Code,Name,Rate,Product\n44,United Kingdom,0.05,Gold\n44,United Kingdom,0.04,Silver\n",
        &serde_json::from_str(r#"{"only": {"product": ["gold"]}}"#).unwrap(),
        None,
    );
    assert_eq!(clean(&rows), ["44 0.05 0 60/60"]);
    assert_eq!(rows.set_aside.get("NOT_SELECTED"), Some(&1));
}

#[test]
fn mappings_are_checked() {
    for (json, code) in [
        (r#"{"columns": {"prise": "Rate"}}"#, "MAPPING_INVALID"),
        (r#"{"columns": {"price": "Kosten"}}"#, "MAPPING_COLUMN_MISSING"),
        (r#"{"columns": {"price": 9}}"#, "MAPPING_COLUMN_MISSING"),
        (r#"{"encoding": "klingon"}"#, "ENCODING_UNKNOWN"),
        (r#"{"increment": 0}"#, "MAPPING_INVALID"),
        (r#"{"harmless": ["a\u0000b"]}"#, "MAPPING_INVALID"),
        (r#"{"columns": {"price": "Rate\u0000"}}"#, "MAPPING_INVALID"),
        (r#"{"columns": {"price": ["Rate", "\u0000"]}}"#, "MAPPING_INVALID"),
        (r#"{"bands": {"night": "\u0000"}}"#, "MAPPING_INVALID"),
        (r#"{"delimiter": "\u0000"}"#, "MAPPING_INVALID"),
        (r#"{"code_prefix": "+55"}"#, "MAPPING_INVALID"),
    ] {
        let mapping: Mapping = serde_json::from_str(json).unwrap();
        let deck = read_with(b"Code,Name,Rate\n44,United Kingdom,0.05\n", &mapping, None);
        assert_eq!(errors(&deck), [(0, code)], "{json}");
    }
    assert!(serde_json::from_str::<Mapping>(r#"{"colums": {}}"#).is_err());
}

#[test]
fn hostile_files_are_refused() {
    let small = DeckLimits { max_bytes: 100_000, max_rows: 100, max_problems: 10 };
    let mapping = Mapping::default();
    let options = Options { limits: &small, mapping: &mapping, currency: None, today: None };
    let code = |bytes: &[u8]| {
        let deck = read_carrier_deck(bytes, &options);
        deck.problems.first().map(|problem| problem.code.clone().into_owned()).unwrap_or_default()
    };
    let rows = "Code,Name,Rate\n".to_owned() + &"44,United Kingdom,0.05\n".repeat(1_000);
    assert_eq!(code(rows.as_bytes()), "TOO_MANY_ROWS");
    assert_eq!(code(&[b'a'; 100_001]), "FILE_TOO_LARGE");
    assert_eq!(code(&gzip(&"a".repeat(1_000_000))), "FILE_TOO_LARGE");
    assert_eq!(code(b"\x1f\x8b\x08broken"), "GZIP_INVALID");
    assert_eq!(code(b"PK\x03\x04broken"), "XLSX_INVALID");
    assert_eq!(code(b"\xd0\xcf\x11\xe0old"), "FORMAT_UNSUPPORTED");
    assert_eq!(code(",".repeat(1_000).as_bytes()), "TOO_MANY_COLUMNS");
    assert_eq!(code(",".repeat(99_999).as_bytes()), "TOO_MANY_COLUMNS");
    assert_eq!(code(b"Code,Name,Rate\n44,\"United Kingdom,0.05\n"), "QUOTE_OPEN");
    assert_eq!(code(b""), "RATES_MISSING");
    assert_eq!(code(b"Code,Name,Rate\n"), "RATES_MISSING");
    let blank: &[&[&str]] = &[&["Code", "Rate", "Name"]];
    assert_eq!(code(&workbook(&[("One", blank)])), "RATES_MISSING");
    let mut bomb = zip::ZipWriter::new(Cursor::new(Vec::new()));
    bomb.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
    bomb.write_all(&vec![b' '; 2_000_000]).unwrap();
    assert_eq!(code(&bomb.finish().unwrap().into_inner()), "FILE_TOO_LARGE");
    let range = read(b"Code,Name,Rate\n110000-199999,Everywhere,0.05\n");
    assert_eq!(errors(&range), [(2, "CODE_RANGE_INVALID")]);
}

#[test]
fn a_line_of_any_length_is_refused() {
    // a 1 GB file is refused because of its size; a file within the size limit is refused because of its long cell
    let long = format!("Code,Name,Rate\n44,{},0.05\n", "x".repeat(5_000_000));
    assert_eq!(errors(&read(long.as_bytes())), [(2, "CELL_TOO_LONG")]);
    let quoted = format!("Code,Name,Rate\n44,\"{}\",0.05\n", "x\n".repeat(2_500_000));
    assert_eq!(errors(&read(quoted.as_bytes())), [(2, "CELL_TOO_LONG")]);
}

#[test]
fn formulas_stay_text() {
    let deck = read(b"Code,Name,Rate\n44,\"=HYPERLINK(\"\"http://x\"\")\",0.05\n351,+Portugal,0.06\n");
    let (rates, _) = deck.on(None);
    let written = write_deck(&rates);
    assert!(written.contains("\n44,\"'=HYPERLINK(\"\"http://x\"\")\","), "{written}");
    assert!(written.contains("\n351,'+Portugal,"), "{written}");
}

#[test]
fn sheets_that_look_alike_are_asked() {
    let rows: &[&[&str]] = &[&["Code", "Name", "Rate"], &["#44", "United Kingdom", "#0.05"]];
    let other: &[&[&str]] = &[&["Code", "Name", "Rate"], &["#44", "United Kingdom", "#0.07"]];
    let (deck, _) =
        answered(&workbook(&[("Standard", rows), ("Premium", other)]), Mapping::default(), "SHEET", 1);
    assert_eq!(clean(&deck), ["44 0.07 0 60/60"]);
}

#[test]
fn columns_by_number_and_left_out() {
    let mapping = Mapping {
        columns: [
            ("prefix".to_owned(), Some(ColumnRef::Number(2))),
            ("price".to_owned(), Some(ColumnRef::Number(3))),
            ("destination".to_owned(), Some(ColumnRef::Number(1))),
        ]
        .into(),
        header_line: Some(0),
        ..Mapping::default()
    };
    let deck = read_with(b"Kuwait,965,1\nQatar,974,2\n", &mapping, None);
    assert_eq!(clean(&deck), ["965 1 0 60/60", "974 2 0 60/60"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[test]
    fn no_text_panics(cells in proptest::collection::vec("[0-9a-z.,;:/+\" -]{0,8}|Code|Rate|Effective|Increment|[A-Z][a-z]{2}", 0..60), width in 1usize..7, header in any::<bool>()) {
        let mut text = if header { "Code,Name,Rate,Effective,Increment,Status\n".to_owned() } else { String::new() };
        for row in cells.chunks(width) {
            text.push_str(&row.join(","));
            text.push('\n');
        }
        read(text.as_bytes());
    }
}
