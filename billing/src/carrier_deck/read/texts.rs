//! Texts in the column of prices that mean "not offered".

use std::collections::BTreeMap;

use super::super::cells::currencies;
use super::super::header::{Role, words};
use super::super::table::Row;
use super::super::{Confidence, Detected};
use super::Reader;

/// Maximum number of different texts that are kept.
const MAX_TEXTS: usize = 20;

impl Reader<'_, '_> {
    /// Finds the texts in the column of prices that mean "not offered": several rows have the text, or a line above or below the rates explains it.
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
        found.retain(|text, rows| *rows > 1 || noted(text));
        self.no_prices = found.into_keys().collect();
    }

    /// Whether the row of a text instead of a price has no increments and no date either, or has the same text in another column.
    fn has_no_terms(&self, row: Row<'_>) -> bool {
        let columns = &self.plan.columns;
        let text = words(row.get(columns.price));
        let roles = [Role::Increment, Role::InitialIncrement, Role::NextIncrement, Role::Effective];
        let mut terms = roles.into_iter().filter_map(|role| columns.first(role)).peekable();
        let repeated = (0..row.len()).any(|column| column != columns.price && words(row.get(column)) == text);
        repeated || terms.peek().is_some() && terms.all(|column| matches!(row.get(column), "" | "-" | "–"))
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
fn is_no_price(text: &str) -> bool {
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
    ];
    TEXTS.contains(&words(text).join(" ").as_str())
}
