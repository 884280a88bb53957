//! Sentences with one date for higher prices and another one for lower prices.

use chrono::NaiveDate;

use super::super::dates::dates_in;
use super::super::header::{Age, Meaning, Role, meaning, words};
use super::{Plan, date_of};

/// The direction in which a price changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::carrier_deck) enum Change {
    Rise,
    Fall,
    New,
    Removal,
}

const RISES: &[&str] = &[
    "increase",
    "increases",
    "increased",
    "raise",
    "raised",
    "higher",
    "up",
    "aumento",
    "aumentos",
    "aumenta",
    "sube",
    "suben",
    "subida",
    "subidas",
    "alza",
    "alzas",
    "hausse",
    "hausses",
    "augmentation",
    "augmentations",
    "erhohung",
    "erhohungen",
    "erhoht",
    "preiserhohung",
    "preiserhohungen",
    "aumenti",
    "rialzo",
    "incremento",
    "incrementos",
    "reajuste",
    "повышение",
    "повышения",
    "zam",
    "artis",
    "wzrost",
    "podwyzka",
    "podwyzki",
    "verhoging",
    "verhogingen",
    "上调",
    "涨价",
    "i",
    "inc",
];
const FALLS: &[&str] = &[
    "decrease",
    "decreases",
    "decreased",
    "reduction",
    "reductions",
    "reduced",
    "lower",
    "lowered",
    "down",
    "disminucion",
    "disminuciones",
    "rebaja",
    "rebajas",
    "baja",
    "bajas",
    "bajada",
    "bajadas",
    "reducao",
    "reducoes",
    "baisse",
    "baisses",
    "diminution",
    "diminutions",
    "senkung",
    "senkungen",
    "gesenkt",
    "preissenkung",
    "preissenkungen",
    "diminuzione",
    "diminuzioni",
    "ribasso",
    "ribassi",
    "снижение",
    "снижения",
    "indirim",
    "spadek",
    "obnizka",
    "obnizki",
    "verlaging",
    "verlagingen",
    "下调",
    "降价",
    "d",
    "dec",
];
const NEWS: &[&str] = &[
    "new",
    "nuevo",
    "nuevos",
    "nueva",
    "nuevas",
    "novo",
    "novos",
    "nova",
    "novas",
    "nouveau",
    "nouveaux",
    "nouvelles",
    "neu",
    "neue",
    "neuen",
    "nuovi",
    "nuove",
    "alta",
    "altas",
    "новые",
    "yeni",
    "nowe",
    "新增",
    "n",
];
const REMOVALS: &[&str] = &[
    "deletion",
    "deletions",
    "deleted",
    "removed",
    "removals",
    "closed",
    "discontinued",
    "closures",
    "eliminados",
    "eliminaciones",
    "suppressions",
    "supprimes",
    "gestrichen",
    "eliminati",
    "withdrawn",
];

/// The change that a word names.
fn change(word: &str) -> Option<Change> {
    let lists =
        [(RISES, Change::Rise), (FALLS, Change::Fall), (NEWS, Change::New), (REMOVALS, Change::Removal)];
    lists.into_iter().find(|(list, _)| list.contains(&word)).map(|(_, change)| change)
}

/// The only change that a status names.
pub(in crate::carrier_deck) fn change_in(text: &str) -> Option<Change> {
    let mut found: Vec<Change> = words(text).iter().filter_map(|word| change(word)).collect();
    found.sort();
    found.dedup();
    match found.as_slice() {
        [one] => Some(*one),
        // "new price higher"
        [one, Change::New] => Some(*one),
        _ => None,
    }
}

/// The first days of higher, lower and new prices, according to a sentence.
pub(in crate::carrier_deck) struct ChangeDates {
    pub(in crate::carrier_deck) text: String,
    dates: Vec<(Change, NaiveDate)>,
}

impl ChangeDates {
    pub(in crate::carrier_deck) fn of(&self, change: Change) -> Option<NaiveDate> {
        self.dates.iter().find(|(known, _)| *known == change).map(|(_, date)| *date)
    }
}

impl Plan<'_> {
    /// The dates of sentences that name a date for rises and another one for falls. In each sentence, either every date is after the words for its
    /// changes, or every date is before them.
    pub(super) fn find_change_dates(&self) -> Vec<ChangeDates> {
        let is_old = |name: &String| matches!(meaning(name), Meaning::Price(price) if matches!(price.age, Age::Old | Age::Current));
        let told = [Role::Status, Role::Comment].iter().any(|role| self.columns.first(*role).is_some())
            || self.names.iter().any(is_old);
        if !told {
            return Vec::new();
        }
        // a title between the rates applies only to the rates below it
        let first = self.table.row(self.start).map_or(0, |row| row.line);
        let notes = self.notes();
        let mut found: Vec<(u64, ChangeDates)> =
            notes.iter().filter_map(|note| Some((note.line, self.change_dates(&note.text)?))).collect();
        if found.iter().any(|(line, _)| *line >= first) {
            let last = self.last_rate();
            found.retain(|(line, _)| *line < first || *line > last);
        }
        let found: Vec<ChangeDates> = found.into_iter().map(|(_, sentence)| sentence).collect();
        let has = |change| found.iter().any(|sentence| sentence.of(change).is_some());
        if has(Change::Rise) && has(Change::Fall) { found } else { Vec::new() }
    }

    fn change_dates(&self, text: &str) -> Option<ChangeDates> {
        let long = |word: &String| word.chars().count() > 3;
        let changes_of = |part: &str| -> Vec<Change> {
            words(part)
                .iter()
                .filter(|word| long(word) || *word == "new")
                .filter_map(|word| change(word))
                .collect()
        };
        let mut parts: Vec<(Vec<Change>, NaiveDate)> = Vec::new();
        let mut rest = text;
        for cell in dates_in(text) {
            let (before, after) = rest.split_once(cell.as_str())?;
            parts.push((changes_of(before), date_of(&cell, self.order).ok().flatten()?));
            rest = after;
        }
        let mut dates = Vec::new();
        if parts.first().is_some_and(|(changes, _)| changes.is_empty()) {
            let last = changes_of(rest);
            let after = parts.iter().skip(1).map(|(changes, _)| changes.clone()).chain([last]);
            for (changes, (_, date)) in after.collect::<Vec<_>>().into_iter().zip(&parts) {
                dates.extend(changes.into_iter().map(|change| (change, *date)));
            }
        } else {
            dates.extend(
                parts
                    .into_iter()
                    .flat_map(|(changes, date)| changes.into_iter().map(move |change| (change, date))),
            );
        }
        (!dates.is_empty()).then(|| ChangeDates { text: text.to_owned(), dates })
    }
}
