//! Texts in the column of prices that mean "not offered".

use std::collections::BTreeMap;

use super::super::cells::{StatusRule, currencies};
use super::super::header::{Role, words};
use super::super::mapping::Mapping;
use super::super::table::Row;
use super::super::{Answer, Confidence, Detected, Question};
use super::Reader;
use super::titles::{is_header, is_title};

/// Maximum number of different texts that are kept.
const MAX_TEXTS: usize = 20;
/// This many rows are searched for dates.
const MAX_DATED: usize = 1_000;
/// "No service charge" is about a fee.
const FEES: &[&str] = &[
    "charge",
    "charges",
    "fee",
    "fees",
    "cost",
    "costs",
    "surcharge",
    "surcharges",
    "cargo",
    "cargos",
    "taxa",
    "taxas",
    "costo",
    "costos",
    "coste",
    "costes",
    "costi",
    "frais",
    "gebuhr",
    "gebuhren",
    "kosten",
];

impl Reader<'_, '_> {
    /// Finds the texts in the column of prices that mean "not offered": several rows have the text, a row with the text has no other terms, or a line
    /// above or below the rates contains the text.
    pub(super) fn find_texts(&mut self) {
        let price = self.plan.columns.price;
        let mut found: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for row in self.plan.rows().filter(|row| is_no_price(row.get(price))) {
            if found.len() <= MAX_TEXTS {
                *found.entry(words(row.get(price))).or_default() +=
                    if self.has_no_terms(row) { 2 } else { 1 };
            }
        }
        if found.is_empty() {
            return;
        }
        let notes: Vec<Vec<String>> = self.plan.notes().iter().map(|note| words(&note.text)).collect();
        let noted =
            |text: &[String]| notes.iter().any(|note| note.windows(text.len()).any(|part| part == text));
        self.ask_about_texts(&found);
        found.retain(|text, rows| *rows > 1 || noted(text) || self.asked_texts.contains(text));
        self.no_prices = found.into_keys().collect();
    }

    /// Asks about texts that only one row has instead of a price. A deck with few rows has errors instead.
    fn ask_about_texts(&mut self, found: &BTreeMap<Vec<String>, usize>) {
        const FEWEST_ROWS: usize = 10;
        let plan = self.plan;
        let price = plan.columns.price;
        if plan.table.len().saturating_sub(plan.start) < FEWEST_ROWS {
            return;
        }
        let doubtful = |row: &Row<'_>| {
            let text = row.get(price);
            is_no_price(text)
                && !is_title(plan, *row)
                && !is_header(plan, *row)
                && !self.is_uncoded(*row)
                && !is_unavailable(text)
                && found.get(&words(text)) == Some(&1)
                && self.status(text).is_none()
        };
        let rows: Vec<Row<'_>> = plan.rows().filter(doubtful).take(MAX_TEXTS).collect();
        for row in rows {
            let cell: String = row.get(price).chars().take(80).collect();
            let answer = |rule, text: &str| {
                let statuses = BTreeMap::from([(cell.clone(), rule)]);
                Answer::new(format!("{cell}: {text}"), Mapping { statuses, ..Mapping::default() })
            };
            let answers = vec![
                answer(StatusRule::Remove, "the code is removed"),
                answer(StatusRule::Block, "the code is blocked"),
            ];
            self.asked_texts.insert(words(&cell));
            self.deck.questions.push(Question {
                code: "STATUS".into(),
                text: "A row has a text instead of a price. Choose its meaning.".to_owned(),
                line: row.line,
                example: cell.clone(),
                answers,
            });
        }
    }

    /// Whether a row with a text instead of a price also lacks increments and a date, or has the same text in another column.
    fn has_no_terms(&self, row: Row<'_>) -> bool {
        let columns = &self.plan.columns;
        let text = words(row.get(columns.price));
        let empty = |column: usize| matches!(row.get(column), "" | "-" | "–");
        let roles = [Role::Increment, Role::InitialIncrement, Role::NextIncrement, Role::Effective];
        let column = |role| match role {
            Role::Effective => columns.first_day(row),
            _ => columns.first(role),
        };
        let mut terms = roles.into_iter().filter_map(column).peekable();
        // the other rows have a date
        let undated = columns.first_day(row).is_some_and(|date| {
            let dated = |row: &Row<'_>| !row.get(columns.price).is_empty() && !columns.is_undated(*row);
            empty(date) && self.plan.rows().take(MAX_DATED).filter(dated).count() > 1
        });
        let repeated = (0..row.len()).any(|column| column != columns.price && words(row.get(column)) == text);
        repeated || undated || terms.peek().is_some() && terms.all(empty)
    }

    /// Says which texts in the column of prices were read as "not offered".
    pub(super) fn describe_texts(&mut self) {
        if self.texts.is_empty() {
            return;
        }
        let shown: Vec<&str> = self.texts.iter().take(10).map(String::as_str).collect();
        let reason = "A code with a text instead of a price is not offered.";
        self.deck.detected.push(Detected::new("price_texts", shown.join(", "), reason, Confidence::Medium));
    }
}

/// Whether a text in the column of prices can only mean that there is no price. "Free" is a price, and "same" refers to another one.
pub(super) fn is_no_price(text: &str) -> bool {
    const PRICES: &[&str] = &[
        "free",
        "gratis",
        "gratuit",
        "gratuito",
        "kostenlos",
        "gratuita",
        "included",
        "incluido",
        "inclus",
        "incluso",
        "inklusive",
        "same",
        "idem",
        "ditto",
        "unchanged",
        "igual",
        "see",
        "siehe",
        "voir",
        "ver",
        "vedi",
        "as",
        "like",
        "wie",
        "como",
        "come",
        "comme",
        "standard",
        "default",
        "base",
        "zero",
        "incl",
        "inkl",
        "compris",
        "flat",
        "forfait",
        "package",
        "bundle",
        "paket",
        "bolsa",
    ];
    if text.is_empty() || text.len() > 80 || text.contains(|letter: char| letter.is_ascii_digit()) {
        return false;
    }
    let words = words(text);
    let price = |word: &String| PRICES.contains(&word.as_str());
    let money = currencies(&text.to_uppercase());
    let short = (1..=6).contains(&words.len()) && money.is_empty() && !text.contains('%');
    short && !words.iter().any(price)
}

/// Whether the cell of a price says that the code is not offered.
pub(super) fn is_unavailable(text: &str) -> bool {
    if !text.is_empty() && text.chars().all(|letter| matches!(letter, '-' | '‐'..='―')) {
        return true;
    }
    // "k. A.", "n.d.", "n/v"
    let all = words(text);
    let single = |word: &String| word.chars().count() == 1 && word.contains(char::is_alphabetic);
    if matches!(all.len(), 2 | 3) && all.iter().all(single) && text.contains(['.', '/']) {
        return true;
    }
    const TEXTS: &[&str] = &[
        "n a",
        "na",
        "not available",
        "no service",
        "not offered",
        "unavailable",
        "on request",
        "upon request",
        "no route",
        "none",
        "nil",
        "tba",
        "tbd",
        "call",
        "sur demande",
        "bajo demanda",
        "a consultar",
        "sob consulta",
        "auf anfrage",
        "su richiesta",
        "no disponible",
        "nao disponivel",
        "non disponible",
        "nicht verfugbar",
        "not supported",
        "consultar",
        "nous consulter",
        "consultez nous",
        "a la demande",
        "consultare",
        "по запросу",
        "недоступно",
        "não disponível",
        "keine angabe",
        "not open",
        "غير متاح",
    ];
    TEXTS.contains(&all.join(" ").as_str()) || is_negated_offer(&all)
}

/// Whether a short text says that something is not offered, open or in service, in any inflection: "não ofertado", "nicht angeboten".
fn is_negated_offer(all: &[String]) -> bool {
    const NOT: &[&str] =
        &["not", "no", "non", "nao", "nicht", "pas", "kein", "keine", "niet", "nie", "не", "inte", "ikke"];
    /// Words that say how long something is not offered.
    const TIMES: &[&str] = &["currently", "temporarily"];
    const STEMS: &[&str] = &[
        "offer",
        "ofert",
        "ofrec",
        "oferec",
        "offert",
        "angebot",
        "disponi",
        "dispon",
        "availab",
        "verfugb",
        "support",
        "servic",
        "serviz",
        "erreich",
        "commercial",
        "comercial",
        "freigeschalt",
        "dostepn",
        "dostupn",
        "доступ",
        "открыт",
        "beschikbaar",
        "tillgang",
        "tilgjengelig",
    ];
    let stem = |word: &String| STEMS.iter().any(|stem| word.starts_with(stem));
    let timed = all.iter().take_while(|word| TIMES.contains(&word.as_str())).count();
    let rest = all.get(timed..).unwrap_or_default();
    let negated =
        rest.first().is_some_and(|word| NOT.contains(&word.as_str())) && rest.iter().skip(1).any(stem);
    // "temporarily unavailable"
    let opposite = |word: &String| word.strip_prefix("un").is_some_and(|rest| stem(&rest.to_owned()));
    (2..=4).contains(&all.len())
        && (negated || timed > 0 && rest.first().is_some_and(opposite))
        && !all.iter().any(|word| FEES.contains(&word.as_str()))
        && !all.iter().any(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// Whether a text beside an empty price says something about fees, or that a destination is available, so that it cannot mean "not offered".
pub(super) fn is_offer(text: &str) -> bool {
    const STEMS: &[&str] = &["availab", "dispon", "verfugb", "beschikbaar", "dostupn", "dostepn"];
    let available = |word: &String| STEMS.iter().any(|stem| word.starts_with(stem));
    let all = words(text);
    all.iter().any(|word| FEES.contains(&word.as_str())) || all.iter().any(available) && !is_unavailable(text)
}
