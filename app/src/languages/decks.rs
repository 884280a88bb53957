//! Translates the report on a rate deck.
//!
//! The crate `billing` reads decks and knows no languages, so the report that is stored has only English texts. A text is translated when it is read: it
//! is compared with the English sentences in the lists, and the values in the text take the places of the translation's placeholders. Therefore, the
//! reports of earlier imports are translated, too.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Sentence, deck_problems, deck_reasons, deck_remedies};
use crate::receipt::Locale;
use crate::receipt::locale::Language;

static SENTENCES: LazyLock<Patterns> = LazyLock::new(|| Patterns::of(deck_sentences()));
static ANSWERS: LazyLock<Patterns> = LazyLock::new(|| Patterns::of(answers()));

/// The sentences about decks: reasons, problems and remedies.
pub fn deck_sentences() -> impl Iterator<Item = &'static Sentence> {
    [deck_reasons::REASONS, deck_problems::PROBLEMS, deck_remedies::REMEDIES, deck_remedies::CANONICAL]
        .into_iter()
        .flatten()
}

/// The answers to questions about decks.
fn answers() -> impl Iterator<Item = &'static Sentence> {
    super::deck_answers::ANSWERS.iter()
}

/// Translates a sentence of a report on a deck. Returns `None` for English, and for a sentence without a translation.
pub fn deck_sentence(english: &str, locale: Locale) -> Option<String> {
    SENTENCES.translate(english, locale.language())
}

/// Translates a possible answer to a question about a deck. Returns `None` for English, and for names of columns and sheets.
pub fn deck_answer(english: &str, locale: Locale) -> Option<String> {
    let translate = |text: &str| ANSWERS.translate(text, locale.language());
    if ANSWERS.plain.contains_key(english) {
        return translate(english);
    }
    // an answer about several words or bands has one part for each of them, separated by semicolons. A value in a pattern could also contain the
    // separator, so try the parts before the whole answer
    let parts = || english.split("; ").map(translate).collect::<Option<Vec<_>>>();
    parts().map(|parts| parts.join("; ")).or_else(|| translate(english))
}

/// English sentences, with and without placeholders.
struct Patterns {
    plain: HashMap<&'static str, &'static Sentence>,
    patterns: Vec<Pattern>,
}

/// A sentence with placeholders.
struct Pattern {
    sentence: &'static Sentence,
    english: Pieces<'static>,
}

impl Patterns {
    fn of(list: impl Iterator<Item = &'static Sentence>) -> Self {
        let (mut plain, mut patterns) = (HashMap::new(), Vec::new());
        for sentence in list {
            let english = Pieces::of(sentence.0);
            if english.names.is_empty() {
                plain.insert(sentence.0, sentence);
            } else {
                patterns.push(Pattern { sentence, english });
            }
        }
        // a sentence that begins with a placeholder fits more texts than it should, so it is tried last
        patterns.sort_by_key(|pattern| pattern.english.first.is_empty());
        Self { plain, patterns }
    }

    fn translate(&self, text: &str, language: Language) -> Option<String> {
        let translation = |(_, portuguese, spanish): &Sentence| match language {
            Language::Portuguese => Some(*portuguese),
            Language::Spanish => Some(*spanish),
            Language::English => None,
        };
        if let Some(sentence) = self.plain.get(text) {
            return translation(sentence).map(str::to_owned);
        }
        let found = self.patterns.iter().find_map(|pattern| {
            let values = pattern.english.values(text)?;
            Some((pattern, values))
        });
        let (pattern, values) = found?;
        Some(Pieces::of(translation(pattern.sentence)?).filled(&pattern.english, &values))
    }
}

/// A sentence, split at its placeholders.
struct Pieces<'a> {
    /// The text before the first placeholder.
    first: &'a str,
    /// The placeholders' names, each with the text after it.
    names: Vec<(&'a str, &'a str)>,
}

impl<'a> Pieces<'a> {
    /// Splits a sentence. A placeholder is a name in braces; other braces belong to the text.
    fn of(sentence: &'a str) -> Self {
        let (mut first, mut names, mut start) = (sentence, Vec::<(&str, &str)>::new(), 0);
        for (at, _) in sentence.match_indices('{') {
            let inside = sentence.get(at + 1..).unwrap_or_default();
            let length = inside.bytes().take_while(u8::is_ascii_lowercase).count();
            if length == 0 || inside.as_bytes().get(length) != Some(&b'}') {
                continue;
            }
            let (name, before) = (inside.get(..length), sentence.get(start..at));
            match names.last_mut() {
                Some((_, after)) => *after = before.unwrap_or_default(),
                None => first = before.unwrap_or_default(),
            }
            start = at + length + 2;
            names.push((name.unwrap_or_default(), sentence.get(start..).unwrap_or_default()));
        }
        Self { first, names }
    }

    /// The values of the placeholders in a text; `None` if the text is not this sentence.
    fn values<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let mut rest = text.strip_prefix(self.first)?;
        let mut values = Vec::with_capacity(self.names.len());
        for (index, (_, after)) in self.names.iter().enumerate() {
            let is_last = index + 1 == self.names.len();
            let (value, left) = match is_last {
                true => (rest.strip_suffix(after)?, ""),
                false => rest.split_once(after)?,
            };
            values.push(value);
            rest = left;
        }
        Some(values)
    }

    /// This sentence, with the values that a text has in place of the placeholders of `english`.
    fn filled(&self, english: &Pieces<'_>, values: &[&str]) -> String {
        let mut text = self.first.to_owned();
        for (name, after) in &self.names {
            let index = english.names.iter().position(|(known, _)| known == name);
            text.push_str(index.and_then(|index| values.get(index)).unwrap_or(&""));
            text.push_str(after);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn told(english: &str, tag: &str) -> Option<String> {
        deck_sentence(english, Locale::parse(tag))
    }

    #[test]
    fn values_take_the_places_of_their_names() {
        assert_eq!(
            told("12 rows are left out, because their prices ended in the past.", "es").as_deref(),
            Some("Filas que se dejan fuera porque sus precios ya terminaron: 12.")
        );
        assert_eq!(told("\"35-1\" is read as 351.", "pt-BR").as_deref(), Some("\"35-1\" é lido como 351."));
        assert_eq!(told("The price is missing.", "pt-BR").as_deref(), Some("Falta o preço."));
        // braces that hold no name belong to the text
        let mapping = told(
            "Give its meaning in the mapping: {\"statuses\": {\"word\": \"keep\"}}, or remove or block.",
            "es",
        );
        assert!(mapping.is_some_and(|text| text.contains("{\"statuses\": {\"word\": \"keep\"}}")));
        assert_eq!(told("The price is missing.", "en"), None);
        assert_eq!(told("Something else.", "es"), None);
    }

    #[test]
    fn an_answer_with_several_parts_is_translated_in_parts() {
        let told = |english: &str| deck_answer(english, Locale::parse("es"));
        assert_eq!(
            told("new: the code is removed; gone: the code is blocked").as_deref(),
            Some("new: el código se quita; gone: el código se bloquea")
        );
        assert_eq!(
            told("a minute; the prices are right").as_deref(),
            Some("un minuto; los precios son correctos")
        );
        assert_eq!(
            told("leave Night out; Day is the band \"day\"").as_deref(),
            Some("dejar fuera Night; Day es la franja \"day\"")
        );
        assert_eq!(told("Rate (EUR)"), None, "names of columns stay as they are");
    }

    #[test]
    fn translations_have_the_placeholders_of_their_sentence() {
        let names =
            |sentence| Pieces::of(sentence).names.into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>();
        let mut seen = BTreeSet::new();
        for (english, portuguese, spanish) in deck_sentences().chain(answers()) {
            assert!(seen.insert(*english), "listed twice: {english}");
            for translated in [portuguese, spanish] {
                assert_eq!(names(translated), names(english), "{translated}");
            }
        }
        for (_, portuguese, spanish) in deck_sentences() {
            for text in [portuguese, spanish] {
                assert!(text.ends_with('.') && !text.contains("  "), "{text}");
                assert!(!text.starts_with(char::is_lowercase), "{text}");
            }
        }
    }
}
