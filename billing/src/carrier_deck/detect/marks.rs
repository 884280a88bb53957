//! Finds the decimal mark, the order of day and month, and the currency.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::super::cells::currencies;
use super::super::columns::CodeSource;
use super::super::dates::{DateOrder, Orders, dates_in};
use super::super::header::{Role, Words, is_effective, mentions_end, words};
use super::super::header_words::{END, NOTICE, PAYS, PRICE, RISES, STATUS};
use super::super::mapping::Mapping;
use super::super::numbers::{DecimalMark, Marks};
use super::super::table::Row;
use super::super::{Answer, CarrierDeck, Confidence, Detected, MAX_COLUMNS, Options, Question, Refusal};
use super::{Plan, date_of};

/// If one order of day and month puts all dates within this many days of the import, and the other order puts a date more than [`FAR_DAYS`] away, the
/// first order is right.
const NEAR_DAYS: i64 = 60;
/// Currencies in which a minute usually costs hundreds or thousands of units.
const SMALL: &[&str] = &[
    "IDR", "VND", "COP", "KRW", "PYG", "UGX", "TZS", "LBP", "UZS", "GNF", "KHR", "MMK", "MNT", "MGA", "RWF",
];
/// Words of columns' names that are not English.
#[rustfmt::skip]
const FOREIGN: &[&str] = &[
    "le", "la", "les", "du", "des", "prix", "palier", "indicatif", "indicatifs", "pays", "vigueur", "reseau", "remarque", "tarif",
    "precio", "precios", "fecha", "desde", "vigencia", "destino", "destinos", "codigo", "codigos", "prefijo", "prefijos", "tarifa", "pais", "preco",
    "inicio", "valor", "moeda", "incremento", "prezzo", "prezzi", "decorrenza", "prefisso", "prefissi", "destinazione", "paese", "scatti", "preis",
    "gultig", "gultigkeit", "ab", "vorwahl", "ziel", "zielland", "takt", "prijs", "geldig", "bestemming", "cena", "datum", "kraj", "kierunek", "tarih",
    "fiyat", "ulke", "hinta", "maa", "pris", "giltig", "gjelder", "цена", "дата", "код", "направление", "тариф", "страна", "السعر", "الدولة",
];
/// See [`NEAR_DAYS`].
const FAR_DAYS: i64 = 120;

impl Plan<'_> {
    pub(super) fn find_marks(&mut self, options: &Options<'_>, deck: &mut CarrierDeck) {
        let mapping = options.mapping;
        let mut marks = Marks::default();
        let mut example = (0, String::new());
        for column in self.columns.money() {
            for row in self.rows() {
                let (before, cell) = (marks.either, row.get(column));
                marks.see(cell, row.kind(column));
                if marks.either > before && example.0 == 0 {
                    example = (row.line, cell.chars().take(40).collect());
                }
            }
        }
        // a price like 1.250 is 1250 units of a small currency; if only the mapping names the decimal mark, the other mark separates thousands
        let small = options.currency.is_some_and(|currency| SMALL.contains(&currency));
        self.groups = marks.grouped || mapping.decimal_mark.is_some() && marks.point + marks.comma == 0;
        let decided = marks.decide().or_else(|| {
            let comma = marks.all_points && small;
            let point = marks.all_commas && small;
            if comma { Some(DecimalMark::Comma) } else { point.then_some(DecimalMark::Point) }
        });
        self.groups |= small
            && match decided {
                Some(DecimalMark::Comma) => marks.all_points,
                Some(DecimalMark::Point) => marks.all_commas,
                None => false,
            };
        match (mapping.decimal_mark, decided) {
            (Some(mark), _) => {
                self.mark = mark;
                deck.detected.push(Detected::mapped("decimal_mark", format!("{mark:?}").to_lowercase()));
            }
            (None, Some(mark)) => {
                self.mark = mark;
                let reason = format!(
                    "Prices whose mark can only be a decimal point: {}. Prices whose mark can only be a decimal comma: {}.",
                    marks.point, marks.comma
                );
                let confidence =
                    if marks.point > 0 && marks.comma > 0 { Confidence::Medium } else { Confidence::High };
                deck.detected.push(Detected::new(
                    "decimal_mark",
                    format!("{mark:?}").to_lowercase(),
                    reason,
                    confidence,
                ));
            }
            (None, None) => {
                let answer = |text, mark| {
                    Answer::new(text, Mapping { decimal_mark: Some(mark), ..Mapping::default() })
                };
                deck.questions.push(Question {
                    code: "DECIMAL_MARK".into(),
                    text: "The prices do not show whether the decimal mark is a comma or a point. Choose the decimal mark.".to_owned(),
                    line: example.0,
                    example: example.1,
                    answers: vec![answer("point", DecimalMark::Point), answer("comma", DecimalMark::Comma)],
                });
            }
        }
    }

    pub(super) fn find_order(&mut self, options: &Options<'_>, deck: &mut CarrierDeck) {
        let mapping = options.mapping;
        let mut orders = Orders::default();
        let mut example = (0, String::new());
        let mut cells: Vec<String> = Vec::new();
        let columns: Vec<usize> = [Role::Effective, Role::Ends]
            .into_iter()
            .flat_map(|role| self.columns.all(role))
            .copied()
            .collect();
        for column in columns.iter().copied() {
            for row in self.rows() {
                let (before, cell) = (orders.either, row.get(column));
                orders.see(cell);
                if orders.either > before && cells.len() < MAX_COLUMNS {
                    cells.push(cell.to_owned());
                }
                if orders.either > before && example.0 == 0 {
                    example = (row.line, cell.chars().take(40).collect());
                }
            }
        }
        if let (true, Some((line, date))) = (self.lacks_dates(), self.said_date()) {
            orders.see(&date);
            if example.0 == 0 {
                example = (line, date.clone());
            }
            cells.push(date);
        }
        if orders.either > 0 && orders.dmy + orders.mdy == 0 {
            // the dates above the header are written like those below it
            self.preamble().flat_map(Row::cells).for_each(|cell| orders.see(cell));
        }
        let hint =
            self.order_hint(&columns).map(|order| (order, "The file names the order of day and month."));
        let near = || {
            let order = nearest(&cells, options.today?)?;
            Some((order, "Only in this order are all dates near the day of the import."))
        };
        let seen = (orders.dmy + orders.mdy > 0)
            .then(|| orders.decide().map(|order| (order, "A date has a day over 12.")))
            .flatten();
        let found = match (mapping.date_order, seen) {
            (Some(order), _) => Some((order, "The mapping says so.")),
            (None, Some(found)) => Some(found),
            (None, None) if orders.either == 0 => Some((DateOrder::Dmy, "")),
            (None, None) if orders.dmy + orders.mdy == 0 => {
                hint.or_else(|| agreed(self.foreign_order(), near()))
            }
            (None, None) => None,
        };
        match found {
            Some((order, reason)) => {
                self.order = order;
                if !reason.is_empty() {
                    let confidence =
                        if mapping.date_order.is_some() { Confidence::Certain } else { Confidence::High };
                    let name = format!("{order:?}").to_lowercase();
                    deck.detected.push(Detected::new("date_order", name, reason, confidence));
                }
            }
            None => deck.questions.push(order_question(example)),
        }
    }

    /// Only English texts put the month first, so the day comes first in a deck whose columns have names in another language.
    fn foreign_order(&self) -> Option<(DateOrder, &'static str)> {
        const FEWEST: usize = 2;
        let found: BTreeSet<String> = self
            .names
            .iter()
            .flat_map(|name| words(name))
            .filter(|word| FOREIGN.contains(&word.as_str()))
            .collect();
        let reason = "The names of the columns are in a language in which the day comes first.";
        (found.len() >= FEWEST).then_some((DateOrder::Dmy, reason))
    }

    /// The order of day and month, such as "DD/MM/YYYY", as given in the name of a date column or in a line above the header.
    fn order_hint(&self, columns: &[usize]) -> Option<DateOrder> {
        let names = columns.iter().filter_map(|column| self.names.get(*column)).map(String::as_str);
        let hint = |text: &str| {
            let words = Words(words(text));
            let first = |days: &[&str]| {
                words
                    .0
                    .windows(2)
                    .any(|pair| days.contains(&pair[0].as_str()) && matches!(pair[1].as_str(), "mm" | "mmm"))
            };
            match () {
                () if first(&["dd", "jj", "tt", "gg"]) => Some(DateOrder::Dmy),
                () if words.phrase(&["mm", "dd"]) => Some(DateOrder::Mdy),
                () => None,
            }
        };
        names.chain(self.preamble().flat_map(Row::cells)).find_map(hint)
    }

    /// The line and the text of the date from which all prices apply, according to a line above or below the rates.
    fn said_date(&self) -> Option<(u64, String)> {
        // a title between the rates applies only to the rates below it
        let first = self.table.row(self.start).map_or(0, |row| row.line);
        let last = self.last_rate();
        let dated =
            |note: &super::notes::Note| self.change_dates.iter().any(|sentence| sentence.text == note.text);
        let outside = |note: &super::notes::Note| {
            (note.line < first || note.line > last) && !dated(note) && !self.is_marked(&note.text)
        };
        self.notes()
            .into_iter()
            .filter(outside)
            .find_map(|note| said_date(&note.text).map(|date| (note.line, date)))
    }

    /// The line of the last row with a code and a price.
    pub(super) fn last_rate(&self) -> u64 {
        let has_digit = |cell: &str| cell.contains(|letter: char| letter.is_ascii_digit());
        let code = match self.columns.code {
            CodeSource::Full(code) | CodeSource::Parts(code, _) => code,
        };
        let is_rate = |row: &Row<'_>| has_digit(row.get(code)) && has_digit(row.get(self.columns.price));
        (self.start..self.table.len())
            .rev()
            .filter_map(|index| self.table.row(index))
            .find(is_rate)
            .map_or(0, |row| row.line)
    }

    /// The only future date in the lines outside the rates; `None` if the line of the date may mean something else, such as the last day of the
    /// prices. A date in the future cannot be the day of the notice.
    fn only_date(&self, today: Option<NaiveDate>) -> Option<String> {
        let today = today?;
        let notes = self.notes();
        let mut found: Vec<(NaiveDate, String)> = Vec::new();
        for note in &notes {
            let words = Words(words(&note.text));
            let dates = dates_in(&note.text);
            let later = |date: &String| date_of(date, self.order).ok().flatten().filter(|day| *day > today);
            let other = words.any(END)
                || words.any(NOTICE)
                || words.any(STATUS)
                || words.any(RISES)
                || mentions_end(&note.text)
                || dates.len() > 1;
            if is_payment_day(&note.text) {
                continue;
            }
            if other && dates.iter().any(|date| later(date).is_some()) {
                return None;
            }
            found.extend(dates.into_iter().filter_map(|date| Some((later(&date)?, date))));
        }
        let (first, text) = found.first()?.clone();
        found.iter().all(|(date, _)| *date == first).then_some(text)
    }

    /// Whether some rows have no date of their own.
    fn lacks_dates(&self) -> bool {
        let price = self.columns.price;
        let priced = |row: Row<'_>| row.get(price).contains(|letter: char| letter.is_ascii_digit());
        self.columns.first(Role::Effective).is_none()
            || self.rows().any(|row| self.columns.is_undated(row) && priced(row))
    }

    /// Finds the first day on which prices apply if their rows have no date of their own.
    pub(super) fn find_date(&mut self, mapping: &Mapping, today: Option<NaiveDate>, deck: &mut CarrierDeck) {
        if let Some(date) = mapping.effective {
            self.effective = Some(date);
            deck.detected.push(Detected::mapped("effective", date.to_string()));
            return;
        }
        if !self.lacks_dates() || matches!(mapping.columns.get("effective"), Some(None)) {
            return;
        }
        let named = said_date(self.price_name());
        let said = named.or_else(|| self.said_date().map(|(_, text)| text));
        let Some(text) = said.or_else(|| self.only_date(today)) else { return };
        if let Ok(Some(date)) = date_of(&text, self.order) {
            self.effective = Some(date);
            let reason = "A line above or below the rates says from which day they apply.";
            deck.detected.push(Detected::new("effective", date.to_string(), reason, Confidence::High));
        }
    }

    pub(super) fn find_currency(
        &mut self,
        options: &Options<'_>,
        deck: &mut CarrierDeck,
    ) -> Result<(), Refusal> {
        let tariff = options.currency;
        if let Some(currency) = &options.mapping.currency {
            self.currency = Some(currency.clone());
            return check_currency(&[currency.as_str()], tariff, 0);
        }
        let named = currencies(self.price_name());
        let mut found = (0, named);
        if found.1.is_empty() {
            for row in self.preamble() {
                let text: Vec<&str> = row.cells().collect();
                if is_about_payment(&text.join(" ")) {
                    continue;
                }
                let named = currencies(&text.join(" "));
                if !named.is_empty() {
                    found = (row.line, named);
                    break;
                }
            }
        }
        if found.1.is_empty() {
            for row in self.rows().take(MAX_COLUMNS) {
                let named = currencies(row.get(self.columns.price));
                if !named.is_empty() {
                    found = (row.line, named);
                    break;
                }
            }
        }
        check_currency(&found.1, tariff, found.0)?;
        if let [currency] = found.1.as_slice() {
            self.currency = Some((*currency).to_owned());
            deck.detected.push(Detected::new(
                "currency",
                *currency,
                "The header, a line above it, or a price names the currency.",
                Confidence::High,
            ));
        }
        Ok(())
    }
}

fn check_currency(found: &[&str], tariff: Option<&str>, line: u64) -> Result<(), Refusal> {
    match tariff {
        Some(tariff) if !found.is_empty() && !found.contains(&tariff) => {
            let message =
                format!("The deck's prices are in {}, but the tariff's are in {tariff}.", found.join(", "));
            Err(Refusal::new(
                line,
                "CURRENCY_MISMATCH",
                message,
                "Import the deck into a tariff in the deck's currency.",
            ))
        }
        _ => Ok(()),
    }
}

/// Whether a line is about payments. A currency in such a line says nothing about the currency of the prices.
pub(super) fn is_about_payment(text: &str) -> bool {
    const BANKS: &[&str] = &[
        "credit",
        "limit",
        "deposit",
        "bank",
        "iban",
        "swift",
        "bic",
        "beneficiary",
        "prepayment",
        "minimum",
    ];
    let words = Words(words(text));
    (words.any(BANKS) || words.any(PAYS))
        && !words.any(PRICE)
        && !words.any(&["currency", "moneda", "moeda", "devise", "wahrung", "valuta"])
}

/// Whether a line is about the day of a payment or invoice, so that its date says nothing about prices.
pub(in crate::carrier_deck) fn is_payment_day(text: &str) -> bool {
    const PAYMENTS: &[&str] = &[
        "payment",
        "payments",
        "prepayment",
        "invoice",
        "invoices",
        "pago",
        "pagos",
        "factura",
        "facturas",
        "fatura",
        "rechnung",
        "zahlung",
        "zahlungsziel",
        "paiement",
        "facture",
        "pagamento",
        "pagamenti",
        "fattura",
        "vencimento",
        "vencimiento",
        "scadenza",
        "echeance",
    ];
    // "USD" and "amount" occur in lines about payments, too
    const PRICES: &[&str] = &[
        "rate",
        "rates",
        "price",
        "prices",
        "tariff",
        "tariffs",
        "tarifa",
        "tarifas",
        "precio",
        "precios",
        "preco",
        "precos",
        "preis",
        "preise",
        "prix",
        "tarif",
        "tarifs",
        "prezzo",
        "prezzi",
        "tariffe",
        "pricing",
        "charge",
        "charges",
        "deck",
        "listino",
        "listini",
        "tarifario",
        "tarifarios",
        "preisliste",
        "apply",
        "applies",
        "effect",
    ];
    /// A word this many words before a date says what the date is.
    const NEAR: usize = 8;
    let all = Words(words(text));
    if !all.any(PAYMENTS) || all.any(PRICES) || all.any(STATUS) || all.any(RISES) || is_effective(text) {
        return false;
    }
    let mut rest = text;
    for date in dates_in(text) {
        let Some((before, after)) = rest.split_once(date.as_str()) else { return false };
        let clause = before.rsplit([';', '.', ',']).next().unwrap_or_default();
        if !words(clause).iter().rev().take(NEAR).any(|word| PAYMENTS.contains(&word.as_str())) {
            return false;
        }
        rest = after;
    }
    true
}

/// The order in which all dates are near `today`, if a date is far away in the other order.
fn nearest(cells: &[String], today: NaiveDate) -> Option<DateOrder> {
    let farthest = |order| {
        let days = |cell: &String| {
            date_of(cell, order).ok().flatten().map_or(i64::MAX, |date| (date - today).num_days().abs())
        };
        cells.iter().map(days).max().unwrap_or(i64::MAX)
    };
    match (farthest(DateOrder::Dmy), farthest(DateOrder::Mdy)) {
        (near, far) if near <= NEAR_DAYS && far > FAR_DAYS => Some(DateOrder::Dmy),
        (far, near) if near <= NEAR_DAYS && far > FAR_DAYS => Some(DateOrder::Mdy),
        _ => None,
    }
}

/// The first finding; `None` if the other one contradicts it.
fn agreed<'r>(
    one: Option<(DateOrder, &'r str)>,
    other: Option<(DateOrder, &'r str)>,
) -> Option<(DateOrder, &'r str)> {
    match (one, other) {
        (Some((one, _)), Some((other, _))) if one != other => None,
        _ => one.or(other),
    }
}

/// The date from which prices apply, according to a sentence.
pub(in crate::carrier_deck) fn said_date(text: &str) -> Option<String> {
    const FROM: &[&str] = &["с", "со", "od", "vanaf", "fran", "fra"];
    const SINCE: &[&str] = &["itibaren", "tarihinden", "itibariyle"];
    let date = dates_in(text).into_iter().next()?;
    let (before, after) = text.split_once(date.as_str())?;
    let head = words(before);
    let from = head.last().is_some_and(|word| FROM.contains(&word.as_str()));
    // in Turkish and Japanese, the words for "from" come after the date
    let since = words(after).iter().take(2).any(|word| SINCE.contains(&word.as_str()))
        || ["から", "より", "부터", "起"].iter().any(|word| after.starts_with(word));
    let begins = is_effective(before) || from || since;
    (begins && !Words(head).any(END)).then_some(date)
}

fn order_question(example: (u64, String)) -> Question {
    let answer = |text, order| Answer::new(text, Mapping { date_order: Some(order), ..Mapping::default() });
    Question {
        code: "DATE_ORDER".into(),
        text: "The dates do not show whether the day or the month comes first. Choose the order.".to_owned(),
        line: example.0,
        example: example.1,
        answers: vec![answer("day, month, year", DateOrder::Dmy), answer("month, day, year", DateOrder::Mdy)],
    }
}
